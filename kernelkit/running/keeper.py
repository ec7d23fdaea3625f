"""Looks after one run from its submission to its end: joins its kernel to the relay, says how it
stands, and keeps its lease. Runs in the background thread; knows nothing of Jupyter's managers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import KernelFailed, KernelkitError, SlurmUnavailable
from ..slurm.states import Job, end_in_words
from ..slurm.tracking import JobUpdate
from ..slurm.watcher import Watcher
from .control import JobControl
from .records import Run, Status
from .relay import Relay
from .runs import Runs
from .wire import accepted_connection

# Seconds between looks at the run's files: often while a kernel is starting or ending, which the
# user waits for; seldom while it runs or its job is queued.
_SOON, _OFTEN, _SELDOM = 0.05, 0.5, 2.0
# How long a queued run is looked at often: an idle partition starts a job within seconds.
_FRESH = 15.0
# How long the news of an end waits for Slurm's reason: a job completes within its KillWait and the
# site's epilog, and the queue is read at most every few seconds.
_REASON_PATIENCE = 15.0

KernelPhase = Literal["queued", "starting", "running", "exited", "ended"]


@dataclass(frozen=True)
class KernelState:
    """How a run stands: `words` are for people, `start` counts its kernels, `exit` is the last
    one's code. `final` is true when its job is over and only a new one could follow."""

    phase: KernelPhase
    words: str
    start: int = 0
    exit: int | None = None
    node: str = ""
    final: bool = False


class Keeper:
    """One run's attendant. `seed` is the connection information with its keys, as the run has it;
    `start_timeout` counts from the moment the job runs, never while it waits (seconds)."""

    def __init__(
        self,
        run: Run,
        runs: Runs,
        control: JobControl,
        relay: Relay,
        seed: Mapping[str, Any],
        *,
        watcher: Watcher,
        start_timeout: float,
    ) -> None:
        self.run = run
        self.state = KernelState("queued", "the job is being submitted")
        self._runs, self._control, self._relay = runs, control, relay
        self._seed = {**seed, "transport": "tcp"}
        self._start_timeout = start_timeout
        self._watcher = watcher
        self._unwatch: Callable[[], None] | None = None
        self._job: Job | None = None
        self._wanted = 1
        self._joined = 0
        self._ever_joined = False
        self._ended_since: float | None = None
        self._began = time.monotonic()
        self._running_since: float | None = None
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._lease_due = 0.0
        self._hurry_until = 0.0

    # --- what the provisioner asks ---------------------------------------------------------------

    async def submit(self, job: str = "") -> None:
        """Submit the job (or join `job`), and look after it from then on.

        Raises SubmitRejected and what JobControl raises; a controller that does not answer is
        asked again for as long as it takes.
        """
        try:
            if job:
                self.run = await self._control.join(self.run.id, job)
            else:
                self.run = await self._control.start(self.run.id)
        except SlurmUnavailable as error:
            self._set(KernelState("queued", f"Slurm does not answer: {error.message}"))
        except KernelkitError as error:
            self._set(KernelState("ended", error.message, final=True))
            raise
        self._task = asyncio.create_task(self._attend())

    async def relaunch(self, grace: int) -> None:
        """Have a new kernel in the same job; a queued one keeps its place in the queue."""
        if self.state.phase == "queued":
            return
        self._relay.hold()
        self._wanted = await self._control.relaunch(
            self.run.id, start=max(self._wanted, self.state.start) + 1, grace=grace
        )
        self._set(KernelState("starting", "the kernel is restarting", self.state.start))
        self._running_since = time.monotonic()
        self._wake.set()

    async def signal(self, name: str) -> None:
        """Signal the kernel's process group."""
        await self._control.signal(self.run.id, name)
        self._wake.set()

    async def end(self, reason: str) -> None:
        """End the run, and its job with it if it is the last there."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._unwatch is not None:
            self._unwatch()
        self._set(KernelState("ended", reason, self.state.start, final=True))
        self.run = await self._control.end(self.run.id, reason=reason)

    async def give_up(self, words: str) -> None:
        """End the run, because whoever restarts kernels will not do so again."""
        self._lost(words)
        self._wake.set()

    async def leave(self) -> None:
        """Look no further after the run, which goes on for as long as its lease."""
        if self._task is not None:
            self._task.cancel()

    async def until(self, *phases: KernelPhase) -> KernelState:
        """Wait until the run is in one of `phases`."""
        while self.state.phase not in phases:
            self._changed.clear()
            await self._changed.wait()
        return self.state

    def hurry(self, seconds: float = 10.0) -> None:
        """Look often for some time: the kernel is about to end or to start."""
        self._hurry_until = time.monotonic() + seconds
        self._wake.set()

    def _job_changed(self, update: JobUpdate) -> None:
        """What the watcher saw; called in the background thread."""
        self._job = update.job
        if self.state.phase == "queued":
            self._set(KernelState("queued", update.words))
        if update.phase == "ended" and not self.state.final:
            self._lost(update.words)
        self._wake.set()

    # --- looking after it --------------------------------------------------------------------------

    async def _attend(self) -> None:
        while not self.state.final:
            self._wake.clear()
            try:
                await self._look()
            except KernelFailed as error:
                self._lost(error.message)
            except KernelkitError as error:
                # A file somebody else could have written: nothing of this run is trusted now.
                self._lost(error.message)
            if self.state.final:
                break
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._interval())
        await self._record_end()

    async def _record_end(self) -> None:
        # Nobody may ever ask for the end of a run that was lost: front ends just forget it.
        with contextlib.suppress(KernelkitError):
            if self._job is None or self._job.phase != "ended":
                self.run = await self._control.end(self.run.id, reason=self.state.words)
            else:
                self._runs.allocations.leave(self.run)
                changes = {"phase": "ended", "reason": self.state.words}
                self.run = self._runs.update(self.run.id, **changes)

    def _interval(self) -> float:
        now, phase = time.monotonic(), self.state.phase
        unjoined = phase == "running" and not self._is_joined
        if phase == "starting" or unjoined or now < self._hurry_until:
            return _SOON
        if phase == "queued":
            return _OFTEN if now - self._began < _FRESH else _SELDOM
        return _SELDOM

    @property
    def _is_joined(self) -> bool:
        return self._joined == self.state.start and self._relay.is_joined

    async def _look(self) -> None:
        if time.monotonic() >= self._lease_due:
            self._runs.renew_lease(self.run)
            self._lease_due = time.monotonic() + self.run.lease / 4
        if self.run.job_id and self._unwatch is None:
            self._unwatch = self._watcher.subscribe(self.run.job_id, self._job_changed)
        if not self.run.job_id:
            with contextlib.suppress(SlurmUnavailable):
                self.run = await self._control.start(self.run.id)
        status = self._runs.read_status(self.run.id)
        if status is None:
            return
        if self._running_since is None:
            self._running_since = time.monotonic()
        if status.phase == "ended":
            if not self._may_hear_why(status):
                self._lost(_ended_words(status, self._job))
        elif status.phase == "exited" and status.start >= self._wanted:
            if not self._ever_joined:
                # Its layers or its interpreter: the same would come of every further try.
                raise KernelFailed(f"{_exit_words(status)}, before it answered")
            self._set(
                KernelState("exited", _exit_words(status), status.start, status.exit, status.node)
            )
        elif status.start >= self._wanted:
            self._greet(status)

    def _may_hear_why(self, status: Status) -> bool:
        """The run knows only that Slurm ended it; Slurm says why as soon as the job is complete."""
        now = time.monotonic()
        if status.reason != "slurm" or (self._job and self._job.phase == "ended"):
            return False
        if self._ended_since is None:
            self._ended_since = now
        self._watcher.nudge()
        return now - self._ended_since < _REASON_PATIENCE

    def _greet(self, status: Status) -> None:
        """A kernel runs: join it to the relay as soon as its connection file is whole."""
        if self._joined != status.start:
            connection = self._runs.read_connection(self.run.id, status.start)
            if connection is None:
                words = f"the kernel is starting on {status.node}"
                self._set(KernelState("starting", words, status.start, None, status.node))
                self._check_start()
                return
            self._relay.splice(accepted_connection(self._seed, connection, status.node))
            self._joined = status.start
        if self._relay.is_joined:
            self._ever_joined = True
            self._set(
                KernelState("running", f"running on {status.node}", status.start, None, status.node)
            )
        else:
            self._check_start()

    def _check_start(self) -> None:
        assert self._running_since is not None
        waited = time.monotonic() - self._running_since
        if waited > self._start_timeout:
            raise KernelFailed(
                f"The job runs, but its kernel did not answer within {self._start_timeout:g} s."
            )

    def _lost(self, words: str) -> None:
        log = self._runs.read_log(self.run.id)
        self._set(KernelState("ended", words, self.state.start, self.state.exit, final=True))
        self._relay.fail("KernelEnded", words + (f"\n\n{log}" if log else ""))

    def _set(self, state: KernelState) -> None:
        if state == self.state or self.state.final:
            return
        self.state = state
        self._changed.set()
        if state.phase in ("queued", "starting"):
            number = f"job {self.run.job_id}" if self.run.job_id else "job"
            self._relay.set_text(f"{number}: {state.words}")


_REASONS = {
    "slurm": "Slurm ended the job",
    "asked": "the kernel was stopped",
    "lease": "no server cared for it any more",
    "exited": "the kernel ended, and no other was asked for",
    "address": "its node has no address in the network for kernels",
    "files": "its node cannot write the run's files",
    "requeued": "Slurm requeued the job",
}


def _ended_words(status: Status, job: Job | None) -> str:
    if job is not None and job.phase == "ended":
        return end_in_words(job)
    words = _REASONS.get(status.reason, status.reason or "the run ended")
    return f"{words} (node {status.node})" if status.node else words


def _exit_words(status: Status) -> str:
    return f"the kernel ended with exit code {status.exit} on {status.node}"
