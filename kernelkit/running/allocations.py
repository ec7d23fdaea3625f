"""Jobs that host runs: `<run_root>/jobs/<job name>/`, with an empty file for each run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import KernelkitError
from ..files import explained, locked, private_dir, remove_tree, write_file
from .records import RUN_ID, Run

_LOCK_TIMEOUT = 20.0
# What a job's directory is called while it is removed.
LEFT_PREFIX = ".left-"


class Allocations:
    """The jobs below `root`. Who changes a job's runs holds its lock meanwhile."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def directory(self, job_name: str) -> Path:
        """The directory of a job."""
        return self.root / job_name

    @contextlib.contextmanager
    def locked(self, job_name: str) -> Iterator[None]:
        """Hold the list of a job's runs still. Raises KernelkitError when somebody else does."""
        private_dir(self.root.parent)
        private_dir(self.root)
        with locked(self.root / f".{job_name}.lock", timeout=_LOCK_TIMEOUT):
            yield

    def join(self, run: Run, job_name: str, *, idle: int = 0) -> bool:
        """Make `run` one of the job's; False when the job takes none any more.

        `idle` is how many seconds the job stays after its last run; who comes first decides.
        Raises KernelkitError.
        """
        private_dir(self.root.parent)
        private_dir(self.root)
        directory = private_dir(self.directory(job_name))
        entry = directory / run.id
        with explained(directory, "Writing"):
            if not entry.exists():
                write_file(entry, b"", 0o600, flush=False)
            if idle and not (directory / "idle").exists():
                write_file(directory / "idle", f"{idle}\n".encode(), 0o600)
        # The supervisor writes this first and looks for runs after: one of us sees the other.
        if any(path.name == "closed" for path in directory.iterdir()):
            entry.unlink(missing_ok=True)
            return False
        return True

    def leave(self, run: Run) -> None:
        """Take a run out of its job's directory, and that directory away after its last.

        Raises KernelkitError where the disk does not let it.
        """
        directory = self.directory(run.job_name)
        with explained(directory, "Removing"):
            (directory / run.id).unlink(missing_ok=True)
            if directory.is_dir() and not self.members(run.job_name):
                self._remove(directory)
                (self.root / f".{run.job_name}.lock").unlink(missing_ok=True)

    def _remove(self, directory: Path) -> None:
        # The job's supervisor writes there until its end, and nothing may come into a directory
        # that is being emptied.
        aside = self.root / f"{LEFT_PREFIX}{directory.name}-{os.getpid()}"
        try:
            directory.rename(aside)
        except FileNotFoundError:  # somebody else removes it, too
            return
        remove_tree(aside)

    def members(self, job_name: str) -> set[str]:
        """The ids of the runs that a job hosts or is to host. Raises KernelkitError where that
        cannot be told now: who seems to be alone in a job ends it."""
        directory = self.directory(job_name)
        try:
            names = {path.name for path in directory.iterdir()}
        except (FileNotFoundError, NotADirectoryError):
            return set()
        except OSError as error:
            raise KernelkitError(f"`{directory}` cannot be read: {error.strerror}.") from error
        return {name for name in names if RUN_ID.fullmatch(name)}

    def is_kept(self, job_name: str) -> bool:
        """Whether a job stays for some time without a run."""
        return (self.directory(job_name) / "idle").exists()
