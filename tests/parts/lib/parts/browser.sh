# shellcheck shell=bash disable=SC2034,SC2154
# Debian's Chromium, and what drives it: Playwright with JupyterLab's own page model (Galata).
needs=(node)
packages=(chromium fonts-dejavu-core)
inputs=(../../labextension/ui-tests/package.json ../../labextension/ui-tests/yarn.lock
  ../../labextension/ui-tests/.yarnrc.yml)

build() {
  local home=$PARTS/browser
  rm -rf "$home"
  mkdir "$home"
  cp "${inputs[@]}" "$home/"
  export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
  # Debian's Chromium serves; Playwright would fetch one of its own.
  (cd "$home" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 PATH=$PARTS/node/bin:$PATH jlpm install --immutable)
  rm -rf "$home/.yarn"
  report "$(chromium --version | grep -o '[0-9.]*' | head -1)" "/usr/bin/chromium, $home/node_modules"
}
