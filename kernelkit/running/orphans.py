"""What servers that are gone have left behind: runs, jobs, directories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..files import disk_time
from ..slurm.states import Job
from .records import JOB_NAME_PREFIX, RUN_ID, Run
from .runs import Runs
from .servers import is_gone


@dataclass(frozen=True)
class Orphans:
    """What belongs together and is not: for `kernelkit jobs --orphans` and the next server.

    `abandoned` runs have a job and no server that cares; `jobless` ones say that they have a job
    which Slurm does not know any more; `runless` are our jobs that no run tells of. `idle` jobs
    wait for their next run, as was asked: they end by themselves.
    """

    abandoned: tuple[Run, ...] = ()
    jobless: tuple[Run, ...] = ()
    runless: tuple[Job, ...] = ()
    idle: tuple[Job, ...] = ()


def find_orphans(runs: Runs, jobs: Mapping[str, Job], *, complete: bool) -> Orphans:
    """`jobs` and `complete` are Slurm's answer: only a complete one tells that a job is gone."""
    alive = [run for run in runs.listing().runs if run.phase != "ended"]
    living = {number: job for number, job in jobs.items() if job.phase != "ended"}
    names = {run.job_name for run in alive}
    jobless = [run for run in alive if complete and not _has_job(run, living)]
    # What is ending already needs nobody to end it.
    runless = [
        job
        for job in living.values()
        if job.phase != "ending" and _is_ours(job.name) and job.name not in names
    ]
    return Orphans(
        abandoned=tuple(r for r in alive if r not in jobless and is_abandoned(runs, r)),
        jobless=tuple(jobless),
        runless=tuple(job for job in runless if not runs.allocations.is_kept(job.name)),
        idle=tuple(job for job in runless if runs.allocations.is_kept(job.name)),
    )


def is_abandoned(runs: Runs, run: Run) -> bool:
    """Whether no server cares for a run: its own is gone, or has not renewed the lease."""
    gone = is_gone(run.server)
    if gone is not None:
        return gone
    # A server renews it after a quarter; the second half is left for another to come.
    age = lease_age(runs, run)
    return age is not None and age > run.lease / 2


def lease_age(runs: Runs, run: Run) -> float | None:
    """Seconds since the lease was renewed, by the clock of the disk; None if it cannot be told."""
    try:
        renewed = (runs.directory(run.id) / "lease").stat().st_mtime
        return max(0.0, disk_time(runs.root) - renewed)
    except OSError:
        return None


def _is_ours(job_name: str) -> bool:
    # With a number behind it where it was submitted again.
    return re.fullmatch(f"{JOB_NAME_PREFIX}{RUN_ID.pattern}(-[0-9])?", job_name) is not None


def _has_job(run: Run, living: Mapping[str, Job]) -> bool:
    if run.job_id:
        return run.job_id in living
    # Not submitted yet, or submitted by a server that died before it could write the id.
    named = any(job.name == run.job_name for job in living.values())
    return named or (run.submits == 0 and is_gone(run.server) is not True)
