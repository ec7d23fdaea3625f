# shellcheck shell=bash disable=SC2154
# Container images: one Debian base, and variants that share its files by hard links.

BASE=$IMAGES/.base
IMAGE_PACKAGES=usr/local/lib/python3.11/dist-packages

# new_rootfs NAME [FROM]: prints a directory with the base's files, or another image folder's.
new_rootfs() {
  local root=$IMAGES/.$1.new
  rm -rf "$root"
  cp -al "${2:-$BASE}" "$root"
  echo "$root"
}

# rootfs_pip ROOT REQUIREMENT…: the host's Python is the image's, Debian 12's 3.11.
rootfs_pip() {
  local root=$1
  shift
  /usr/bin/python3 -m pip install --target "$root/$IMAGE_PACKAGES" --root-user-action=ignore "$@"
}

# seal ROOT NAME: the SIF, built by the ordinary user, with the compression that is quickest to make.
seal() {
  local root=$1 name=$2 work
  work=$(as_researcher mktemp -d)
  as_researcher env APPTAINER_TMPDIR="$work" APPTAINER_CACHEDIR="$work" "$PARTS/apptainer/bin/apptainer" build \
    --mksquashfs-args '-comp zstd -Xcompression-level 1' "$work/image.sif" "$root"
  mv "$work/image.sif" "$IMAGES/.$name.sif"
  rm -rf "$work"
  ! is_root || chown root: "$IMAGES/.$name.sif"
  chmod 755 "$IMAGES/.$name.sif"
  mv "$IMAGES/.$name.sif" "$IMAGES/$name.sif"
}

# in_image NAME COMMAND…
in_image() {
  local name=$1
  shift
  (cd / && as_researcher "$PARTS/apptainer/bin/apptainer" exec "$IMAGES/$name" "$@")
}
