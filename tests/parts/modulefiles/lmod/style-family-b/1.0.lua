whatis("Description: family: one member at a time")
family("style_family")
setenv("STYLE_FAMILY_B", "loaded")
