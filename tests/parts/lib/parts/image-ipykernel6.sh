# shellcheck shell=bash disable=SC2034,SC2154
# An image of some years ago: ipykernel 6 and IPython 8.
needs=(image-base apptainer)
packages=(python3-pip)
inputs=(lib/image.sh lib/parts/image-base.sh)

build() {
  . lib/image.sh
  local root
  root=$(new_rootfs ipykernel6)
  rootfs_pip "$root" pip ipykernel==6.29.5 'ipython<9'
  marker "$root/$IMAGE_PACKAGES" ipykernel6 ipykernel6
  seal "$root" ipykernel6
  rm -rf "$root"
  report "ipykernel-$(in_image ipykernel6.sif python3 -c 'import ipykernel; print(ipykernel.__version__)')" "$IMAGES/ipykernel6.sif"
}
