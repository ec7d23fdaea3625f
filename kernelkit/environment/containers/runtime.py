"""The container runtime of this machine: Apptainer, or Singularity, which is the same commands."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from typing import Literal

from ...errors import CommandFailed, ContainerError
from ...proc import Completed, run
from ...site import Site

_NAMES = ("apptainer", "singularity")


@dataclass(frozen=True)
class Runtime:
    """A runtime by absolute path. SingularityCE reads SINGULARITY_* only, hence `kind`."""

    command: str
    kind: Literal["apptainer", "singularity"]
    version: str


def find_runtime(site: Site, *, path: str | None = None) -> Runtime:
    """The runtime to use: the site's setting, else apptainer, else singularity, on `path`.

    `path` is the PATH behind the loaded modules (default: this process's). A runtime that was
    only detected gives way to one that a module brought. Called by the installer before
    `inspect_image`.

    Raises ContainerError that says what was looked for, or that the runtime does not run.
    """
    search = os.environ.get("PATH", os.defpath) if path is None else path
    if command := locate_runtime(site, search):
        return _ask_version(command, search)
    raise _missing(_candidates(site), search, site)


def locate_runtime(site: Site, path: str) -> str | None:
    """The command that `find_runtime` would ask, or None where there is none on `path`."""
    found = (shutil.which(os.path.expanduser(name), path=path) for name in _candidates(site))  # noqa: PTH111
    return next(filter(None, found), None)


def _candidates(site: Site) -> tuple[str, ...]:
    configured = site.container_runtime
    if configured and site.origin("container_runtime") != "detected":
        return (configured,)
    return (*_NAMES, *([configured] if configured else []))


def _ask_version(command: str, path: str) -> Runtime:
    try:
        done = run([command, "--version"], timeout=30, env={**os.environ, "PATH": path})
    except CommandFailed as error:
        raise _broken(command, error.message) from error
    return parse_version(command, done)


def parse_version(command: str, done: Completed) -> Runtime:
    """Read `apptainer version 1.4.5`, `singularity-ce version 4.1.0`, `singularity version 3.8.7`.

    Apptainer installs itself under both names, so only the text tells them apart. Raises
    ContainerError for anything else.
    """
    found = re.search(r"^(apptainer|singularity)\S* version (\S+)", done.stdout, re.MULTILINE)
    if done.returncode or not found:
        raise _broken(command, done.tail or f"it ended with code {done.returncode}")
    kind: Literal["apptainer", "singularity"] = (
        "apptainer" if found.group(1) == "apptainer" else "singularity"
    )
    return Runtime(command, kind, found.group(2))


def _broken(command: str, why: str) -> ContainerError:
    return ContainerError(
        f"The container runtime `{command}` does not run.",
        hint=f"Try `{command} --version`, or set `container_runtime` to another.",
        detail=why,
    )


def _missing(candidates: tuple[str, ...], path: str, site: Site) -> ContainerError:
    names = " or ".join(f"`{name}`" for name in dict.fromkeys(candidates))
    if site.container_module:
        hint = f"Load the module `{site.container_module}` (the site's `container_module`) with it."
    elif site.origin("container_runtime") not in ("detected", "default"):
        hint = f"`container_runtime` is set in {site.origin('container_runtime')}."
    else:
        hint = "Add the module that brings it to the recipe, or set `container_runtime`."
    return ContainerError(f"No container runtime: {names} is not on `{path}`.", hint=hint)
