whatis("Name: openmpi")
whatis("Version: 4.1")
whatis("Description: MPI; brings the packages built with it")
family("mpi")
setenv("MPI_HOME", "@PARTS@/software/openmpi-4.1")
prepend_path("PATH", "@PARTS@/software/openmpi-4.1/bin")
-- How srun starts it: this one was built for PMIx alone, and the cluster's default is another.
setenv("SLURM_MPI_TYPE", "pmix")
prepend_path("MODULEPATH", "@PARTS@/modulefiles/hierarchy/gcc-12.2-openmpi-4.1")
