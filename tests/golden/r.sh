#!/bin/bash -p
# R 4.2
#
# launch.sh -f CONNECTION_FILE            starts the kernel, as Jupyter does
# launch.sh --run COMMAND [ARGUMENT ...]  runs a command in the same environment
#
# Written by kernelkit from r/4.2; `kernelkit list` tells of edits.
# bash -p: nothing of the caller's shell (BASH_ENV, exported functions) gets in here.
# shellcheck disable=SC2016 # what stands in single quotes is to stay as it is

fail() { printf 'kernelkit: %s\n' "$2" >&2; exit "$1"; }  # EXIT_CODE SENTENCE

# --- Arguments --------------------------------------------------------------------------------
# Jupyter passes `-f FILE`, VS Code appends `--f=FILE`; other words go to the kernel.
_file='' _arguments=()
if [ "${1-}" = --run ] && [ $# -gt 1 ]; then
  _arguments=("${@:2}")
else
  while [ $# -gt 0 ]; do
    case $1 in
      -f) _file=${2-}; shift ;;
      -f=* | --f=*) _file=${1#*=} ;;
      *) _arguments+=("$1") ;;
    esac
    shift
  done
  [ -n "$_file" ] || fail 64 "give \`-f CONNECTION_FILE\` or \`--run COMMAND\`."
  [ -r "$_file" ] || fail 66 "the connection file \`$_file\` cannot be read on $HOSTNAME."
  [[ $_file = /* ]] || _file=$PWD/$_file
fi
set --  # files that are sourced below would take these words for theirs

# --- A clean start ----------------------------------------------------------------------------
# An environment that was active when the server started is not this kernel's.
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV \
  CONDA_SHLVL CONDA_PYTHON_EXE R_HOME R_LIBS R_LIBS_SITE R_LIBS_USER
unset BASH_ENV  # a module's `python` may be a bash script, which reads it
export PATH=/usr/local/bin:/usr/bin:/bin

# --- Modules (Lmod) ---------------------------------------------------------------------------
_modules=(r/4.2)
{
  export LMOD_PAGER=none LMOD_COLORIZE=no
  # shellcheck source=/dev/null
  . /usr/share/lmod/lmod/init/bash
  type module >/dev/null 2>&1 ||
    fail 65 "there is no \`module\` on $HOSTNAME after reading \`/usr/share/lmod/lmod/init/bash\`."
  [ -z "$LOADEDMODULES" ] || module purge
  module load "${_modules[@]}"
} </dev/null >&2
# A load that failed may return 0 all the same: what counts is what is loaded now.
for _module in "${_modules[@]}"; do
  [[ :$LOADEDMODULES: = *":$_module:"* ]] ||
    fail 65 "the module \`$_module\` did not load on $HOSTNAME; its own text is above."
done

# --- Inside the module's container ------------------------------------------------------------
# A module may run its program in a container: what the kernel needs is to be seen there.
_visible=("${_file%/*}")
for _directory in "${_visible[@]}"; do
  # `:` and `,` end a path in a bind. Home and /tmp are seen without one.
  if [ -d "$_directory" ] && [[ $_directory != *[:,]* ]]; then
    export APPTAINER_BIND=${APPTAINER_BIND:+$APPTAINER_BIND,}$_directory
    export SINGULARITY_BIND=${SINGULARITY_BIND:+$SINGULARITY_BIND,}$_directory
  fi
done

# --- Start ------------------------------------------------------------------------------------
[ -n "$_file" ] || exec -- "${_arguments[@]}"
exec -- R --slave -e 'IRkernel::main()' --args "$_file" "${_arguments[@]}"
