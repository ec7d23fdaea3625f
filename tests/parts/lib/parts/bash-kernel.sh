# shellcheck shell=bash disable=SC2034,SC2154
# A kernel that is not Python's: bash_kernel, in a virtual environment of its own.
needs=()
packages=(python3-venv)

build() {
  local home=$SOFTWARE/bash_kernel
  rm -rf "$home"
  /usr/bin/python3 -m venv "$home"
  "$home/bin/pip" install --quiet bash_kernel
  marker "$home/lib/python3.11/site-packages" bash_kernel bash_kernel
  report "$("$home/bin/pip" list --format=freeze | sed -n 's/^bash_kernel==//p')" "$home/bin/python"
}
