whatis("Description: load: pulls it in, and takes it out again")
load("libfoo/1.0")
setenv("STYLE_LOAD", "loaded")
