# shellcheck shell=bash disable=SC2034
# Where the demo keeps what it makes, and how it reaches it. Sourced by demo/run and demo/lab in the work tree's top.
# shellcheck source=../tests/parts/lib/ordinary-user.sh
. tests/parts/lib/ordinary-user.sh

PARTS=${KERNELKIT_PARTS:-/opt/kernelkit-parts}
# As root, a copy of the tree and all that is made belong to the ordinary user.
users_copy=/home/$user/kernelkit-demo
demo=${KERNELKIT_DEMO:-$PWD/.demo}

# Jupyter and kernelkit see the demo's own directories and not the person's kernels and settings.
enter_demo() {
  export JUPYTER_DATA_DIR=$demo/data JUPYTER_CONFIG_DIR=$demo/config JUPYTER_RUNTIME_DIR=$demo/runtime
  export XDG_DATA_HOME=$demo/share XDG_CACHE_HOME=$demo/cache IPYTHONDIR=$demo/ipython
  unset JUPYTER_PATH JUPYTER_CONFIG_PATH
  mkdir -p "$demo"/{data,config,notebooks,share,cache,runtime}
  chmod 700 "$demo/runtime"
  export PATH=$demo/venv/bin:$PATH
}

hand_over() { KERNELKIT_DEMO=$users_copy as_user "$users_copy/tree/$1" "${@:2}"; }
