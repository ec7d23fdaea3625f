# shellcheck shell=bash disable=SC2034,SC2154
# Lmod 8.7 of Debian 13, unpacked: depends_on_any came after 8.6. It runs on the lua packages that 8.6 brought.
needs=(lmod)
packages=(lmod)

build() {
  local home=$PARTS/lmod-new
  rm -rf "$home"
  unpack_debs trixie "$home" lmod
  grep -rlIE '/(usr/share/lmod|usr/lib/lmod|etc/lmod)' "$home/usr/share/lmod" "$home/etc" |
    xargs sed -i -E "s#/(usr/share/lmod|usr/lib/lmod|etc/lmod)#$home/\1#g"
  # Debian's list names Debian's own directory; a test says what its module path is.
  : >"$home/etc/lmod/modulespath"
  env -i bash --norc -c ". '$home/usr/share/lmod/lmod/init/bash' && module --version"
  report "$(basename "$(readlink -f "$home/usr/share/lmod/lmod")")" "$home/usr/share/lmod/lmod/init/bash"
}
