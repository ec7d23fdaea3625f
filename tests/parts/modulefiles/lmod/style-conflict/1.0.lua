whatis("Description: conflict: refuses to be loaded beside it")
conflict("libfoo")
setenv("STYLE_CONFLICT", "loaded")
