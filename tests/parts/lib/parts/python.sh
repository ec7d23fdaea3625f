# shellcheck shell=bash disable=SC2034,SC2154
# The Pythons that modules bring: prefixes of their own, not virtual environments, as a site's builds are.
needs=()
packages=(python3 python3-pip python3-venv)
inputs=(lib/python-prefix.sh)

build() {
  . lib/python-prefix.sh
  python_prefix "$SOFTWARE/python-3.11"
  pip_into "$SOFTWARE/python-3.11" pip ipykernel
  marker "$SOFTWARE/python-3.11/$PACKAGES" python python-3.11
  ln -sfn python-3.11 "$SOFTWARE/python-3.10"

  python_prefix "$SOFTWARE/python-bare"
  marker "$SOFTWARE/python-bare/$PACKAGES" bare python-bare

  # What a module's PYTHONPATH adds, and what an MPI hierarchy's does.
  marker "$SOFTWARE/layer-pythonpath" pythonpath style-pythonpath
  marker "$SOFTWARE/layer-mpi" mpi mpi4py
  report "$("$SOFTWARE/python-3.11/bin/python" -c 'import ipykernel, platform; print(platform.python_version())')" \
    "$SOFTWARE/python-3.11, $SOFTWARE/python-bare"
}
