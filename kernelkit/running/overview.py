"""This user's runs with Slurm's view of their jobs, whoever started them: from disk and one squeue."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from ..errors import Ambiguous, NotFound
from ..files import disk_time
from ..site import Site
from ..slurm.client import QueueAnswer
from ..slurm.states import Job, reason_in_words
from .ends import end_on_record
from .gpu_use import GpuUse, read_gpu_use
from .kernel_state import RunEnd
from .orphans import is_abandoned
from .records import JOB_NAME_PREFIX, Run, Status
from .runs import Runs


def open_runs(site: Site) -> Runs:
    """The run directories of this user."""
    return Runs(site.run_dir)


@dataclass(frozen=True)
class Row:
    """One run as `kernelkit jobs` shows it; `seconds_left` until the time limit of its job, `end`
    (without the log) when it has ended, `gpu_use` while it runs on GPUs that tell."""

    run: Run
    status: Status | None
    job: Job | None
    state: str
    words: str
    seconds_left: int | None
    end: RunEnd | None = None
    gpu_use: GpuUse | None = None

    def to_dict(self) -> dict[str, Any]:
        """The run as `--json` prints it."""
        status, job = self.status, self.job
        return {
            "run": self.run.id,
            "kernel": self.run.kernel_name,
            "kernel_id": self.run.kernel_id,
            "display_name": self.run.display_name,
            "job": self.run.job_id,
            "state": self.state,
            "reason": self.words,
            "node": (status.node if status else "") or (job.nodes if job else ""),
            "starts": status.start if status else 0,
            "partition": job.partition if job else "",
            "gres": job.gres if job else "",
            "created": self.run.created,
            "expected_start": job.start if job and job.phase == "pending" else None,
            "seconds_left": self.seconds_left,
            "end": msgspec.to_builtins(self.end),
            "gpu_use": msgspec.to_builtins(self.gpu_use),
        }


def table(runs: Runs, answer: QueueAnswer, *, every: bool) -> list[Row]:
    """Rows for the runs that have not ended, or with `every` for all that are still on disk."""
    disk_now = functools.cache(lambda: disk_time(runs.root))
    rows = [_row(runs, run, answer, disk_now) for run in runs.listing().runs]
    return [row for row in rows if every or row.state != "ended"]


def _row(runs: Runs, run: Run, answer: QueueAnswer, disk_now: Callable[[], float]) -> Row:
    job = answer.jobs.get(run.job_id) if run.job_id else None
    status = runs.read_status(run.id)
    lost = bool(run.job_id) and job is None and answer.complete
    end = end_on_record(run, status, job) if lost or _has_ended(run, status, job) else None
    state, words = ("ended", end.words) if end else _state(run, status, job, answer)
    left = None
    if job is not None and job.phase == "running" and job.end is not None:
        left = max(0, job.end - int(time.time()))
    if state != "ended" and is_abandoned(runs, run):
        words = "no server cares for it" + (f"; {words}" if words else "")
    use = read_gpu_use(runs, run, disk_now) if state == "running" else None
    return Row(run, status, job, state, words, left, end, use)


def known_end(runs: Runs, run: Run) -> RunEnd | None:
    """How a run ended, as far as its own files tell; None for one that may still live."""
    status = runs.read_status(run.id)
    return end_on_record(run, status, None) if _has_ended(run, status, None) else None


def _has_ended(run: Run, status: Status | None, job: Job | None) -> bool:
    return "ended" in (run.phase, status and status.phase, job and job.phase)


def _state(
    run: Run, status: Status | None, job: Job | None, answer: QueueAnswer
) -> tuple[str, str]:
    if job is None:
        return ("unknown" if run.job_id else "new"), answer.error
    if job.phase == "pending":
        return "queued", reason_in_words(job.reason)
    return (status.phase if status else job.phase), ""


def find_run(runs: Runs, text: str, *, newest: bool = False) -> Run:
    """The one run that a run id, a job id, a kernel id or a kernel's name means.

    Of several, those that have not ended are meant; with `newest` the last of them. Raises
    NotFound and Ambiguous.
    """
    named = [
        run
        for run in runs.listing().runs
        if text in (run.id, run.job_id, run.kernel_id, run.kernel_name)
    ]
    if not named:
        raise NotFound(
            f"There is no run, job or kernel `{text}`.", hint="`kernelkit jobs --all` lists them."
        )
    living = [run for run in named if run.phase != "ended"] or named[-1:]
    if len(living) > 1 and not newest:
        raise Ambiguous(
            f"`{text}` fits {len(living)} runs.",
            matches=[f"{run.id} (job {run.job_id}, {run.kernel_name})" for run in living],
            hint="Give the run's id.",
        )
    return living[-1]


def is_job_alone(runs: Runs, text: str) -> bool:
    """Whether a number means a job itself, because none of our kernels lives in it."""
    return text.isdigit() and all(run.phase == "ended" for run in runs.of_job(text))


def stray_job(answer: QueueAnswer, job_id: str) -> Job:
    """A job of ours without a living run. Raises NotFound; other jobs are scancel's business."""
    job = answer.jobs.get(job_id)
    if job is None or not job.name.startswith(JOB_NAME_PREFIX):
        raise NotFound(
            f"No job `{job_id}` of yours was made by kernelkit.",
            hint="`kernelkit jobs` lists them; `scancel` ends any job.",
        )
    return job
