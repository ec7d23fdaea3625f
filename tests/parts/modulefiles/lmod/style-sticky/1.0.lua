whatis("Description: Survives a purge")
add_property("lmod", "sticky")
setenv("STYLE_STICKY", "loaded")
