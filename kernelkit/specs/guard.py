"""The kernel's first lines of Python, as launch.sh holds them: text, never imported as code.

Runs under any Python that an ipykernel exists for (3.6 and up), inside the container if there is
one. Holds no single quote, since launch.sh quotes it with them.
"""

GUARD = """
import os, sys

def refuse(code, text):
    sys.stderr.write("kernelkit: " + text + "\\n")
    sys.exit(code)

file, tag, executable, place, ipykernel = sys.argv[1:6]
sys.argv[:] = ["ipykernel_launcher", "-f", file] + sys.argv[6:]
if sys.path and sys.path[0] == "":
    del sys.path[0]  # files beside the notebook must not shadow the kernel
inside = bool(os.environ.get("APPTAINER_CONTAINER") or os.environ.get("SINGULARITY_CONTAINER"))
if (sys.implementation.cache_tag, sys.executable) != (tag, executable) or inside != (place == "container"):
    refuse(67, "this Python is another than at install: `%s` (%s, %s), expected `%s` (%s, %s)." % (
        sys.executable, sys.implementation.cache_tag, "container" if inside else "host",
        executable, tag, place))
if not os.access(file, os.R_OK):
    refuse(66, "the connection file `%s` is not visible in the %s." % (file, place))
if ipykernel:
    sys.path.append(ipykernel)  # last, so that the environment has its own packages first
server = int(os.environ.get("JPY_PARENT_PID") or 0)
if server and server != os.getppid():
    # A wrapper stands between Jupyter and the kernel, so ipykernel cannot tell by its parent that
    # the server is gone: watch the server itself, where it can be seen.
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
    from ipykernel import kernelapp
except ImportError as error:
    refuse(67, "ipykernel cannot be imported by `%s`: %s." % (sys.executable, error))
kernelapp.launch_new_instance()
"""
