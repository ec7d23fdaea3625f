# shellcheck shell=bash disable=SC2034,SC2154
# Environment Modules beside Lmod: as packages they conflict, so this one is unpacked and its paths are rewritten.
needs=()
packages=(tcl8.6 procps)

build() {
  local home=$PARTS/environment-modules library
  rm -rf "$home"
  unpack_debs "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$home" environment-modules
  library=usr/lib/$TRIPLET
  # Whole paths only: /usr/bin and /usr/share/man in these files mean the host's.
  grep -rlIE '/(usr/share/modules|usr/lib|etc/environment-modules)' "$home/usr" "$home/etc" |
    xargs sed -i -E "s#/(usr/share/modules|$library|etc/environment-modules)#$home/\1#g"
  # init alone leaves MODULEPATH empty, as on a site whose profile sets it.
  sed -i '/^module use /d' "$home/etc/environment-modules/initrc"
  : >"$home/etc/environment-modules/modulespath"
  env -i PATH=/usr/bin:/bin bash --norc -c ". '$home/usr/share/modules/init/bash' && module --version 2>&1 && echo \$MODULESHOME"
  report "$(dpkg-deb -f "$PARTS"/apt/*/debs/environment-modules_*.deb Version | cut -d- -f1)" "$home/usr/share/modules/init/bash"
}
