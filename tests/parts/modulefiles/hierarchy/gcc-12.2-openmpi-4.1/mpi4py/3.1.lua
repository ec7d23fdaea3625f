whatis("Name: mpi4py")
whatis("Version: 3.1")
whatis("Description: Python bindings of MPI")
depends_on("python-mpi")
prepend_path("PYTHONPATH", "@PARTS@/software/mpi4py-3.1")
-- A marker, also where no MPI is installed.
prepend_path("PYTHONPATH", "@PARTS@/software/layer-mpi")
