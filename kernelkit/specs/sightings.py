"""Which kernelspecs came, changed or went since the last look, whoever did it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from .locations import kernel_dirs

Change = Literal["installed", "changed", "removed"]

# A directory that was changed within this many seconds may change again without another time of
# change: some disks count whole seconds.
_YOUNG = 2.0


class _Mark(NamedTuple):
    """What tells one version of a file or directory from another."""

    inode: int
    size: int
    mtime_ns: int


class Sightings:
    """The kernelspecs as of the last look. May be used by any thread.

    An unchanged directory costs three system calls. A kernel.json that is edited in its place
    changes no directory, and is not seen.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dirs: dict[Path, _Mark | None] = {}
        self._kernels: dict[Path, dict[str, _Mark]] = {}
        self._begun = False

    def look(self) -> list[tuple[Change, str]]:
        """What changed since the last look, and the kernel's name; nothing at the first one."""
        with self._lock:
            # Jupyter's path may be longer by now.
            found = [change for directory in kernel_dirs() for change in self._look_at(directory)]
            begun, self._begun = self._begun, True
            return found if begun else []

    def _look_at(self, directory: Path) -> Iterator[tuple[Change, str]]:
        mark = _mark_of_dir(directory)
        if directory in self._dirs and mark == self._dirs[directory]:
            return
        before, now = self._kernels.get(directory, {}), _kernels(directory)
        self._kernels[directory] = now
        if mark is None or time.time() - mark.mtime_ns / 1e9 > _YOUNG:
            self._dirs[directory] = mark
        else:
            self._dirs.pop(directory, None)
        for name in sorted(now.keys() | before.keys()):
            if name not in now:
                yield "removed", name
            elif name not in before:
                yield "installed", name
            elif now[name] != before[name]:
                yield "changed", name


def _mark_of_dir(directory: Path) -> _Mark | None:
    # NFS answers stat from what it remembers, for up to a minute; it asks its server when a
    # directory is opened (nfs(5), "Close-to-open cache consistency").
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _mark(os.fstat(fd))
    finally:
        os.close(fd)


def _kernels(directory: Path) -> dict[str, _Mark]:
    found: dict[str, _Mark] = {}
    with suppress(OSError):
        for name in os.listdir(directory):  # noqa: PTH208 - the names are all that is wanted
            with suppress(OSError):
                # Jupyter knows a kernel by the directory's name in lower case.
                found[name.lower()] = _mark((directory / name / "kernel.json").stat())
    return found


def _mark(found: os.stat_result) -> _Mark:
    return _Mark(found.st_ino, found.st_size, found.st_mtime_ns)
