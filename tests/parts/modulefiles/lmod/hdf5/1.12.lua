whatis("Description: The default is set by a symbolic link, and is not the newest")
setenv("HDF5_VERSION", "1.12")
