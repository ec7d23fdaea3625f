whatis("Description: Hidden by its .modulerc.lua")
setenv("STYLE_HIDDEN", "loaded")
