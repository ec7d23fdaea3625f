"""The kernel's first lines of Python, as launch.sh holds them: text, never imported as code.

They run under any Python that an ipykernel exists for (3.6 and up), inside the container if there
is one, and hold no single quote, since launch.sh quotes them with it. The first line is what `ps`
shows of the kernel.
"""

from __future__ import annotations

_CHECK = """\
# ipykernel_launcher, after a look at where it is
import os, sys

def refuse(code, text):
    sys.stderr.write("kernelkit: " + text + "\\n")
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
"""

_WATCH = """\
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
"""

_LAUNCH = """\
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
"""


def render_guard(*, watch: bool) -> str:
    """The program for `python -c`, which is given FILE CACHE_TAG EXECUTABLE PLACE ADDED.

    PLACE is `host` or `container`; ADDED a directory to look for ipykernel in last, or empty;
    words after these are ipykernel's own. With `watch` the kernel ends when its server does, even
    if a wrapper stands in between.
    """
    return _CHECK + (_WATCH if watch else "") + _LAUNCH
