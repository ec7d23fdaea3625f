# shellcheck shell=bash disable=SC2034,SC2154
# R with IRkernel. Debian's R serves, by links; the module is told apart by the LAYER_R that it sets.
needs=()
packages=(r-base-core r-cran-irkernel)

build() {
  local bin=$SOFTWARE/r/bin
  mkdir -p "$bin"
  ln -sfn /usr/bin/R "$bin/R"
  ln -sfn /usr/bin/Rscript "$bin/Rscript"
  report "$("$bin/Rscript" -e 'cat(as.character(getRversion()))')" \
    "$bin/R with IRkernel $("$bin/Rscript" -e 'cat(as.character(packageVersion("IRkernel")))')"
}
