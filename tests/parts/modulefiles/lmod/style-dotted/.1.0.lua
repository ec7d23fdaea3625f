whatis("Description: Hidden by the dot in its version")
setenv("STYLE_DOTTED", "loaded")
