"""Which runs came or were changed since the last look, whoever looks after them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

# Versions of the record, which servers and commands write, and of what the supervisor tells. The
# lease beside them changes all the time.
_Mark = tuple[tuple[int, int], ...]


class RunSightings:
    """The runs below `root` as of the last look. For one thread at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._runs: dict[str, _Mark] | None = None

    def look(self) -> frozenset[str]:
        """The ids of runs that are new or changed since the last look; none at the first one."""
        before, self._runs = self._runs, self._marks()
        if before is None:
            return frozenset()
        return frozenset(run for run, mark in self._runs.items() if mark != before.get(run))

    def _marks(self) -> dict[str, _Mark]:
        found: dict[str, _Mark] = {}
        with suppress(OSError):
            for name in os.listdir(self._root):  # noqa: PTH208 - the names are all that is wanted
                with suppress(OSError):
                    found[name] = _mark(self._root / name)
        return found


def _mark(directory: Path) -> _Mark:
    """Raises OSError for what is no run's directory."""
    # Opened, because NFS then asks its server what is there now; see specs.sightings.
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        record = _version(os.stat("run.json", dir_fd=fd, follow_symlinks=False))
        with suppress(FileNotFoundError):
            return record, _version(os.stat("status", dir_fd=fd, follow_symlinks=False))
        return (record,)
    finally:
        os.close(fd)


def _version(found: os.stat_result) -> tuple[int, int]:
    # The files are replaced as a whole, so each version has an inode of its own.
    return found.st_ino, found.st_mtime_ns
