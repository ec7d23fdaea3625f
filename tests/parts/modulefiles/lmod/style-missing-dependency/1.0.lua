whatis("Description: depends_on a module that nobody has")
depends_on("libabsent/1.0")
setenv("STYLE_MISSING_DEPENDENCY", "loaded")
