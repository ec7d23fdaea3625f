whatis("Description: Leaks PYTHONHOME, which stops every other Python")
setenv("PYTHONHOME", "@PARTS@/software/no-such-python")
setenv("STYLE_PYTHONHOME", "loaded")
