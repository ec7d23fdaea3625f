# shellcheck shell=bash disable=SC2034,SC2154
# Debian keeps what `python3 -m venv` needs in a package of its own.
needs=()
packages=(python3-venv)

build() {
  report "$(/usr/bin/python3 -c 'import platform; print(platform.python_version())')" /usr/bin/python3
}
