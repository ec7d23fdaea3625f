# shellcheck shell=bash disable=SC2154
# Packages' scripts read variables that nobody set and end with a failing test: `set -eu` does not survive them.
export GDAL_DATA="$CONDA_PREFIX/share/gdal"
_gdal_former="$GDAL_DRIVER_PATH"
export GDAL_FORMER_DRIVER_PATH="$_gdal_former"
unset _gdal_former
[ "$CONDA_PREFIX" = /nowhere ] && export GDAL_NOWHERE=1
