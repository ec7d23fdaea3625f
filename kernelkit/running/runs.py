"""The run directories: made before a job is submitted, read while it lives, removed after it."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from ..errors import InvalidName, KernelFailed, KernelkitError, NotFound, UsageError
from ..files import (
    check_private_dir,
    explained,
    locked,
    overwrite_file,
    private_dir,
    read_private,
    remove_tree,
    replace_file,
)
from ..names import path_text, printable
from ..proc import DETAIL_LIMIT, tail
from .allocations import Allocations
from .records import (
    RUN_ID,
    Run,
    Status,
    is_later,
    next_requests,
    parse_connection,
    parse_run,
    parse_status,
    render_lease,
    render_run,
)
from .wire import accepted_connection

_LIMIT = 1 << 20
_LOG_TAIL = 64 << 10
_LOCK_TIMEOUT = 20.0
# What a run's directory is called while it is removed.
REMOVED_PREFIX = ".removed-"
_SECRETS = ("environment", "seed.json")
_VERBS = frozenset({"relaunch", "signal", "stop"})


@dataclass
class Listing:
    """Every run that can be read, oldest first, and a sentence for each that cannot."""

    runs: list[Run] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Runs:
    """The runs below `root`, which must be on a disk that the nodes share.

    Everything here belongs to one user and is closed to others; what is not is refused with
    InsecureFile, never used and never mended.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(path_text(str(root), "run directory"))
        self.allocations = Allocations(self.root / "jobs")

    # --- finding ----------------------------------------------------------------------

    def set_forwarder(self, run_id: str, words: Sequence[str]) -> None:
        """Start the run's kernels behind `words`, as wire.forwarder_words gives them."""
        data = "".join(f"{word}\0" for word in words).encode(errors="surrogateescape")
        replace_file(self.directory(run_id) / "forwarder", data, 0o600)

    def directory(self, run_id: str) -> Path:
        """Where a run's files are. Raises InvalidName for what is no run id."""
        if not RUN_ID.fullmatch(run_id):
            raise InvalidName(f"`{printable(run_id)[:40]}` is not a run id.")
        return self.root / run_id

    def load(self, run_id: str) -> Run:
        """A run's record. Raises NotFound, InsecureFile, and KernelkitError for a damaged one."""
        directory = self.directory(run_id)
        try:
            check_private_dir(directory)
            data = read_private(directory / "run.json", _LIMIT)
        except OSError as error:
            if not _is_there(directory):  # or no longer
                raise NotFound(
                    f"There is no run `{run_id}`.", hint="See `kernelkit jobs`."
                ) from error
            raise KernelkitError(
                f"The record of run `{run_id}` cannot be read: {error.strerror}.",
                hint=f"Remove `{directory}` when its job has ended.",
            ) from error
        run = parse_run(data)
        if run is None or run.id != run_id:
            raise KernelkitError(
                f"The record of run `{run_id}` is damaged.",
                hint=f"Remove `{directory}` when its job has ended.",
            )
        return run

    def has_record(self, run_id: str) -> bool:
        """Whether a run has a record that can be read. Raises InsecureFile, and KernelkitError where
        it may be there and cannot be looked at now."""
        path = self.directory(run_id) / "run.json"
        try:
            run = parse_run(read_private(path, _LIMIT))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise KernelkitError(f"`{path}` cannot be read: {error.strerror}.") from error
        return run is not None and run.id == run_id

    def listing(self) -> Listing:
        """All runs below the root. Raises InsecureFile when the root itself is open to others."""
        found = Listing()
        if not self.root.is_dir():
            return found
        private_dir(self.root)
        for path in sorted(self.root.iterdir()):
            if RUN_ID.fullmatch(path.name):
                try:
                    found.runs.append(self.load(path.name))
                except NotFound:
                    continue
                except KernelkitError as error:
                    found.problems.append(error.message)
        found.runs.sort(key=lambda run: run.created)
        return found

    def of_job(self, job: str) -> list[Run]:
        """The runs of a job, given by its id or its name; a job that several share has several."""
        return [run for run in self.listing().runs if job and job in (run.job_id, run.job_name)]

    def of_kernel(self, kernel_id: str) -> Run | None:
        """The newest run of a kernel id, if it has not ended."""
        runs = [run for run in self.listing().runs if run.kernel_id == kernel_id]
        return next((run for run in reversed(runs) if run.phase != "ended"), None)

    def remove(self, run_id: str, *, leave: bool = True) -> None:
        """Remove a run's directory, and its place in its job if it is to `leave` that; one that is
        gone is fine. Raises KernelkitError."""
        directory = self.directory(run_id)
        if leave:
            with contextlib.suppress(KernelkitError):
                self.allocations.leave(self.load(run_id))
        aside = self.root / f"{REMOVED_PREFIX}{run_id}"
        with explained(directory, "Removing"):
            # Nobody ever sees a part of it, and of two who remove it at once one does.
            try:
                directory.rename(aside)
            except FileNotFoundError:
                return
            remove_tree(aside)

    def forget_secrets(self, run_id: str) -> None:
        """Remove the keys of a run that has ended, and the variables that its kernels got."""
        directory = self.directory(run_id)
        with contextlib.suppress(OSError):
            # The seed last: a kernel whose connection is there, and no seed, would be a fault.
            for path in (*directory.glob("connection-*.json"), *map(directory.joinpath, _SECRETS)):
                path.unlink(missing_ok=True)

    # --- the record ------------------------------------------------------------------------------

    def update(
        self, run_id: str, *, check: Callable[[Run], None] | None = None, **changes: Any
    ) -> Run:
        """Change a record and return it. A phase that would go backwards stays as it is.

        `check` sees the record as it is while nobody else can change it, and raises to leave it so.
        """
        with self._locked(run_id):
            run = self.load(run_id)
            if check is not None:
                check(run)
            if "phase" in changes and not is_later(run.phase, changes["phase"]):
                del changes["phase"]
            changed = msgspec.structs.replace(run, **changes)
            if changed != run:
                replace_file(self.directory(run_id) / "run.json", render_run(changed), 0o600)
            if changed.phase == "ended":
                self.forget_secrets(run_id)
            return changed

    @contextlib.contextmanager
    def _locked(self, run_id: str) -> Iterator[None]:
        directory = self.directory(run_id)
        if not _is_there(directory):
            raise NotFound(f"There is no run `{run_id}`.", hint="See `kernelkit jobs`.")
        with locked(directory / "lock", timeout=_LOCK_TIMEOUT):
            yield

    # --- server and supervisor -------------------------------------------------------------------

    def request(self, run_id: str, verb: str, *arguments: str | int) -> int:
        """Ask the supervisor for something; returns the request's serial number.

        `relaunch START GRACE`: have start number START, and give a kernel that still runs GRACE
        seconds to end by itself. `signal INT|TERM|KILL START`: signal that start's kernel, and no
        later one. `stop`: end the run. It looks within seconds, and at once when the job is
        signalled with USR1.
        """
        if verb not in _VERBS:
            raise UsageError(f"`{verb}` is nothing that a supervisor does.")
        path = self.directory(run_id) / "requests"
        with self._locked(run_id), explained(path, "Reading"):
            # Serial numbers that begin anew would be passed over.
            try:
                before = read_private(path, _LIMIT)
            except FileNotFoundError:
                before = b""
            serial, text = next_requests(before, verb, *arguments)
            replace_file(path, text, 0o600, flush=False)
            return serial

    def renew_lease(self, run: Run) -> None:
        """Tell the supervisor that a server still cares. To be called well within the lease.

        Written in place, and so on a disk that is full, too: whatever part of it the supervisor
        reads is another than before. Raises InsecureFile, and KernelkitError for what may pass.
        """
        directory = self.directory(run.id)
        if not _is_there(directory):
            return
        text = render_lease(run.lease, time.time_ns())
        try:
            overwrite_file(directory / "lease", text)
        except NotFound:
            replace_file(directory / "lease", text, 0o600, flush=False)

    def set_keep(self, run_id: str, keep: bool) -> Run:
        """Keep a run without any server until its time limit, or no longer."""
        path = self.directory(run_id) / "keep"
        run = self.update(run_id, keep=keep)
        if keep:
            replace_file(path, b"", 0o600)
        else:
            path.unlink(missing_ok=True)
        return run

    def read_status(self, run_id: str) -> Status | None:
        """What the supervisor last said; None as long as it has not. Raises InsecureFile."""
        return parse_status(self._read(self._listed(run_id) / "status"))

    def read_connection(self, run_id: str, start: int) -> dict[str, Any] | None:
        """The connection information of kernel number `start`; None until all of it is there.

        Raises InsecureFile, and KernelFailed for a file with other keys than the run's.
        """
        directory = self._listed(run_id)
        found = parse_connection(self._read(directory / f"connection-{int(start)}.json"))
        if found is None:
            return None
        return accepted_connection(self.read_seed(run_id), found)

    def read_seed(self, run_id: str) -> dict[str, Any]:
        """What the run's kernels get as a connection file, with its keys. Raises InsecureFile,
        KernelFailed for one that is gone or damaged, and KernelkitError for what may pass."""
        path = self.directory(run_id) / "seed.json"
        try:
            seed: dict[str, Any] = msgspec.json.decode(
                read_private(path, _LIMIT), type=dict[str, Any]
            )
        except FileNotFoundError as error:
            raise KernelFailed(
                f"The keys of run `{run_id}` are gone, as they are when a run has ended.",
                hint="Start the kernel again.",
            ) from error
        except OSError as error:
            raise KernelkitError(f"`{path}` cannot be read: {error.strerror}.") from error
        except msgspec.DecodeError as error:
            raise KernelFailed(
                f"`{path}` is damaged, and without its keys nobody can speak to the kernel.",
                hint=f"End it: `kernelkit cancel {run_id}`.",
            ) from error
        return seed

    def read_log(self, run_id: str, *, limit: int = DETAIL_LIMIT) -> str:
        """The last `limit` characters of a run's log, for people; empty when there is none."""
        path = self.directory(run_id) / "log"
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return ""
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return ""
            file.seek(max(0, os.fstat(fd).st_size - _LOG_TAIL))
            return tail(file.read(_LOG_TAIL).decode("utf-8", "replace"), limit)

    def _listed(self, run_id: str) -> Path:
        # Reading the directory makes NFS look again at what it believes to be there.
        directory = self.directory(run_id)
        with contextlib.suppress(OSError):
            list(directory.iterdir())
        return directory

    @staticmethod
    def _read(path: Path) -> bytes:
        try:
            return read_private(path, _LIMIT)
        except FileNotFoundError:
            return b""
        except OSError as error:
            # ESTALE and the like: a file of an NFS server was replaced while it was read.
            if error.errno in (116, 5):
                return b""
            raise KernelkitError(f"`{path}` cannot be read: {error.strerror}.") from error


def _is_there(directory: Path) -> bool:
    """Raises KernelkitError where a disk cannot tell now, as with a file handle that an NFS server
    has forgotten; `is_dir` raises OSError for that, and from Python 3.13 on calls it absent."""
    try:
        return stat.S_ISDIR(directory.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise KernelkitError(f"`{directory}` cannot be read: {error.strerror}.") from error
