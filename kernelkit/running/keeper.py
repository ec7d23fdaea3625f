"""Looks after one run from its submission to its end: has its kernel joined to the relay and told
of, and keeps its lease. Runs in the background thread; knows nothing of Jupyter's managers."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..errors import KernelFailed, KernelkitError, NotFound, SlurmUnavailable
from ..files import explained
from ..slurm.states import Job
from ..slurm.tracking import JobUpdate
from ..slurm.watcher import Watcher
from . import ends
from .control import JobControl
from .ending import Ending
from .faults import advice_against, may_pass
from .joining import Joining
from .kernel_state import KernelPhase, KernelState, RunEnd
from .lease import Lease
from .looks import Looks
from .news import RunNews
from .pace import Pace
from .records import Run, Status
from .relay import Relay
from .runs import Runs
from .servers import this_server
from .signals import Signals
from .telling import Telling

# How long the news of an end waits for Slurm's reason: a job completes within its KillWait and the
# site's epilog, and the queue is read at most every few seconds.
_REASON_PATIENCE = 15.0


class Keeper:
    """One run's attendant. `seed` is the connection information with its keys, as the run has it;
    `start_timeout` counts from the moment the job runs, never while it waits (seconds). `tell`
    hears all news of the run; `warn_in_output` warns of the job's end in the running cell, too."""

    def __init__(
        self,
        run: Run,
        runs: Runs,
        control: JobControl,
        relay: Relay,
        seed: Mapping[str, Any],
        *,
        watcher: Watcher,
        pace: Pace,
        start_timeout: float,
        tell: Callable[[RunNews], None],
        warn_in_output: bool = False,
    ) -> None:
        self.run = run
        self._runs, self._control, self._relay = runs, control, relay
        self._joining = Joining(runs, relay, seed, start_timeout=start_timeout)
        self._telling = Telling(relay, tell, warn_in_output=warn_in_output)
        self._watcher = watcher
        self._looks = Looks(run.id, pace)
        self._unwatch: Callable[[], None] | None = None
        self._wanted = 1
        self._may_end = False
        self._ended_since: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._lease = Lease(runs)
        self._signals = Signals(run.id, control, relay)
        self._ending = Ending(run.id, control)
        self._is_ours = True

    @property
    def state(self) -> KernelState:
        """How the run stands; may be read in any thread."""
        return self._telling.state

    # --- what the provisioner asks ---------------------------------------------------------------

    async def submit(self, job: str = "") -> None:
        """Submit the job (or join `job`), and look after it from then on.

        Raises SubmitRejected and what JobControl raises; a controller that does not answer is
        asked again for as long as it takes.
        """
        self._telling.publish(self.run)
        try:
            if job:
                self.run = await self._control.join(self.run.id, job)
            else:
                self.run = await self._control.start(self.run.id)
        except SlurmUnavailable as error:
            self._set(KernelState("queued", f"Slurm does not answer: {error.message}"))
        except KernelkitError as error:
            end = ends.end_by_fault(error)
            if not self.state.final:  # else they wait for what has followed it
                # Cells may wait already: whoever asked for this has not waited for Slurm's answer.
                self._relay.fail("KernelEnded", end.text)
            self._end_with(end)
            raise
        self._telling.publish(self.run)
        self._task = asyncio.create_task(self._attend())

    async def adopt(self, kernel_id: str) -> None:
        """Take the run over, with its kernel as it is, and look after it from then on.

        Raises what JobControl.adopt raises.
        """
        server = msgspec.structs.replace(this_server(), token=secrets.token_hex(8))
        self.run = await self._control.adopt(self.run.id, server, kernel_id=kernel_id)
        if status := self._runs.read_status(self.run.id):
            self._wanted = status.start
            self._joining.take_over(status.start)
        # At once: whoever has it now may interrupt its cell before anything else is done.
        await self._look_safely()
        self._task = asyncio.create_task(self._attend())

    async def relaunch(self, grace: int, *, after: int = 0) -> None:
        """Have a new kernel in the same job; a queued one keeps its place in the queue.

        `after` is the start whose kernel it is to follow: one that has followed it already, as
        `expect_restart` asked, is the new one. Raises KernelFailed for a run that has ended, and
        what the writing of a request raises.
        """
        there = after and self._newest > after and self.state.phase in ("starting", "running")
        if there or self.state.phase == "queued":
            return
        # Asked for first: while that cannot be written, the kernel stays as it is.
        self._control.ask_for_kernel(self.run.id, start=self._newest + 1, grace=grace)
        self._follow(self._newest + 1)
        await self._control.look(self.run)
        self._looks.now()

    @property
    def _newest(self) -> int:
        return max(self._wanted, self.state.start)

    def _follow(self, start: int) -> None:
        """Kernel number `start` takes the place of the one before it, and front ends wait for it."""
        self._signals.forget()
        self._relay.hold()
        self._wanted = start
        self._set(KernelState("starting", "the kernel is restarting", self.state.start))
        self._joining.expect(anew=True)
        self._looks.wait_anew()

    async def signal(self, name: str, *, start: int = 0) -> None:
        """Signal the process group of the kernel, or of kernel number `start`: never that of one
        which has followed it meanwhile. An interrupt ends the cells that wait, where front ends have
        no kernel: the launch script of one that is still starting would end by it."""
        if name == "INT" and not self._relay.is_joined:
            self._relay.interrupt()  # it knows, and comes back with `interrupt`
            return
        self._may_end = self._may_end or name != "INT"
        await self._send(name, start)

    async def _send(self, name: str, start: int) -> None:
        await self._signals.send(name, start or self.state.start or None)
        self._looks.now()

    async def interrupt(self) -> None:
        """The relay says that an interrupt is for the kernel."""
        with contextlib.suppress(KernelkitError):
            await self._send("INT", 0)

    async def end(self, reason: str) -> None:
        """End the run, and its job with it if it is the last there; not one that was left.

        Raises what Ending.tell raises.
        """
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._unwatch is not None:
            self._unwatch()
        self._end_with(ends.shut_down(reason))
        if self._is_ours:
            with contextlib.suppress(NotFound):  # it never came as far as a job
                self.run = await self._ending.tell(reason)

    async def give_up(self) -> None:
        """End the run, because whoever restarts kernels will not do so again."""
        self._lost(ends.given_up(self.state.words))
        self._looks.now()

    async def leave(self) -> None:
        """Look no further after the run, which lives on for a whole lease, or as long as it is kept.

        Its front ends are left, too: nobody may end it by a message from here on.
        """
        self._is_ours = False
        if self._task is not None:
            self._task.cancel()
        if self._unwatch is not None:
            self._unwatch()
        self._relay.stop()
        with contextlib.suppress(KernelkitError):  # it lives on for what is left of a lease, then
            self._lease.renew(self.run)
        self._end_with(ends.left())

    async def until(self, *phases: KernelPhase) -> KernelState:
        """Wait until the run is in one of `phases`."""
        return await self._telling.until(*phases)

    def expect_end(self) -> None:
        """Somebody asked the kernel to end: look often, and tell nobody that it did."""
        self._may_end = True
        self._looks.hurry()

    async def expect_restart(self, grace: int) -> None:
        """Somebody asked the kernel to end, and will want another one: have it start in the moment
        in which this one has ended, or after `grace` seconds. `relaunch` then only waits for it."""
        self.expect_end()
        if self.state.phase == "running":
            with contextlib.suppress(KernelkitError):
                await self._control.relaunch(self.run.id, start=self._newest + 1, grace=grace)

    def look_now(self) -> None:
        """Look at once: something has happened."""
        self._looks.now()

    def _job_changed(self, update: JobUpdate) -> None:
        """What the watcher saw; called in the background thread."""
        self._telling.hear(self.run, update)
        if update.phase == "ended" and not self.state.final:
            end = ends.end_of_job(update)
            if self._is_silent():
                end = ends.without_a_word(end, self._runs.root)
            self._lost(end)
        self._looks.now()

    def _is_silent(self) -> bool:
        """Whether neither the run's supervisor nor Slurm has ever written anything for it."""
        with contextlib.suppress(KernelkitError):
            return not (self._runs.read_status(self.run.id) or self._runs.read_log(self.run.id))
        return False

    # --- looking after it --------------------------------------------------------------------------

    async def _attend(self) -> None:
        try:
            await self._look_until_end()
        finally:
            self._looks.wait_anew()
        if self._is_ours:
            await self._record_end()

    async def _look_until_end(self) -> None:
        while not self.state.final:
            self._looks.begin()
            await self._look_safely()
            if self.state.final:
                break
            phase = self.state.phase
            joining = phase == "running" and not self._joining.is_done(self.state.start)
            await self._looks.until_next(phase, joining=joining)

    async def _record_end(self) -> None:
        # Nobody may ever ask for the end of a run that was lost: front ends just forget it.
        words, code = self.state.words, self.state.end.code if self.state.end else ""
        update = self._telling.update
        with contextlib.suppress(KernelkitError):
            # A job that was put back into the queue ended for us, and not for Slurm.
            if update is None or update.job.phase != "ended":
                self.run = await self._ending.tell(words, code)
            else:
                self.run = self._runs.update(
                    self.run.id, phase="ended", reason=words, end_code=code
                )
                self._runs.allocations.leave(self.run)

    @property
    def _job(self) -> Job | None:
        """What Slurm said last."""
        return self._telling.update.job if self._telling.update else None

    async def _look_safely(self) -> None:
        trouble = ""
        try:
            with explained(self._runs.directory(self.run.id), "Looking"):
                await self._look()
        except KernelkitError as error:
            if not may_pass(error):
                # It did not start, or a file is one that somebody else could have written: nothing
                # of this run is trusted then.
                self._lost(ends.end_by_fault(error))
                return
            trouble = f"{error.message} {advice_against(error)}"
        of_lease = self._lease.trouble
        self._telling.trouble(self.run, of_lease or trouble, in_output=bool(of_lease))

    async def _look(self) -> None:
        if not self._lease.keep(self.run):
            self._is_ours = False
            self._lost(ends.taken_over())
            return
        if self.run.job_id and self._unwatch is None:
            self._unwatch = self._watcher.subscribe(self.run.job_id, self._job_changed)
        if not self.run.job_id and self._looks.may_ask():
            with contextlib.suppress(SlurmUnavailable):
                self.run = await self._control.start(self.run.id)
        self._telling.look_at_clock(self.run)
        status = self._runs.read_status(self.run.id)
        if status is None:
            return
        self._joining.expect()
        if status.phase == "ended":
            if not self._may_hear_why(status):
                self._lost(ends.end_of_run(status, self._job))
        elif status.phase == "exited" and status.start >= self._wanted:
            if not self._joining.ever:
                # Its layers or its interpreter: the same would come of every further try.
                raise KernelFailed(f"{ends.exit_of_kernel(status).words}, before it answered")
            self._exited(status)
        elif status.start >= self._wanted:
            await self._greet(status)

    async def _greet(self, status: Status) -> None:
        """A kernel runs, or starts, whoever asked for it."""
        if status.start > self._newest:
            self._follow(status.start)
        if state := await self._joining.greet(self.run, status):
            self._may_end = self._may_end and state.start == self.state.start
            if state != self.state and self._job and self._job.phase in ("pending", "starting"):
                # The run's word is newer, and only Slurm knows when the job will end.
                self._watcher.nudge()
            self._set(state)

    def _may_hear_why(self, status: Status) -> bool:
        """The run knows only that Slurm ended it; Slurm says why as soon as the job is complete."""
        now = time.monotonic()
        if status.reason != "slurm" or (self._job and self._job.phase == "ended"):
            return False
        if self._ended_since is None:
            self._ended_since = now
        self._watcher.nudge()
        return now - self._ended_since < _REASON_PATIENCE

    def _exited(self, status: Status) -> None:
        """A kernel has ended in a job that lives; whoever wants another one asks for it."""
        if self.state.phase == "exited" and self.state.start == status.start:
            return
        end = ends.exit_of_kernel(status, asked=self._may_end)
        self._set(KernelState("exited", end.words, status.start, status.exit, status.node))
        if self._may_end:
            return
        if status.exit:  # what left by itself, with 0, has nothing to say of it
            end = ends.with_log(end, self._runs.read_log(self.run.id))
        self._relay.fail("KernelEnded", end.text)

    def _lost(self, end: RunEnd) -> None:
        end = ends.with_log(end, self._runs.read_log(self.run.id))
        self._end_with(end)
        self._relay.fail("KernelEnded", end.text)

    def _end_with(self, end: RunEnd) -> None:
        self._signals.forget()
        last = self.state
        self._set(KernelState("ended", end.words, last.start, last.exit, last.node, end))

    def _set(self, state: KernelState) -> None:
        self._telling.set(self.run, state)
