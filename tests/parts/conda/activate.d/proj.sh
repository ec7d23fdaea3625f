# shellcheck shell=sh
# As packages do it: the former value is kept for deactivation.
if [ -n "${PROJ_DATA:-}" ]; then
  export _CONDA_SET_PROJ_DATA="$PROJ_DATA"
fi
export PROJ_DATA="$CONDA_PREFIX/share/proj"
