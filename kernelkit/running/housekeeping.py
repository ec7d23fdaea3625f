"""Removes the directories of runs that ended long ago, and keys that nobody needs any more.

Runs that have not ended are never touched, whoever left them: their jobs may live, and they can be
taken over or ended. Several processes may do this at once, on several hosts.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import KernelkitError
from ..files import check_private_dir, disk_time, private_dir, remove_tree
from .allocations import LEFT_PREFIX
from .records import RUN_ID, Run
from .runs import REMOVED_PREFIX, Runs

log = logging.getLogger(__name__)

_DAY = 86400.0
# Its time says when this was last done: a thousand short programs a day are no thousand times.
_STAMP = ".cleaned"


def clean_beside(runs: Runs, days: int) -> None:
    """Clean in a thread of its own, at most once a day; called by who begins to look after runs."""
    threading.Thread(
        target=_clean_if_due, args=(runs, days), name="kernelkit-cleaning", daemon=True
    ).start()


def _clean_if_due(runs: Runs, days: int) -> None:
    with contextlib.suppress(KernelkitError, OSError):  # the next one that starts will do it
        if not runs.root.is_dir():
            return
        now = _disk_now(private_dir(runs.root))
        stamp = runs.root / _STAMP
        if stamp.exists() and 0 <= now - stamp.stat().st_mtime < _DAY:
            return
        with contextlib.suppress(OSError):
            stamp.touch(mode=0o600)
        clean(runs, days, now)


def clean(runs: Runs, days: int, now: float) -> None:
    """Remove what ended more than `days` before `now`, by the clock of the disk, and the keys of
    all that has ended. Raises KernelkitError when the root is open to others."""
    _finish_removals(runs)
    listing = runs.listing()
    ended = [run for run in listing.runs if _has_ended(runs, run)]
    old = {run.id for run in ended if _last_change(runs, run.id) < now - _needed(runs, run, days)}
    names_in_use = {run.job_name for run in listing.runs if run.id not in old}
    removed = 0
    for run in ended:
        if run.id not in old:
            runs.forget_secrets(run.id)
            continue
        with contextlib.suppress(KernelkitError):
            runs.remove(run.id, leave=run.job_name not in names_in_use)
            removed += 1
    for run_id in _without_record(runs, now - days * _DAY):
        with contextlib.suppress(KernelkitError):
            runs.remove(run_id, leave=False)
            removed += 1
    if removed:
        log.info(
            "Removed %d runs below %s that ended more than %d days ago.", removed, runs.root, days
        )


def _has_ended(runs: Runs, run: Run) -> bool:
    if run.phase == "ended":
        return True
    with contextlib.suppress(KernelkitError):
        status = runs.read_status(run.id)
        return status is not None and status.phase == "ended"
    return False


def _needed(runs: Runs, run: Run, days: int) -> float:
    """Seconds that a run is kept after its end. A job that stays without a run is known by those
    that were in it, so theirs is longer by that time."""
    idle = 0
    with contextlib.suppress(OSError, ValueError):
        idle = int((runs.allocations.directory(run.job_name) / "idle").read_bytes()[:9])
    return days * _DAY + idle


def _last_change(runs: Runs, run_id: str) -> float:
    """When anything in a run's directory was last written; now and later if that is not known."""
    times = [0.0]
    try:
        with os.scandir(runs.directory(run_id)) as entries:
            times += [entry.stat(follow_symlinks=False).st_mtime for entry in entries]
        return max(*times, runs.directory(run_id).stat().st_mtime)
    except OSError:
        return float("inf")


def _without_record(runs: Runs, before: float) -> Iterator[str]:
    """Directories of runs whose record is not there or damaged, which nothing was written to since
    `before`, and which no supervisor says to live."""
    for path in runs.root.iterdir():
        if not RUN_ID.fullmatch(path.name) or path.is_symlink():
            continue
        with contextlib.suppress(KernelkitError, OSError):
            check_private_dir(path)
            status = runs.read_status(path.name)
            lives = status is not None and status.phase != "ended"
            if (
                not lives
                and not runs.has_record(path.name)
                and _last_change(runs, path.name) < before
            ):
                yield path.name


def _finish_removals(runs: Runs) -> None:
    """What a process that was ended in the middle of it has left."""
    left = runs.allocations.root.glob(f"{LEFT_PREFIX}*")
    for path in (*runs.root.glob(f"{REMOVED_PREFIX}*"), *left):
        with contextlib.suppress(OSError):
            remove_tree(path)


def _disk_now(root: Path) -> float:
    try:
        return disk_time(root)
    except OSError:  # it is full: then this is wanted most, and days are no matter of clocks
        return time.time()
