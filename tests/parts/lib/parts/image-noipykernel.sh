# shellcheck shell=bash disable=SC2034,SC2154
# An image with Python and nothing else: neither ipykernel nor pip.
needs=(image-base apptainer)
packages=()
inputs=(lib/image.sh lib/parts/image-base.sh)

build() {
  . lib/image.sh
  local root
  root=$(new_rootfs noipykernel)
  marker "$root/$IMAGE_PACKAGES" noipykernel noipykernel
  seal "$root" noipykernel
  rm -rf "$root"
  report "$(in_image noipykernel.sif python3 -c 'import platform; print(platform.python_version())')" "$IMAGES/noipykernel.sif"
}
