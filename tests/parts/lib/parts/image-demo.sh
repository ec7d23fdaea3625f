# shellcheck shell=bash disable=SC2034,SC2154
# The image that most tests use, as a SIF and as a folder: the newest ipykernel, pip, and a numpy older than the newest.
needs=(image-base apptainer)
packages=(python3-pip)
inputs=(lib/image.sh lib/parts/image-base.sh)

build() {
  . lib/image.sh
  local root
  root=$(new_rootfs demo)
  rootfs_pip "$root" pip ipykernel numpy==1.26.4
  marker "$root/$IMAGE_PACKAGES" demo demo
  rm -rf "$root/$IMAGE_PACKAGES"/numpy/{tests,*/tests}
  seal "$root" demo
  rm -rf "$IMAGES/.demo.old"
  [ ! -d "$IMAGES/demo" ] || mv "$IMAGES/demo" "$IMAGES/.demo.old"
  mv "$root" "$IMAGES/demo"
  rm -rf "$IMAGES/.demo.old"
  report "ipykernel-$(in_image demo.sif python3 -c 'import ipykernel; print(ipykernel.__version__)')" "$IMAGES/demo.sif, $IMAGES/demo"
}
