"""This user's kernels in Slurm jobs: those of this server from its news, the others from disk."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from ..running.adoption import attachable
from ..running.desk import desk
from ..running.news import RunNews, RunState, facts_of
from ..running.orphans import find_orphans
from ..running.overview import Row, find_run, is_job_alone, stray_job, table
from ..slurm.client import QueueAnswer
from .answers import Jobs, Nothing, Query, Run, RunLog, StrayJob
from .kept import Kept

if TYPE_CHECKING:
    from .events import Events
    from .services import Services

# Characters of a log that are sent.
_LOG_LIMIT = 60_000
# How a job stands that its supervisor has not spoken of -> how its run does.
_STATES: dict[str, RunState] = {
    "new": "new", "queued": "queued", "starting": "starting", "running": "running",
    "exited": "exited", "ending": "exited", "ended": "ended",
}  # fmt: skip


class JobsQuery(Query, frozen=True):
    """`all` lists runs of other servers that have ended, too."""

    all: bool = False


class Queue:
    """Slurm's queue as of now, asked at most once in a site's `queue_interval`."""

    def __init__(self) -> None:
        self._kept = Kept(self._ask, float(desk().site.queue_interval))
        self._complete = 0.0
        self.unknown_since: float | None = None

    def get(self) -> QueueAnswer:
        """The queue; one that is not complete where Slurm does not answer."""
        return self._kept.get()

    def forget(self) -> None:
        """Ask anew next time: something was changed."""
        self._kept.forget()

    def _ask(self) -> QueueAnswer:
        at = desk()
        answer = at.background.run(at.slurm.queue()).result()
        if answer.complete:
            self.unknown_since = None
        elif self.unknown_since is None:
            self.unknown_since = time.time()
        return answer


class Bulletin:
    """Hands on the news of this server's runs as events."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._last: dict[str, RunNews] = {}
        desk().listen(self._hear)

    def _hear(self, news: RunNews) -> None:
        # Called in the thread that looks after the runs, one news at a time.
        before = self._last.pop(news.run, None)
        if news.state != "ended":
            self._last[news.run] = news
        warned = before is not None and before.warning == news.warning
        self._events.run_changed(
            own_run(news, time.time()),
            previous=before.state if before else None,
            warning="" if warned else news.warning,
        )


def list_jobs(services: Services, query: JobsQuery) -> Jobs:
    """Every run of this user, and jobs of ours that no run tells of."""
    taken = time.time()
    at = desk()
    services.hear_of_runs()
    mine = {news.run: news for news in at.snapshot()}
    listing = at.runs.listing()
    if not _slurm_is_here() and not listing.runs:
        return Jobs(
            runs=(), jobs_without_run=(), unknown_since=None,
            problems=tuple(listing.problems), taken=taken,
        )  # fmt: skip
    answer = services.queue.get()
    free = {run.id for run in attachable(at.runs, answer)}
    rows = {row.run.id: row for row in table(at.runs, answer, every=True)}
    found = [own_run(news, taken) for news in mine.values()]
    found += [
        _other_run(row, answer, services.queue.unknown_since, row.run.id in free)
        for row in rows.values()
        if row.run.id not in mine and (query.all or row.state != "ended")
    ]
    found.sort(key=lambda run: run.created)
    strays = find_orphans(at.runs, answer.jobs, complete=answer.complete).runless
    return Jobs(
        runs=tuple(found),
        jobs_without_run=tuple(
            StrayJob(id=job.id, name=job.name, state=job.state, node=job.nodes) for job in strays
        ),
        unknown_since=services.queue.unknown_since,
        problems=(*listing.problems, *([] if answer.complete else [answer.error])),
        taken=taken,
    )


def _slurm_is_here() -> bool:
    return shutil.which("squeue") is not None


def own_run(news: RunNews, now: float) -> Run:
    """A run that this server looks after, or did until it ended."""
    there = news.state != "ended"
    facts = {name: getattr(news, name) for name in news.__struct_fields__}
    # What has ended has no time left, whatever its limit was.
    facts["ends"] = ends = news.ends if there else None
    left = max(0, int(ends - now)) if ends is not None else None
    return Run(**facts, seconds_left=left, mine=there, attachable=False)


def _other_run(row: Row, answer: QueueAnswer, unknown_since: float | None, free: bool) -> Run:
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
        end=row.end,
        mine=False,
        attachable=free,
    )


def tell_log(services: Services, run: str) -> RunLog:
    """The end of what a run's kernel and supervisor said. Raises NotFound and Ambiguous."""
    at = desk()
    found = find_run(at.runs, run, newest=True)
    text = at.runs.read_log(found.id, limit=_LOG_LIMIT)
    return RunLog(text=text, truncated=text.startswith("…\n"), phase=found.phase)


def cancel(services: Services, run: str) -> Nothing:
    """End a run, and with the last run of a job that job; or a job of ours that no run tells of.

    Raises NotFound and Ambiguous, and SlurmUnavailable where Slurm could not be told.
    """
    at = desk()
    if is_job_alone(at.runs, run):
        at.background.run(at.slurm.cancel([stray_job(services.queue.get(), run).id])).result()
    else:
        found = find_run(at.runs, run)
        ending = at.control.end(found.id, reason="it was cancelled from JupyterLab")
        at.background.run(ending).result()
    services.queue.forget()
    return Nothing()
