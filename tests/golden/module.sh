#!/bin/bash -p
# Python 3.11 with MPI
#
# Python with mpi4py, built with GCC and Open MPI.
#
# If it does not work:
# - `import mpi4py` fails: load the same MPI that your job was built with.
# - The kernel is slow to start: the first import reads many small files over the network, later
#   ones are quick.
#
# launch.sh -f CONNECTION_FILE            starts the kernel, as Jupyter does
# launch.sh --run COMMAND [ARGUMENT ...]  runs a command in the same environment
#
# Written by kernelkit from python-mpi/3.11; `kernelkit list` tells of edits.
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
# Asked for: mpi4py/3.1. The rest is what that needs.
_modules=(gcc/12.2 openmpi/4.1 python-mpi/3.11 mpi4py/3.1)
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

# --- Start ------------------------------------------------------------------------------------
[ -n "$_file" ] || exec -- "${_arguments[@]}"
# If this is the Python of the install, ipykernel takes over in the same process.
_guard='# ipykernel_launcher, after a look at where it is
import os, sys

def refuse(code, text):
    sys.stderr.write("kernelkit: " + text + "\n")
    sys.exit(code)

file, tag, executable, place, added = sys.argv[1:6]
sys.argv[:] = ["ipykernel_launcher", "-f", file] + sys.argv[6:]
if sys.path and sys.path[0] == "":
    del sys.path[0]  # files beside the notebook must not shadow the kernel
contained = os.environ.get("APPTAINER_CONTAINER") or os.environ.get("SINGULARITY_CONTAINER")
here = (sys.executable, sys.implementation.cache_tag, "container" if contained else "host")
if here != (executable, tag, place):
    refuse(67, "this Python is another than at install: `%s` (%s, %s), expected `%s` (%s, %s)."
        % (here + (executable, tag, place)))
if not os.access(file, os.R_OK):
    refuse(66, "the connection file `%s` is not visible in the %s." % (file, place))
if added:
    sys.path.append(added)  # last, so that packages of the environment win
server = int(os.environ.get("JPY_PARENT_PID") or 0)
if server and server != os.getppid():
    # With a wrapper in between, ipykernel cannot tell by its parent that the server is gone:
    # watch the server itself, where it can be seen.
    os.environ["JPY_PARENT_PID"] = "1"
    def alive():
        try:
            os.kill(server, 0)
        except ProcessLookupError:
            return False
        except OSError:
            pass
        return True
    def watch():
        while alive():
            time.sleep(2)
        os._exit(1)
    if alive():
        import threading, time
        threading.Thread(target=watch, daemon=True).start()
try:
    import ipykernel
    from ipykernel import kernelapp
except ImportError as error:
    refuse(67, "`%s` cannot import ipykernel: %s." % (sys.executable, error))
with open(file) as opened:
    if "curve_secretkey" in opened.read() and ipykernel.version_info[:2] < (7, 3):
        # It would listen in plain, or end with a traceback.
        refuse(67, "ipykernel %s of `%s` cannot encrypt; install the kernel again."
            % (ipykernel.__version__, sys.executable))
kernelapp.launch_new_instance()
'
exec -- python3 -c "$_guard" "$_file" \
  cpython-311 /apps/python-mpi/3.11/bin/python3 host '' "${_arguments[@]}"
