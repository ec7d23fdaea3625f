help([[
Apptainer runs container images as an ordinary user.

    apptainer exec image.sif python3
]])
whatis("Name: Apptainer")
whatis("Version: 1.4.5")
whatis("Description: Container platform for HPC")
prepend_path("PATH", "@PARTS@/apptainer/bin")
