"""What the Slurm verbs share: the runs of the site in force, and one question to Slurm."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from ..running import overview
from ..running.orphans import Orphans, find_orphans
from ..running.runs import Runs
from ..site import load_site
from ..slurm.client import QueueAnswer, Slurm

T = TypeVar("T")


def open_runs() -> Runs:
    """The run directories of this user."""
    return overview.open_runs(load_site())


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run one coroutine to its end."""
    return asyncio.run(work)


def orphans(runs: Runs, answer: QueueAnswer) -> Orphans:
    """What servers that are gone have left; see running.orphans."""
    return find_orphans(runs, answer.jobs, complete=answer.complete)


def ask_queue() -> QueueAnswer:
    """One squeue."""
    return wait_for(Slurm().queue())
