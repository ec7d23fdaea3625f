# shellcheck shell=bash disable=SC2034,SC2154
# The root file system that all images start from: a minimal Debian 12 with Python.
needs=(user)
packages=(debootstrap)
inputs=(lib/image.sh)

build() {
  . lib/image.sh
  is_root || leave_out 'debootstrap needs root: run tests/parts/install once as root'
  rm -rf "$BASE"
  debootstrap --variant=minbase --include=python3,ca-certificates bookworm "$BASE" "$(debian_mirror)"
  # Device nodes cannot be packed by a user, and a user of the image must be able to read all of it.
  find "$BASE/dev" -mindepth 1 -delete
  rm -rf "$BASE"/var/{cache/apt,lib/apt/lists,log}/* "$BASE"/usr/share/{doc,man,locale,info}/* "$BASE"/tmp/*
  # Images in the field let pip install; Debian's own marker says no.
  rm -f "$BASE"/usr/lib/python3*/EXTERNALLY-MANAGED
  chmod -R a+rX "$BASE"
  report "$(cat "$BASE/etc/debian_version")" "$BASE"
}
