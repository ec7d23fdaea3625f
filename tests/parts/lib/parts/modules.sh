# shellcheck shell=bash disable=SC2034,SC2154
# The module trees, and the wrapper scripts that the container modules put on PATH.
needs=()
packages=()
inputs=(modulefiles wrappers)

build() {
  local tree=$PARTS/modulefiles version
  rm -rf "$tree"
  cp -a modulefiles "$tree"
  chmod -R a+rX "$tree"
  find "$tree" -type f -exec sed -i "s#@PARTS@#$PARTS#g" {} +

  for version in "$tree"/lmod/pytorch/*.lua; do
    version=$(basename "$version" .lua)
    # A tree names an image by its release; which file that is changes behind the name.
    ln -sfn demo.sif "$IMAGES/pytorch-$version.sif"
    container_wrappers "$SOFTWARE/pytorch/$version/bin" "$IMAGES/pytorch-$version.sif"
  done
  container_wrappers "$SOFTWARE/pytorch-cpu/2.13.0/bin" "$IMAGES/torch.sif"

  ! is_root || announce
  report "$(find "$tree" -type f ! -name '.modulerc*' ! -name .version | wc -l) files" "$tree/{lmod,lmod-new,tcl}"
}

container_wrappers() {
  local directory=$1 image=$2 name
  mkdir -p "$directory"
  for name in python pip; do sed "s#@IMAGE@#$image#g" "wrappers/$name" >"$directory/$name"; done
  chmod 755 "$directory"/{python,pip}
  ln -sfn python "$directory/python3"
}

# Debian's profile script takes MODULEPATH from this file: a login shell sees the tree, as on a cluster.
announce() {
  [ -f /etc/lmod/modulespath ] || return 0
  sed -i '\#/modulefiles/lmod$#d' /etc/lmod/modulespath
  echo "$PARTS/modulefiles/lmod" >>/etc/lmod/modulespath
}
