# shellcheck shell=bash disable=SC2034,SC2154
# Conda environments made by hand, since no channel and no conda can be had from Debian or PyPI: what activation needs
# (bin, conda-meta, etc/conda/activate.d) is real, bin/conda answers only the questions that find an environment.
needs=(user)
packages=(python3 python3-pip)
inputs=(lib/python-prefix.sh conda)

build() {
  . lib/python-prefix.sh
  local root=$PARTS/conda science=$PARTS/conda/envs/science
  rm -rf "$root"
  conda_prefix "$root" conda_base
  sed "s#@ROOT@#$root#g" conda/conda >"$root/bin/conda"
  chmod 755 "$root/bin/conda"

  conda_prefix "$root/envs/nokernel" conda_nokernel

  conda_prefix "$science" conda
  pip_into "$science" ipykernel
  mkdir -p "$science/share/proj" "$science/share/gdal" "$science/etc/conda"
  cp -r conda/activate.d conda/deactivate.d "$science/etc/conda/"
  cp conda/state "$science/conda-meta/state"

  register "$root" "$root/envs/nokernel" "$science"
  report by-hand "$root (base), $root/envs/{science,nokernel}"
}

conda_prefix() {
  local prefix=$1 version
  python_prefix "$prefix"
  # Where conda's own Python keeps packages; Debian's interpreter reads them through its own path.
  ln -s "../../$PACKAGES" "$prefix/lib/python3.11/site-packages"
  marker "$prefix/$PACKAGES" "$2" "$2"
  version=$("$prefix/bin/python" -c 'import platform; print(platform.python_version())')
  mkdir -p "$prefix/conda-meta"
  : >"$prefix/conda-meta/history"
  printf '{"name": "python", "version": "%s", "build": "0_cpython", "channel": "by-hand", "subdir": "linux-64", "files": [], "depends": []}\n' \
    "$version" >"$prefix/conda-meta/python-$version-0_cpython.json"
}

# conda lists the environments that it has made, wherever they are, in this file of the user's.
register() {
  local list
  list=$(as_researcher bash -c 'mkdir -p ~/.conda && echo ~/.conda/environments.txt')
  for prefix in "$@"; do
    as_researcher bash -c 'touch "$1"; grep -qxF "$2" "$1" || echo "$2" >>"$1"' _ "$list" "$prefix"
  done
}
