"""This user's kernels in Slurm jobs: those of this server from its news, the others from disk."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from ..errors import KernelkitError
from ..running.adoption import attachable
from ..running.desk import desk
from ..running.news import RunNews, RunState, facts_of
from ..running.orphans import find_orphans
from ..running.overview import Row, find_run, is_job_alone, known_end, stray_job, table
from ..running.records import Run as Record
from ..running.records import Status
from ..running.runs import Runs
from ..running.servers import this_server
from ..slurm.client import QueueAnswer
from ..slurm.states import Job
from .answers import Jobs, Nothing, Query, Run, RunLog, StrayJob

if TYPE_CHECKING:
    from .services import Services

# Characters of a log that are sent.
_LOG_LIMIT = 60_000
# How long after it began a run may have been submitted, mostly.
_NEW_SECONDS = 60.0
# How a job stands that its supervisor has not spoken of -> how its run does.
_STATES: dict[str, RunState] = {
    "new": "new", "queued": "queued", "starting": "starting", "running": "running",
    "exited": "exited", "ending": "exited", "ended": "ended",
}  # fmt: skip


class JobsQuery(Query, frozen=True):
    """`all` lists runs of other servers that have ended, too."""

    all: bool = False


class Queue:
    """Slurm's queue as of now, as the watcher of this server's own jobs has it: the two of them
    ask once in a site's `queue_interval`."""

    def __init__(self) -> None:
        self._changed = float("-inf")
        self._doubted: set[str] = set()

    @property
    def unknown_since(self) -> float | None:
        """Since when Slurm does not answer."""
        return desk().watcher.failing_since

    def get(self) -> QueueAnswer:
        """The queue; one that is not complete where Slurm does not answer."""
        at = desk()
        since = max(time.monotonic() - at.watcher.pause, self._changed)
        return at.background.wait_for(at.watcher.fresh(since))

    def get_new(self) -> QueueAnswer:
        """The queue as it is after this call, for what can wait until Slurm may be asked again."""
        at = desk()
        return at.background.wait_for(at.watcher.fresh(time.monotonic(), due=True))

    def get_for(self, runs: Iterable[Record]) -> QueueAnswer:
        """The queue as it is to be shown with `runs`: one of another server that was submitted
        since Slurm was asked would seem to have ended."""
        found = self.get()
        since = time.time() - _NEW_SECONDS
        new = (run for run in runs if run.job_id and run.created > since)
        lost = [run.id for run in new if run.job_id not in found.jobs]
        return self.get() if found.complete and self.is_doubtful(lost) else found

    def is_doubtful(self, what: Iterable[str]) -> bool:
        """Whether the queue seems to be older than `what` is; it is asked anew then. Once for each:
        what it then says again is true."""
        new = set(what) - self._doubted
        self._doubted |= new
        if new:
            self.forget()
        return bool(new)

    def forget(self) -> None:
        """Ask anew next time: something was changed."""
        self._changed = time.monotonic()


def list_jobs(services: Services, query: JobsQuery) -> Jobs:
    """Every run of this user, and jobs of ours that no run tells of."""
    at = desk()
    listing = at.runs.listing()
    if not _slurm_is_here() and not listing.runs:
        return Jobs(
            runs=(), jobs_idle=(), jobs_without_run=(), unknown_since=None,
            problems=tuple(listing.problems), taken=time.time(),
        )  # fmt: skip
    answer = services.queue.get_for(listing.runs)
    # Afterwards, as it is news to them, too.
    mine = {news.run: news for news in at.snapshot()}
    taken = time.time()
    on_disk = {run.run: run for run in _on_disk(services, answer)}
    found = [own_run(news, taken, on_disk.get(news.run)) for news in mine.values()]
    found += [
        run
        for run in on_disk.values()
        if run.run not in mine and (query.all or run.state != "ended")
    ]
    found.sort(key=lambda run: run.created)
    left = find_orphans(at.runs, answer.jobs, complete=answer.complete)
    # Perhaps only since Slurm was asked: the run has ended, and its job with it, or a kernel has
    # run in a job that still waited then.
    waiting = (job for job in left.idle if job.phase == "pending")
    if services.queue.is_doubtful(f"{job.id} {job.phase}" for job in (*left.runless, *waiting)):
        jobs = services.queue.get().jobs
        left = find_orphans(at.runs, jobs, complete=answer.complete)
    return Jobs(
        runs=tuple(found),
        jobs_idle=tuple(map(_job_alone, left.idle)),
        jobs_without_run=tuple(map(_job_alone, left.runless)),
        unknown_since=services.queue.unknown_since,
        problems=(*listing.problems, *([] if answer.complete else [answer.error])),
        taken=taken,
    )


def _job_alone(job: Job) -> StrayJob:
    return StrayJob(
        id=job.id, name=job.name, state=job.state, node=job.nodes, gres=job.gres, ends=job.end
    )


def runs_of_others(services: Services, wanted: Collection[str]) -> list[Run]:
    """Those of the `wanted` runs that this server does not look after, by what Slurm says now."""
    at = desk()
    listed = at.runs.listing().runs
    mine = {news.run for news in at.snapshot()}
    # A new run is on record before there is news of it.
    mine |= {run.id for run in listed if run.server == this_server()}
    if not (wanted := set(wanted) - mine):
        return []
    # Of an end the run's own files tell, so that nobody has to wait for Slurm to hear of it.
    over = all(
        run.phase == "ending" or known_end(at.runs, run) for run in listed if run.id in wanted
    )
    answer = services.queue.get() if over else services.queue.get_new()
    return [run for run in _on_disk(services, answer) if run.run in wanted]


def _on_disk(services: Services, answer: QueueAnswer) -> Iterator[Run]:
    """Every run on disk as one of another server's."""
    runs, unknown_since = desk().runs, services.queue.unknown_since
    free = {run.id for run in attachable(runs, answer)}
    for row in table(runs, answer, every=True):
        stays = row.state != "ended" and _job_stays(runs, row.run, row.status)
        yield _other_run(row, answer, unknown_since, free=row.run.id in free, stays=stays)


def _slurm_is_here() -> bool:
    return shutil.which("squeue") is not None


def own_run(news: RunNews, now: float, on_disk: Run | None = None) -> Run:
    """A run that this server looks after, or did until it ended; `on_disk` is the same one as
    another server would tell of it, which knows what its GPUs do."""
    there = news.state != "ended"
    facts = {name: getattr(news, name) for name in news.__struct_fields__}
    # What has ended has no time left, whatever its limit was.
    facts["ends"] = ends = news.ends if there else None
    left = max(0, int(ends - now)) if ends is not None else None
    use = on_disk.gpu_use if on_disk and news.state == "running" else None
    stays = there and (on_disk.job_stays if on_disk else _job_of_run_stays(news.run))
    return Run(
        **facts, seconds_left=left, job_stays=stays, gpu_use=use, mine=there, attachable=False
    )


def _job_of_run_stays(run_id: str) -> bool:
    runs = desk().runs
    with contextlib.suppress(KernelkitError, OSError):
        return _job_stays(runs, runs.load(run_id), runs.read_status(run_id))
    return False


def _job_stays(runs: Runs, run: Record, status: Status | None) -> bool:
    # As JobControl.end has it: a job in which no kernel ever was is not kept for the next one.
    return status is not None and runs.allocations.is_kept(run.job_name)


def _other_run(
    row: Row, answer: QueueAnswer, unknown_since: float | None, *, free: bool, stays: bool
) -> Run:
    status, job = row.status, row.job
    return Run(
        **facts_of(row.run, job),
        state=_STATES.get(row.state, "unknown"),
        reason=row.words,
        state_since=None,
        serial=0,
        start=status.start if status else 0,
        node=(status.node if status else "") or (job.nodes if job else ""),
        seconds_left=row.seconds_left,
        warning="",
        unknown_since=None if answer.complete else unknown_since,
        trouble="",
        job_stays=stays,
        end=row.end,
        gpu_use=row.gpu_use,
        mine=False,
        attachable=free,
    )


def tell_log(services: Services, run: str) -> RunLog:
    """The end of what a run's kernel and supervisor said; `run` is what find_run takes, and of a
    kernel's name the last run is meant. Raises NotFound."""
    at = desk()
    found = find_run(at.runs, run, newest=True)
    text = at.runs.read_log(found.id, limit=_LOG_LIMIT)
    return RunLog(
        text=text, truncated=text.startswith("…\n"), phase=found.phase,
        run=found.id, job=found.job_id, display_name=found.display_name or found.kernel_name,
    )  # fmt: skip


def cancel(services: Services, run: str) -> Nothing:
    """End a run, and with the last run of a job that job; or a job of ours that no run tells of.

    Raises NotFound and Ambiguous, and SlurmUnavailable where Slurm could not be told.
    """
    try:
        _cancel(services, run)
    finally:
        services.queue.forget()
    return Nothing()


def _cancel(services: Services, run: str) -> None:
    at = desk()
    if is_job_alone(at.runs, run):
        at.background.wait_for(at.slurm.cancel([stray_job(services.queue.get(), run).id]))
    else:
        found = find_run(at.runs, run)
        at.background.wait_for(at.control.end(found.id, reason="it was cancelled from JupyterLab"))
