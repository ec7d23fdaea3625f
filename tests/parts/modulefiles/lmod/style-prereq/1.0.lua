whatis("Description: prereq: fails until the user has loaded it")
prereq("libfoo/1.0")
setenv("STYLE_PREREQ", "loaded")
