help([[A Jupyter kernel for bash, in a Python of its own.]])
whatis("Name: bash_kernel")
whatis("Description: Jupyter kernel for bash")
prepend_path("PATH", "@PARTS@/software/bash_kernel/bin")
