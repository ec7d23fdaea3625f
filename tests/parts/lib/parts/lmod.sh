# shellcheck shell=bash disable=SC2034,SC2154
# Debian's own Lmod, installed as a package: the one of Debian 12 is 8.6.
needs=()
packages=(lmod)

build() {
  report "$(dpkg-query -W -f '${Version}' lmod | cut -d- -f1)" /usr/share/lmod/lmod/init/bash
}
