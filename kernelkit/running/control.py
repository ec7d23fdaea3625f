"""What is done to a run: its job is submitted once, its kernels are started again, all of it ends.

Every method may be called again: what is done already is not done twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import msgspec

from ..errors import KernelFailed, KernelkitError, NotFound, NotPermitted, SlurmUnavailable
from ..names import printable
from ..slurm.client import Slurm
from ..slurm.job_script import JobSettings, render_job_script
from .faults import may_pass
from .orphans import is_abandoned
from .records import JOB_NAME_PREFIX, Run, Server, Status
from .runs import Runs

log = logging.getLogger(__name__)

# Seconds for which whole answers lack a job, until it is sure that none comes any more: a busy
# controller works on what it was sent for no longer than its clients wait (MessageTimeout, 10 s).
LATE = 30.0
_SUBMISSIONS = 3
# Seconds that whoever asks a supervisor for something waits for Slurm to wake it.
_WAKE_PATIENCE = 1.0


@dataclass(frozen=True)
class ControlSettings:
    """The site's settings that a job is made with; see slurm.job_script.JobSettings."""

    interface: str = ""
    network: str = ""
    grace: int = 10
    gpu_interval: int = 0


class JobControl:
    """Slurm and the run directories together, for one process. Owned by the provisioner and CLI."""

    def __init__(self, slurm: Slurm, runs: Runs, settings: ControlSettings | None = None) -> None:
        self.slurm = slurm
        self.runs = runs
        self.settings = settings or ControlSettings()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # Runs whose job a whole answer of Slurm did not have, since when (time.monotonic()).
        self._missed: dict[str, float] = {}
        self._waking: set[asyncio.Task[None]] = set()

    # --- a job of its own ------------------------------------------------------------------------

    async def start(self, run_id: str) -> Run:
        """Submit the run's job and record the id.

        Raises SubmitRejected, and SlurmUnavailable when it is not known whether there is a job:
        call again then, and it is looked for by its name. One that Slurm certainly does not have
        is submitted again, by another name, so that two never serve one run (decision 027);
        raises KernelFailed after some such submissions.
        """
        async with self._alone(run_id):
            run = self.runs.load(run_id)
            if run.job_id:
                return run
            if run.phase in ("ending", "ended"):
                raise KernelFailed(f"The run `{run_id}` has ended.", hint="Start the kernel again.")
            if run.submits and (found := await self._find(run)):
                return found
            if run.submits:
                run = self._give_up_job(run)
            return await self._submit(run)

    async def _submit(self, run: Run) -> Run:
        submits = run.submits + 1
        with contextlib.nullcontext() if run.submits else self._or_nothing(run):
            with self.runs.allocations.locked(run.job_name):
                self.runs.allocations.join(run, run.job_name, idle=run.idle)
            self.runs.update(run.id, submits=submits)
        script = render_job_script(
            JobSettings(
                run_root=str(self.runs.root),
                job_name=run.job_name,
                grace=self.settings.grace,
                interface=self.settings.interface,
                network=self.settings.network,
                gpu_interval=self.settings.gpu_interval,
            )
        )
        directory = self.runs.directory(run.id)
        try:
            job_id = await self.slurm.submit(
                run.resources, script, job_name=run.job_name, log=str(directory / "log"),
                directory=run.cwd or str(Path.home()),
            )  # fmt: skip
        except SlurmUnavailable as error:
            if error.unsent:
                self.runs.update(run.id, submits=run.submits)
            raise
        except KernelkitError as error:
            self._leave(run)
            self._noted(run, phase="ended", reason=error.message, end_code="REFUSED")
            raise
        # Where its record cannot say so now, the job is found by its name.
        return self._noted(run, submits=submits, job_id=job_id, phase="queued")

    @contextlib.contextmanager
    def _or_nothing(self, run: Run) -> Iterator[None]:
        """A run that gets no job because its files cannot be written is removed: it could not even
        be recorded that it has ended."""
        try:
            yield
        except KernelkitError as error:
            if may_pass(error):
                self.runs.remove(run.id)
            raise

    def _noted(self, run: Run, **changes: Any) -> Run:
        """The record with these changes, written or, while that cannot be done, not."""
        try:
            return self.runs.update(run.id, **changes)
        except KernelkitError as error:
            if not may_pass(error):
                raise
            log.warning("Run %s: its record is not up to date. %s", run.id, error.message)
            return msgspec.structs.replace(run, **changes)

    async def _find(self, run: Run) -> Run | None:
        """The run with its job, that was submitted when the answer, or the server, got lost; None
        where Slurm does not have it and never will. Raises SlurmUnavailable before that is sure."""
        status = self.runs.read_status(run.id)
        told = status.job if status else ""
        if job_id := told or await self.slurm.find_by_name(run.job_name):
            self._missed.pop(run.id, None)
            return self._noted(run, job_id=job_id, phase="queued")
        now = time.monotonic()
        if now - self._missed.setdefault(run.id, now) < LATE:
            raise SlurmUnavailable(
                f"Slurm does not show the job `{run.job_name}` that was sent to it.",
                hint="It is looked for again.",
            )
        del self._missed[run.id]
        return None

    def _give_up_job(self, run: Run) -> Run:
        """The run without the job that Slurm does not have. Should that one come all the same, it
        finds no run below its name and ends at once."""
        if run.submits >= _SUBMISSIONS:
            raise KernelFailed(
                f"Slurm lost the job {run.submits} times: it did not answer, and has no such job.",
                hint="Start the kernel again; `sdiag` shows whether the controller is overloaded.",
            )
        with self.runs.allocations.locked(run.job_name):
            self.runs.allocations.leave(run)
        return self.runs.update(run.id, job_name=f"{JOB_NAME_PREFIX}{run.id}-{run.submits + 1}")

    # --- a job of others -------------------------------------------------------------------------

    async def join(self, run_id: str, job: str) -> Run:
        """Start the run in a job that is there already, given by its id, its name or a run's id.

        Raises NotFound when no kernel of ours runs there, or it takes no more.
        """
        async with self._alone(run_id):
            run = self.runs.load(run_id)
            if run.job_id:
                return run
            hosts = [*self.runs.of_job(job), *self._run_named(job)]
            host = next((h for h in hosts if h.id != run_id and self._may_host(h)), None)
            with self._or_nothing(run):
                if host is None or not self._enter(run, host):
                    raise NotFound(
                        f"No job `{printable(job)[:40]}` of yours can take another kernel.",
                        hint="`kernelkit jobs` shows which can.",
                    )
                run = self.runs.update(
                    run_id, job_name=host.job_name, job_id=host.job_id, phase="queued",
                    resources=host.resources,
                )  # fmt: skip
        await self.look(run)
        return run

    def _may_host(self, host: Run) -> bool:
        # A job that was told to stay idle has nobody but runs that have ended to be known by.
        kept = host.phase == "ended" and self.runs.allocations.is_kept(host.job_name)
        return host.phase in _LIVING or kept

    def _enter(self, run: Run, host: Run) -> bool:
        if not host.job_id:
            return False
        with self.runs.allocations.locked(host.job_name):
            there = self.runs.allocations.members(host.job_name)
            kept = self.runs.allocations.is_kept(host.job_name)
            return bool(there or kept) and self.runs.allocations.join(run, host.job_name)

    def _run_named(self, run_id: str) -> list[Run]:
        with contextlib.suppress(KernelkitError):
            return [self.runs.load(run_id)]
        return []

    # --- its kernel ------------------------------------------------------------------------------

    async def relaunch(self, run_id: str, *, start: int | None = None, grace: int = 0) -> int:
        """Have another kernel in the same job; returns the number of its start.

        A kernel that runs gets `grace` seconds to end by itself, then TERM, then KILL. `start`
        says which start is wanted: to ask for the same one again only shortens the grace. While
        the job waits there is nothing to do: its place in the queue is kept. Raises KernelFailed
        when the run has ended.
        """
        wanted = self.ask_for_kernel(run_id, start=start, grace=grace)
        await self.look(self.runs.load(run_id))
        return wanted

    def ask_for_kernel(self, run_id: str, *, start: int | None, grace: int) -> int:
        """What `relaunch` writes, which the supervisor reads within seconds."""
        run = self.runs.load(run_id)
        status = self.runs.read_status(run_id)
        if run.phase in ("ending", "ended") or (status and status.phase == "ended"):
            raise KernelFailed(
                f"The run `{run_id}` has ended{_because(run, status)}.",
                hint="Start the kernel again; it gets a new job.",
            )
        if status is None:
            return 1
        wanted = status.start + 1 if start is None else start
        if wanted > status.start:
            self.runs.request(run_id, "relaunch", wanted, grace)
        return wanted

    async def signal(self, run_id: str, name: str, *, start: int | None = None) -> bool:
        """Signal the kernel's process group with INT, TERM or KILL; False when none runs.

        `start` says which start's kernel is meant, if not the present one: one that has followed
        it meanwhile is left alone.
        """
        if name not in ("INT", "TERM", "KILL"):
            raise NotPermitted(f"`{printable(name)[:20]}` is no signal for a kernel.")
        run = self.runs.load(run_id)
        status = self.runs.read_status(run_id)
        if run.phase == "ended" or status is None or status.phase != "running":
            return False
        self.runs.request(run_id, "signal", name, status.start if start is None else start)
        await self.look(run)
        return True

    async def look(self, run: Run) -> None:
        """Wake the supervisor. It looks within seconds anyway, so a failure is no matter, and nobody
        waits long for a Slurm that takes its time."""
        # Before the supervisor's first word there is no trap yet, and USR1 would end the job.
        with contextlib.suppress(KernelkitError):
            members = self.runs.allocations.members(run.job_name) | {run.id}
            if run.job_id and any(self.runs.read_status(each) for each in members):
                waking = asyncio.create_task(self._wake(run.job_id))
                self._waking.add(waking)
                waking.add_done_callback(self._waking.discard)
                await asyncio.wait([waking], timeout=_WAKE_PATIENCE)

    async def _wake(self, job_id: str) -> None:
        with contextlib.suppress(KernelkitError):
            await self.slurm.signal(job_id, "USR1")

    # --- the end ---------------------------------------------------------------------------------

    async def end(self, run_id: str, *, reason: str = "", code: str = "SHUT_DOWN") -> Run:
        """End a run, and with the last run its job: one scancel, whatever its state.

        Raises SlurmUnavailable when Slurm could not be told; the record then says `ending`, and
        the next call tries again. A disk that is full keeps no job: Slurm is told all the same.
        """
        # Before anything is waited for, even its submission: should this process end meanwhile, the
        # next one must not take the kernel for one that is wanted.
        self._note_ending(run_id, reason, code)
        async with self._alone(run_id):
            run = self._note_ending(run_id, reason, code)
            if run.phase == "ended":
                return run
            if run.submits and not run.job_id:
                # Only a complete answer without the job lets this end without a cancel.
                run = await self._find_to_end(run)
            with self.runs.allocations.locked(run.job_name):
                try:
                    self.runs.request(run_id, "stop")
                except KernelkitError as error:
                    # Without it, and with others in the job, nobody would end this kernel.
                    if not may_pass(error) or self._is_shared(run):
                        raise
                shared = self._is_shared(run)
                if shared and self.runs.read_status(run_id) is None:
                    self.runs.allocations.leave(run)  # it never started, so nobody has to stop it
            if run.job_id:
                await (self.look(run) if shared else self.slurm.cancel([run.job_id]))
            if not shared:
                self._leave(run)
            return self._noted(run, phase="ended", reason=run.reason, end_code=run.end_code)

    def _note_ending(self, run_id: str, reason: str, code: str) -> Run:
        run = self.runs.load(run_id)
        if run.phase == "ended":
            return run
        return self._noted(
            run, phase="ending", reason=run.reason or reason, end_code=run.end_code or code
        )

    def _leave(self, run: Run) -> None:
        """Take the last run out of a job that ends; what cannot be removed now goes with the run."""
        try:
            self.runs.allocations.leave(run)
        except KernelkitError as error:
            log.warning("The directory of job %s is left. %s", run.job_name, error.message)

    def end_now(self, run_id: str) -> None:
        """`end` for a process that is about to exit: the supervisor of a kernel that runs is told
        by file alone, and only a job that waits by Slurm, synchronously."""
        run = self.runs.load(run_id)
        if run.phase == "ended":
            return
        run = self.runs.update(
            run_id,
            phase="ending",
            reason=run.reason or "its client ended",
            end_code=run.end_code or "SHUT_DOWN",
        )
        self.runs.request(run_id, "stop")
        if self.runs.read_status(run_id) is None and run.job_id and not self._is_shared(run):
            self.slurm.cancel_now([run.job_id])
            self.runs.allocations.leave(run)
        self.runs.update(run_id, phase="ended")

    def _is_shared(self, run: Run) -> bool:
        others = self.runs.allocations.members(run.job_name) - {run.id}
        status = self.runs.read_status(run.id)
        kept = self.runs.allocations.is_kept(run.job_name) and status is not None
        return bool(others) or kept

    async def _find_to_end(self, run: Run) -> Run:
        found = await self.slurm.find_by_name(run.job_name)
        return self._noted(run, job_id=found) if found else run

    # --- another server --------------------------------------------------------------------------

    async def adopt(self, run_id: str, server: Server, *, kernel_id: str = "") -> Run:
        """Make a run this server's, with its kernel as it is; of several who try, one gets it.

        Raises NotPermitted while a server cares for it (this one, too), and KernelFailed when it
        has ended or never had a job.
        """

        def claim(run: Run) -> None:
            self.check_free(run)
            # Before the record says so: on another host the lease alone tells that it is taken.
            self.runs.renew_lease(run)

        async with self._alone(run_id):
            run = self.runs.load(run_id)
            self.check_free(run)
            if not run.job_id and not await self._find(run):
                raise KernelFailed(
                    f"Slurm does not have the job `{run.job_name}`.", hint="Start the kernel again."
                )
            return self.runs.update(
                run_id, check=claim, server=server, kernel_id=kernel_id or run.kernel_id
            )

    def check_free(self, run: Run) -> None:
        """Raise what `adopt` would raise, as the run is now."""
        status = self.runs.read_status(run.id)
        ended = run.phase in ("ending", "ended") or (status and status.phase == "ended")
        if ended or not (run.job_id or run.submits):
            raise KernelFailed(
                f"The run `{run.id}` has {'ended' if ended else 'no job'}{_because(run, status)}.",
                hint="Start the kernel again; it gets a new job.",
            )
        if not is_abandoned(self.runs, run):
            raise NotPermitted(
                f"The run `{run.id}` belongs to a server that still runs, "
                f"process {run.server.pid} on `{run.server.host}`.",
                hint="Use the kernel there, or end that server first.",
            )

    @contextlib.asynccontextmanager
    async def _alone(self, run_id: str) -> AsyncIterator[None]:
        # Threads of one process may each have a loop; a lock of asyncio belongs to one.
        key = f"{run_id} {id(asyncio.get_running_loop())} {os.getpid()}"
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            yield


_LIVING = ("queued", "running")


def _because(run: Run, status: Status | None) -> str:
    reason = run.reason or (status.reason if status else "")
    return f": {reason}" if reason else ""
