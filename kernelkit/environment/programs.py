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

# Runs `pip install` in this process, so that it sees exactly what the kernel will see. Relays what
# would be installed; `--report` is a file because images print on stdout.
PIP = """
import tempfile
options = ARGUMENTS[0]
for needed in (options["work"], options["pip"], options["target"]):
    if needed and not os.path.isdir(needed):
        answer({"unseen": needed})
        sys.exit(0)
if options["pip"]:
    sys.path.insert(0, options["pip"])
for name in options["variables"]:
    os.environ.setdefault(name, options["variables"][name])
for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "PIP_CONSTRAINT"):
    # A host's file that the image lacks would end pip at once; it brings certificates of its own.
    if os.environ.get(name) and not os.path.exists(os.environ[name]):
        del os.environ[name]
for name in ("TARGET", "PREFIX", "ROOT", "REQUIREMENT", "QUIET", "VERBOSE", "LOG", "UPGRADE",
             "NO_DEPS", "IGNORE_INSTALLED", "FORCE_REINSTALL", "DRY_RUN", "REPORT"):
    os.environ.pop("PIP_" + name, None)
os.environ["PIP_REQUIRE_VIRTUALENV"] = "0"
# The /tmp of a contained image is a few megabytes of memory.
work = os.environ["TMPDIR"] = tempfile.tempdir = options["work"]
def write(name, text):
    path = os.path.join(work, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path
if options["certificates"]:
    os.environ["PIP_CERT"] = write("certificates.pem", options["certificates"])
def pins():
    from pip._vendor.packaging.version import Version
    for name, version in sorted(options["pins"].items()):
        try:
            Version(version)
        except ValueError:
            continue  # pip cannot compare it, so it cannot keep it either
        yield name + "==" + version + "\\n"
def entry(item):
    info = item.get("download_info", {})
    archive = info.get("archive_info", {})
    hashes = archive.get("hashes") or dict([archive.get("hash", "=").split("=", 1)])
    metadata = item["metadata"]
    return {"name": metadata["name"], "version": metadata["version"],
            "url": info.get("url", ""), "sha256": hashes.get("sha256", "")}
report = os.path.join(work, "report.json")
arguments = options["arguments"] + ["--report", report]
if options["pins"]:
    arguments += ["--constraint", write("constraints.txt", "".join(pins()))]
if options["requirements"]:
    arguments += ["--requirement", write("requirements.txt", options["requirements"])]
if options["target"]:
    arguments += ["--target", options["target"]]
from pip._internal.cli.main import main
code = main(arguments)
install = []
if code == 0 and os.path.exists(report):
    with open(report, encoding="utf-8") as file:
        install = [entry(item) for item in json.load(file)["install"]]
answer({"code": int(code), "install": install})
"""

# `pip check` over everything that the kernel sees; its sentences about what is missing or does not
# fit.
CHECK = """
import contextlib, io
if ARGUMENTS[0]:
    sys.path.insert(0, ARGUMENTS[0])
from pip._internal.cli.main import main
said = io.StringIO()
with contextlib.redirect_stdout(said):
    code = main(["check", "--disable-pip-version-check", "--no-color"])
answer({"code": int(code), "problems": said.getvalue().splitlines() if code else []})
"""

# Imports ipykernel the way the kernel will: after everything that the environment has itself.
VERIFY_IPYKERNEL = """
sys.path.append(ARGUMENTS[0])
import ipykernel.kernelapp
def works(module, test):
    try:
        return bool(test(__import__(module)))
    except Exception:
        return False
version = tuple(int(part) for part in ipykernel.__version__.split(".")[:2])
answer({
    "version": ipykernel.__version__,
    "debugger": version >= (6,) and works("debugpy", lambda module: True),
    "curve": version >= (7, 3) and works("zmq", lambda module: module.has("curve")),
})
"""
