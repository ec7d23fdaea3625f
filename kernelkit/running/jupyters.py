"""The environments in which Jupyter runs here, each asked whether kernelkit is in it.

A server lists the kernels on its own path, and hides those whose provisioner its Python lacks.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import CommandFailed, EnvironmentBroken
from ..proc import run
from .options import PROVISIONER_NAME

_SECONDS = 60.0

# What is asked about: the words people know them by.
_DISTRIBUTIONS = ("jupyterlab", "notebook", "jupyter_server", "jupyter_client", "kernelkit")

# Programs of jupyter_server and JupyterHub that serve notebooks, and what `python -m` names.
_PROGRAMS = {
    *("jupyter-lab", "jupyter-labhub", "jupyter-notebook", "jupyter-server", "jupyter-nbclassic"),
    *("jupyterhub-singleuser", "jupyterlab", "jupyter_server", "notebook"),
}

# For any Python from 3.8, with or without Jupyter.
_QUESTION = """
import json, os, sys
from importlib import metadata

def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""

points = metadata.entry_points()
group = "jupyter_client.kernel_provisioners"
points = points.select(group=group) if hasattr(points, "select") else points.get(group, ())
found = {"versions": {name: version(name) for name in sys.argv[2:]}}
found["provisioner"] = any(point.name == sys.argv[1] for point in points)
try:
    from jupyter_core.paths import jupyter_path
except ImportError:
    found["kernel_dirs"], found["sidebar"] = [], False
else:
    found["kernel_dirs"] = jupyter_path("kernels")
    places = jupyter_path("labextensions", "kernelkit", "package.json")
    found["sidebar"] = any(os.path.isfile(place) for place in places)
print("\\n" + json.dumps(found))
"""


@dataclass(frozen=True)
class Place:
    """A Python that serves notebooks, how it was found, and the environment to ask it in."""

    python: str
    found_as: str
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Jupyter:
    """What one such Python has: `versions` of distributions (empty: not installed), whether our
    provisioner and the sidebar are there, and where it looks for kernels, in order."""

    python: str
    found_as: tuple[str, ...]
    versions: Mapping[str, str]
    provisioner: bool
    sidebar: bool
    kernel_dirs: tuple[str, ...]

    @property
    def name(self) -> str:
        """`JupyterLab 4.6.4 (/opt/jupyter/bin/python3)`."""
        for distribution, title in (("jupyterlab", "JupyterLab"), ("notebook", "Notebook")):
            if version := self.versions[distribution]:
                return f"{title} {version} (`{self.python}`)"
        return f"Jupyter (`{self.python}`)"

    def shows(self, name: str) -> str:
        """The directory that it takes for the kernel `name` (lower case), empty where it finds none.

        As KernelSpecManager does: the first directory that has one.
        """
        for directory in self.kernel_dirs:
            with suppress(OSError):
                for place in Path(directory).iterdir():
                    if place.name.lower() == name and (place / "kernel.json").is_file():
                        return str(place)
        return ""


def find_places() -> tuple[Place, ...]:
    """Where Jupyter runs: `jupyter` on PATH, and the servers of this user on this host.

    A server is known by its command, so that one in a job or of JupyterHub is found, too,
    wherever its runtime files are. Raises nothing: what cannot be looked at is not listed.
    """
    found = []
    command = shutil.which("jupyter")
    if command and (python := interpreter_of(Path(command))):
        found.append(Place(python, f"`{command}`", os.environ))
    return (*found, *_servers())


def interpreter_of(script: Path) -> str:
    """The Python in the first lines of an installed script; empty where they name none.

    pip writes `#!PYTHON`, or, where that is too long or has a space in it, a line of `sh` that
    execs the quoted path (distlib's scripts.py).
    """
    try:
        lines = script.read_bytes()[:4096].decode("utf-8", "replace").splitlines()[:2]
    except OSError:
        return ""
    if not lines or not lines[0].startswith("#!"):
        return ""
    if lines[0] == "#!/bin/sh" and lines[1:] and lines[1].startswith("'''exec' "):
        words = _split(lines[1].removeprefix("'''exec' "))
    else:
        words = lines[0][2:].split()
    if words[:1] == ["/usr/bin/env"]:
        words = [shutil.which(word) or "" for word in words[1:] if not word.startswith("-")]
    is_python = bool(words) and Path(words[0]).name.startswith(("python", "pypy"))
    return words[0] if is_python and os.access(words[0], os.X_OK) else ""


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []


def _servers() -> Iterator[Place]:
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if directory.stat().st_uid != os.getuid():
                continue
            words = (directory / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            if not is_server(words):
                continue
            entries = (directory / "environ").read_bytes().decode("utf-8", "replace").split("\0")
            environment = dict(entry.split("=", 1) for entry in entries if "=" in entry)
            # argv, not the executable: only that tells a virtual environment's Python.
            python = shutil.which(words[0], path=environment.get("PATH", os.defpath))
            python = python or str((directory / "exe").readlink())
        except OSError:
            continue
        yield Place(python, f"the server with process id {directory.name}", environment)


def is_server(words: list[str]) -> bool:
    """Whether a process's argv is that of a Python which serves notebooks.

    `jupyter lab` becomes `jupyter-lab`, so its own name need not be looked for.
    """
    if len(words) < 2 or not Path(words[0]).name.startswith(("python", "pypy")):
        return False
    rest = words[1:]
    while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-c"):
        rest = rest[2 if rest[0] in ("-X", "-W") else 1 :]
    if rest[:1] == ["-m"]:
        return rest[1:2] != [] and rest[1].partition(".")[0] in _PROGRAMS
    return bool(rest) and Path(rest[0]).name in _PROGRAMS


def ask(place: Place) -> Jupyter:
    """What is installed there. Raises EnvironmentBroken where that Python does not answer."""
    words = [place.python, "-c", _QUESTION, PROVISIONER_NAME, *_DISTRIBUTIONS]
    try:
        # Python puts the working directory first on sys.path.
        done = run(words, env=place.environment, cwd=Path("/"), timeout=_SECONDS)
        found = json.loads(done.stdout.strip().rpartition("\n")[2])
    except (CommandFailed, ValueError) as error:
        said = error.detail if isinstance(error, CommandFailed) else done.tail
        raise EnvironmentBroken(
            f"The Python of {place.found_as}, `{place.python}`, does not answer.",
            hint=f"Try `{place.python} -c pass`.",
            detail=said,
        ) from error
    return Jupyter(
        place.python,
        (place.found_as,),
        found["versions"],
        bool(found["provisioner"]),
        bool(found["sidebar"]),
        tuple(found["kernel_dirs"]),
    )


def merged(found: list[Jupyter]) -> tuple[Jupyter, ...]:
    """Those that are alike but for how they were found, as one each."""
    by_kind: dict[tuple[object, ...], Jupyter] = {}
    for each in found:
        key = (each.python, each.kernel_dirs)
        known = by_kind.get(key)
        by_kind[key] = replace(known, found_as=(*known.found_as, *each.found_as)) if known else each
    return tuple(by_kind.values())
