# shellcheck shell=bash disable=SC2034,SC2154
# Debian's Open MPI, by links, and Debian's mpi4py in a directory of its own: the module mpi4py brings it.
needs=(python)
packages=(openmpi-bin)

build() {
  local home=$SOFTWARE/mpi4py-3.1 openmpi=$SOFTWARE/openmpi-4.1 unpacked=$SOFTWARE/.mpi4py.new
  rm -rf "$home" "$openmpi" "$unpacked"
  unpack_debs "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$unpacked" python3-mpi4py
  mv "$unpacked/usr/lib/python3/dist-packages" "$home"
  rm -rf "$unpacked"
  mkdir -p "$openmpi/bin"
  ln -s /usr/bin/mpiexec.openmpi "$openmpi/bin/mpiexec"
  ln -s /usr/bin/mpirun.openmpi "$openmpi/bin/mpirun"
  ln -s /usr/bin/ompi_info "$openmpi/bin/ompi_info"
  report "$(PYTHONPATH=$home "$SOFTWARE/python-3.11/bin/python" -c 'import mpi4py; print(mpi4py.__version__)')" \
    "$home on $("$openmpi/bin/mpiexec" --version | head -1)"
}
