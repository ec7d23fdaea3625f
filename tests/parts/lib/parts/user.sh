# shellcheck shell=bash disable=SC2034,SC2154
# An ordinary user: Apptainer wants one, and so do tests of file modes and of what a stranger can read.
needs=()
packages=(fuse3)

in_place() { ! is_root || { id "$RESEARCHER" && [ "$(stat -c %a /dev/fuse)" = 666 ]; } >/dev/null 2>&1; }

build() {
  is_root || {
    report "$(id -un)" "$HOME"
    return
  }
  id "$RESEARCHER" || useradd --create-home --shell /bin/bash "$RESEARCHER"
  # Debian's udev rule gives this mode; a machine without udev has root's only.
  [ -e /dev/fuse ] || mknod /dev/fuse c 10 229
  chmod 666 /dev/fuse
  report "uid-$(id -u "$RESEARCHER")" "/home/$RESEARCHER"
}
