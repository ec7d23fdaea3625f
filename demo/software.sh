# shellcheck shell=bash disable=SC2034,SC2154
# Software for a kernel where no container can run, and a module that brings it. Sourced by demo/run and
# binder/postBuild, which set `demo` (a directory to build in), `python` (to make environments with) and `settings`.

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
left_out() { printf '  left out: %s\n' "$*"; }

# A virtual environment stands for software that a site has built.
make_software() {
  [ -f "$demo/software/analysis/done" ] || {
    say "Software for the kernel in $demo/software"
    "$python" -m venv "$demo/software/analysis"
    "$demo/software/analysis/bin/pip" install -qq ipykernel numpy
    packages=$("$demo/software/analysis/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    mkdir -p "$packages/layer_analysis"
    echo 'WHERE = "the analysis environment"' >"$packages/layer_analysis/__init__.py"
    touch "$demo/software/analysis/done"
  }
}

use_module() {
  mkdir -p "$(dirname "$settings")" && : >"$settings"
  if kernelkit config module_system --json | grep -q '"value": "none"'; then
    demo/unpack-modules "$demo/environment-modules" || {
      left_out 'modules: there is no module system here, and none could be unpacked from Debian packages'
      return 1
    }
    cat >"$settings" <<SETTINGS
c.KernelkitSite.module_system = "environment-modules"
c.KernelkitSite.module_init = ["$demo/environment-modules/usr/share/modules/init/bash"]
SETTINGS
  fi
  echo "c.KernelkitSite.module_paths = [\"$demo/modulefiles\"]" >>"$settings"
  cp -r demo/modulefiles "$demo/"
  find "$demo/modulefiles" -type f -exec sed -i "s#@SOFTWARE@#$demo/software#" {} +
  source=analysis/1.0 kernel=analysis-1.0 options=()
}
