"""Programs that run in a kernel's own interpreter, as text that is sent to its standard input.

They must run on any Python from 3.6 (the probe also on 2.7, to say that it is too old), import
nothing that a file in the working directory could shadow, and answer with one line of JSON
between two fences, because modules and images print at will.
"""

from __future__ import annotations

import json
from typing import Any

FENCE_START = "<<<kernelkit:"
FENCE_END = ":kernelkit>>>"

# `python -` puts the working directory first on sys.path, and so does an empty part of PYTHONPATH.
# `os` is loaded already when a program starts.
_HEAD = """\
import os, sys
try:
    here = os.getcwd()
except OSError:
    here = ""
sys.path[:] = [p for p in sys.path if p and p != here]
import json
ARGUMENTS = json.loads({arguments!r})
def answer(value):
    sys.stdout.flush()
    sys.stdout.write("\\n{start}" + json.dumps(value) + "{end}\\n")
    sys.stdout.flush()
"""


def with_arguments(program: str, *arguments: object) -> str:
    """`program` with `ARGUMENTS` and `answer` defined: nothing passes through argv or a shell."""
    head = _HEAD.format(arguments=json.dumps(arguments), start=FENCE_START, end=FENCE_END)
    return head + program


def fenced(stdout: str) -> Any:
    """The last fenced JSON value in `stdout`, or None."""
    end = stdout.rfind(FENCE_END)
    start = stdout.rfind(FENCE_START, 0, max(end, 0))
    if start < 0 or end < 0:
        return None
    try:
        return json.loads(stdout[start + len(FENCE_START) : end])
    except (ValueError, RecursionError):
        return None


# Distributions are listed by directory name: `NAME-VERSION.dist-info` (PEP 376, 427) and
# setuptools' egg-info. Parsing every METADATA takes a second in a large image.
_LIST = """
import re
def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()
def from_metadata(path):
    found = {}
    for name in ("METADATA", "PKG-INFO", ""):
        try:
            with open(os.path.join(path, name) if name else path, "rb") as file:
                lines = file.read(65536).decode("utf-8", "replace").split("\\n\\n")[0].split("\\n")
        except (IOError, OSError):
            continue
        for line in lines:
            key, colon, value = line.partition(":")
            if colon:
                found.setdefault(key.strip().lower(), value.strip())
        break
    return found.get("name", ""), found.get("version", "")
def distributions(paths):
    found = {}
    for directory in paths:
        here = {}
        try:
            names = sorted(os.listdir(directory or "."))
        except (IOError, OSError):
            continue
        if directory.endswith(".egg") and "EGG-INFO" in names:
            name, version = from_metadata(os.path.join(directory, "EGG-INFO"))
            if name:
                here[canonical(name)] = version
        for entry in names:
            stem, dot, kind = entry.rpartition(".")
            if kind not in ("dist-info", "egg-info"):
                continue
            name, dash, version = re.sub(r"-py\\d[\\d.]*$", "", stem).partition("-")
            if not dash or kind == "egg-info" or not version:
                read_name, read_version = from_metadata(os.path.join(directory, entry))
                name, version = read_name or name, read_version or version
            if name and version:
                here.setdefault(canonical(name), version)
        for name in here:
            found.setdefault(name, here[name])
    return found
"""

PROBE = (
    _LIST
    + """
def has(module):
    try:
        import importlib.util
        return importlib.util.find_spec(module) is not None
    except Exception:
        return False
def libc():
    try:
        found = os.confstr("CS_GNU_LIBC_VERSION")
        if found:
            return found
    except (ValueError, OSError, AttributeError):
        pass
    try:
        if any(name.startswith("ld-musl-") for name in os.listdir("/lib")):
            return "musl"
    except OSError:
        pass
    return ""
def numbers(version):
    return tuple(int(part) for part in re.findall(r"\\d+", version)[:2])
def curve(version):
    if numbers(version) < (7, 3):
        return False
    try:
        import zmq
        return bool(zmq.has("curve"))
    except Exception:
        return False
import sysconfig
implementation = getattr(sys, "implementation", None)
container = os.environ.get("APPTAINER_CONTAINER") or os.environ.get("SINGULARITY_CONTAINER") or ""
if not container and os.path.isdir("/.singularity.d"):
    container = "/.singularity.d"
known = distributions(sys.path)
kernel = known.get("ipykernel", "")
answer({
    "executable": sys.executable or "",
    "prefix": sys.prefix,
    "version": ".".join(str(part) for part in sys.version_info[:3]),
    "implementation": getattr(implementation, "name", ""),
    "cache_tag": getattr(implementation, "cache_tag", "") or "",
    "platform": sysconfig.get_platform(),
    "machine": os.uname()[4],
    "libc": libc(),
    "container": container,
    "pythonpath": os.environ.get("PYTHONPATH", ""),
    "distributions": known,
    "debugger": numbers(kernel) >= (6,) and has("debugpy"),
    "curve": curve(kernel),
})
"""
)
