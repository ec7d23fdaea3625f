# shellcheck shell=bash disable=SC2034,SC2154
# The demo image with a real torch, for processors.
needs=(image-demo)
packages=(python3-pip)
inputs=(lib/image.sh lib/parts/image-base.sh lib/parts/image-demo.sh)

build() {
  . lib/image.sh
  local root packages
  root=$(new_rootfs torch "$IMAGES/demo")
  rootfs_pip "$root" torch==2.13.0
  packages=$root/$IMAGE_PACKAGES
  # Half of what is left is never read at run time, and all of it would be compressed.
  rm -rf "$packages"/torch/{include,test,bin/test_*} "$packages"/{sympy,networkx}/*/tests "$packages"/functorch/test
  find "$packages/torch" "$packages/sympy" -name '*.a' -delete
  marker "$packages" torch torch
  seal "$root" torch
  rm -rf "$root"
  report "$(in_image torch.sif python3 -c 'import torch; print(torch.__version__)')" "$IMAGES/torch.sif"
}
