# shellcheck shell=bash disable=SC2034,SC2154
# The linter itself: every launch.sh that the tests know of must be clean under it.
needs=()
packages=(shellcheck)

build() { report "$(shellcheck --version | sed -n 's/^version: //p')" "$(command -v shellcheck)"; }
