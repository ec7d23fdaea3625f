# shellcheck shell=sh
unset PROJ_DATA
if [ -n "${_CONDA_SET_PROJ_DATA:-}" ]; then
  export PROJ_DATA="$_CONDA_SET_PROJ_DATA"
  unset _CONDA_SET_PROJ_DATA
fi
