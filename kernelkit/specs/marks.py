"""Compares the marks of an installed kernel with the disk and words what differs."""

# On the hot path of `list`: os, not pathlib.
# ruff: noqa: PTH116

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class _Role(NamedTuple):
    """`noun` may hold {label}; `compared` is False where only existence matters."""

    noun: str
    essential: bool
    compared: bool
    changed: str = "has changed since the kernel was installed"


# One row for every model.MarkRole.
_ROLES = {
    "": _Role("file", False, True),
    "module": _Role("module `{label}`: its modulefile", False, True),
    "image": _Role("image", True, True),
    "interpreter": _Role(
        "interpreter", True, True, "has changed since the kernel was installed (another Python?)"
    ),
    "environment": _Role("environment", True, True, "was changed since the kernel was installed"),
    "ipykernel": _Role("ipykernel added for this kernel", True, False),
    "runtime": _Role("container runtime", True, False),
    "init": _Role("file that defines `module`", True, False),
    "packages": _Role("packages dir", False, False),
    "recipe": _Role("recipe `{label}`", False, True),
    "kernelspec": _Role("kernelspec `{label}` that this one wraps", False, True),
}


class Disk:
    """What one listing has asked of the disk; kernels share modulefiles and interpreters."""

    def __init__(self) -> None:
        self._stats: dict[str, os.stat_result | str] = {}
        self._digests: dict[str, str] = {}

    def look(self, path: str) -> os.stat_result | str:
        """The file behind `path`, through symlinks, or in words why there is none."""
        found = self._stats.get(path)
        if found is None:
            try:
                found = os.stat(path)
            except (FileNotFoundError, NotADirectoryError):
                found = "does not exist"
            except (OSError, ValueError) as error:
                found = f"cannot be looked at ({getattr(error, 'strerror', None) or error})"
            self._stats[path] = found
        return found

    def digest(self, path: str) -> str:
        """SHA-256 of a regular file, or an empty text when it cannot be read."""
        if path not in self._digests:
            from pathlib import Path

            from ..files import digest_file

            try:
                self._digests[path] = digest_file(Path(path))
            except OSError:
                self._digests[path] = ""
        return self._digests[path]


@dataclass
class Findings:
    """What is wrong with a kernel: `broken` stops it from starting, `stale` does not."""

    broken: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


def compare_marks(marks: Iterable[Any], disk: Disk, found: Findings) -> None:
    """Add to `found` every mark that is gone or differs.

    `marks` are decoded JSON, not `FileMark`: `list` reads a thousand kernels without msgspec.
    A mark that makes no sense was edited by hand and is told as such; a role of a newer
    kernelkit is compared like any file.
    """
    for mark in marks:
        try:
            path, size, mtime_ns = mark["path"], mark["size"], mark["mtime_ns"]
            role = _ROLES.get(mark.get("role", ""), _ROLES[""])
            if not isinstance(path, str):
                raise TypeError
            state = disk.look(path)
        except (KeyError, TypeError, AttributeError):
            found.stale.append("its record of files in kernel.json is damaged")
            continue
        if not isinstance(state, str) and state.st_mtime_ns == mtime_ns and state.st_size == size:
            continue
        what = f"{role.noun.format(label=mark.get('label') or path)} `{path}`"
        if isinstance(state, str):
            (found.broken if role.essential else found.stale).append(f"{what} {state}")
        elif role.compared and _differs(mark, state, disk):
            found.stale.append(f"{what} {role.changed}")


def _differs(mark: dict[str, Any], state: os.stat_result, disk: Disk) -> bool:
    if stat.S_ISDIR(state.st_mode):
        return False
    known: object = mark.get("sha256")
    # A copy or a `touch` changes the times and not the file; only a digest can tell.
    if not known or state.st_size != mark["size"] or not stat.S_ISREG(state.st_mode):
        return True
    return bool(disk.digest(mark["path"]) != known)
