-- `python` is a shell function here: `exec python` in a script does not see it.
help([[TensorFlow 2.15 in a container; the module defines python as a shell function.]])
whatis("Name: tensorflow")
whatis("Version: 2.15")
whatis("Description: An end-to-end platform for machine learning")
depends_on("apptainer")
conflict("pytorch")
set_shell_function("python", 'apptainer exec @PARTS@/images/demo.sif python3 "$@"', "apptainer exec @PARTS@/images/demo.sif python3 $*")
