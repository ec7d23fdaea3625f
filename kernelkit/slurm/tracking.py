"""What a series of answers says of one job: only forwards, and nothing from silence; pure."""

from __future__ import annotations

import time
from dataclasses import dataclass

import msgspec

from .states import Job, JobPhase, end_in_words, is_later, state_in_words

# A job is gone when this many complete answers, asked for after we began to watch, lack it.
CONFIRMED = 2


@dataclass(frozen=True)
class JobUpdate:
    """How a job stands, as far as is known. `words` are for people.

    `phase` never moves backwards, and is `ended` once and for all; `job` is what Slurm said last,
    which is less when it said nothing of the end. `since` is when the phase began to be seen and
    `unknown_since` when Slurm stopped answering, if it does not answer now (both in seconds since
    1970). A job of which nothing is known at present is not a dead one.
    """

    job: Job
    phase: JobPhase
    words: str
    since: float
    unknown_since: float | None = None


class Track:
    """One job's `update`, moved by what squeue and sacct say; times in seconds since 1970."""

    def __init__(self, job_id: str, *, began: float, now: float) -> None:
        self._began = began
        self._absences = 0
        job = Job(id=job_id, state="")
        self.update = JobUpdate(job, "unknown", state_in_words(job, "unknown", now), now)

    @property
    def is_over(self) -> bool:
        """Whether the job has ended, and nothing can change that."""
        return self.update.phase == "ended"

    @property
    def is_settled(self) -> bool:
        """Whether nothing is expected to change for some time."""
        return self.is_over or (self.update.phase == "running" and not self._absences)

    @property
    def is_missed(self) -> bool:
        """Whether the last complete answer lacked the job."""
        return not self.is_over and self._absences > 0

    @property
    def job(self) -> Job:
        """What Slurm said last."""
        return self.update.job

    def saw(self, job: Job, now: float, unknown_since: float | None) -> bool:
        """Take in the queue's word; True when the end is known but for who brought it about."""
        self._absences = 0
        old = self.update.phase
        if old in ("running", "ending") and job.phase == "pending":
            # What ran in it is gone, and what Slurm starts later is another job to us.
            self.end(job, "the job was put back into the queue (REQUEUED)", now)
        elif job.state == "CANCELLED":
            self.update = _replaced(self.update, job=job)
            return True
        elif job.phase == "ended":
            self.end(job, end_in_words(job), now)
        else:
            self._set(job, job.phase if is_later(old, job.phase) else old, now, unknown_since)
        return False

    def missed(self, asked: float, now: float) -> bool:
        """Take in a complete answer without the job, asked for at `asked` (on the clock of
        `began`); True when it is certainly gone."""
        # An answer on its way when the job was submitted cannot know it.
        if asked >= self._began:
            self._absences += 1
        self._set(self.job, self.update.phase, now, None)
        return self._absences >= CONFIRMED

    def doubted(self, now: float, unknown_since: float | None) -> None:
        """Take in an answer that says nothing of the job and is not complete."""
        self._set(self.job, self.update.phase, now, unknown_since)

    def concluded(self, history: Job | None, exit_words: str | None, now: float) -> None:
        """The end of a job that left the queue: accounting's word, the queue's, the run's own."""
        if history is not None and history.phase == "ended":
            job = _joined(self.job, history)
            self.end(job, end_in_words(job), now)
        elif self.job.phase == "ended":
            self.end(self.job, end_in_words(self.job), now)
        else:
            self.end(self.job, exit_words or "ended (details unavailable)", now)

    def end(self, job: Job, words: str, now: float) -> None:
        """The job has ended; what comes later changes nothing."""
        if not self.is_over:
            self.update = JobUpdate(job, "ended", words, now)

    def _set(self, job: Job, phase: JobPhase, now: float, unknown_since: float | None) -> None:
        old = self.update
        if old.phase == "ended":
            return
        since = old.since if phase == old.phase else now
        words = state_in_words(job, phase, now)
        if unknown_since is not None:
            words += time.strftime("; state unknown since %H:%M", time.localtime(unknown_since))
        self.update = JobUpdate(job, phase, words, since, unknown_since)


def _replaced(update: JobUpdate, *, job: Job) -> JobUpdate:
    return JobUpdate(job, update.phase, update.words, update.since, update.unknown_since)


def _joined(queued: Job, history: Job) -> Job:
    """Accounting's word on the end, and the queue's on the request."""
    if not queued.state:
        return history
    return msgspec.structs.replace(
        queued,
        state=history.state,
        reason=history.reason,
        start=history.start or queued.start,
        end=history.end or queued.end,
        nodes=history.nodes or queued.nodes,
        exit_code=history.exit_code,
    )
