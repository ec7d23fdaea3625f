# shellcheck shell=sh
unset GDAL_DATA GDAL_FORMER_DRIVER_PATH
