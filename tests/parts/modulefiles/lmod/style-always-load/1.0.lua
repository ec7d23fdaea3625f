whatis("Description: always_load: pulls it in, and leaves it in")
always_load("libfoo/1.0")
setenv("STYLE_ALWAYS_LOAD", "loaded")
