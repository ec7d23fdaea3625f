whatis("Description: Puts a package on PYTHONPATH")
prepend_path("PYTHONPATH", "@PARTS@/software/layer-pythonpath")
setenv("STYLE_PYTHONPATH", "loaded")
