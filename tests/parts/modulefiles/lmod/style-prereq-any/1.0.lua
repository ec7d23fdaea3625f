whatis("Description: prereq_any: one of several must be loaded")
prereq_any("libabsent", "libfoo")
setenv("STYLE_PREREQ_ANY", "loaded")
