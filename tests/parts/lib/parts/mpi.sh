# shellcheck shell=bash disable=SC2034,SC2154
# Two MPIs and an mpi4py for each. Debian's Open MPI, which Slurm starts by PMIx, is what the modules openmpi and mpi4py
# bring; Debian's MPICH, which Slurm starts by PMI2, is what mpich and mpich-mpi4py bring.
needs=(python)
packages=(openmpi-bin libmpich12)
inputs=(lib/python-prefix.sh)

build() {
  . lib/python-prefix.sh
  local bindings=$SOFTWARE/mpi4py-3.1 openmpi=$SOFTWARE/openmpi-4.1
  local mpich_bindings=$SOFTWARE/mpich-mpi4py-4.1 mpich=$SOFTWARE/mpich-4.0
  local unpacked=$SOFTWARE/.mpi4py.new python=$SOFTWARE/python-3.11/bin/python
  rm -rf "$bindings" "$mpich_bindings" "$openmpi" "$mpich" "$unpacked"
  unpack_debs "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$unpacked" python3-mpi4py
  mv "$unpacked/usr/lib/python3/dist-packages" "$bindings"
  rm -rf "$unpacked"
  pip_into "$SOFTWARE/python-3.11" --no-deps --target "$mpich_bindings" 'mpi4py>=4.1'

  # MPICH's own name for its library; Debian has another.
  mkdir -p "$mpich/lib" "$openmpi/bin"
  ln -s "/usr/lib/$TRIPLET/libmpich.so.12" "$mpich/lib/libmpi.so.12"
  ln -s /usr/bin/mpiexec.openmpi "$openmpi/bin/mpiexec"
  ln -s /usr/bin/mpirun.openmpi "$openmpi/bin/mpirun"
  ln -s /usr/bin/ompi_info "$openmpi/bin/ompi_info"
  # Slurm's plug-in opens PMIx by a name that only the development package has.
  ! is_root || ln -sfn libpmix.so.2 "/usr/lib/$TRIPLET/pmix2/lib/libpmix.so"
  report "$(PYTHONPATH=$bindings "$python" -c 'import mpi4py; print(mpi4py.__version__)')" \
    "$bindings on Open MPI $(dpkg-query -W -f '${Version}' openmpi-bin | cut -d- -f1), $mpich_bindings on MPICH $(dpkg-query -W -f '${Version}' libmpich12 | cut -d- -f1)"
}
