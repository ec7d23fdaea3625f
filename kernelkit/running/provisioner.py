"""jupyter_client's provisioner contract for a kernel in a Slurm job, and nothing else.

Who calls what (jupyter_client 8.6 to 8.10): start is pre_launch, launch_kernel, post_launch. A
restart is shutdown_requested(True), poll until dead, cleanup(True), pre_launch, launch_kernel. A
crash found by the restarter is kill(False), cleanup(True), pre_launch, launch_kernel. A shutdown
is shutdown_requested(False), poll, maybe terminate and kill, cleanup(False). Only that last call
ends the job. What the manager calls to end a kernel never raises: a DELETE would answer 500, and
the kernel stay listed for ever.

start_kernel takes two keywords of ours, which the manager repeats at every restart:
`kernelkit_options` (see options.launch_options), and `kernelkit_attach`, the id of a run that no
server cares for any more: its kernel is taken over as it is, once, and nothing is submitted.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.multikernelmanager import MultiKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase

from ..errors import KernelFailed, KernelkitError
from ..model import Resources
from .background import on_disk
from .desk import desk
from .front import Front, new_seed
from .keeper import Keeper
from .kernel_state import KernelState
from .options import RunOptions, launch_options, options_of_run, parse_options
from .records import Run

# How long a request waits for sbatch before it goes on without it, in seconds: a refusal mostly
# comes at once and is then the answer; a slow controller must not hold up the front end.
_SUBMIT_PATIENCE = 5.0
# A kernel that is asked to end gets this long (seconds) before TERM, when it is to be restarted.
_RESTART_GRACE = 4
# Seconds until the sockets close after a death, so that front ends still receive the reason.
_LAST_WORDS = 1.0

ATTACH, OPTIONS = "kernelkit_attach", "kernelkit_options"

_SIGNALS = {signal.SIGINT: "INT", signal.SIGTERM: "TERM", signal.SIGKILL: "KILL"}


class SlurmProvisioner(KernelProvisionerBase):  # type: ignore[misc, unused-ignore]
    """A kernel whose job may still be waiting: the relay is its process, as far as anyone sees."""

    _opened: Front | None = None
    _started = 0
    _limit: int | None = None
    _forgetting: asyncio.Task[None] | None = None
    _dead: int | None = None
    _options: RunOptions | None = None
    # The run to take over, and its seed; then the run that was.
    _attach: tuple[Run, dict[str, Any]] | None = None
    # What the next start is to ask for, in a new job.
    _asked: Resources | None = None
    _adopted: Run | None = None

    def __init__(self, **kwargs: Any) -> None:
        # The stanza's whole config comes as keywords. What is no trait, traitlets will refuse one
        # day; options.parse_options reads it from the kernelspec, and refuses what it cannot use.
        super().__init__(**{name: kwargs[name] for name in kwargs if self.has_trait(name)})

    @property
    def _manager(self) -> Any:
        """The KernelManager; jupyter_client sets it as the parent of every provisioner."""
        return self.parent

    @property
    def _front(self) -> Front:
        if self._opened is None:
            self._opened = Front(self.kernel_spec, self.kernel_id)
        return self._opened

    @property
    def _keeper(self) -> Keeper | None:
        return self._front.keeper

    # --- what the manager asks at any time -------------------------------------------------------

    @property
    def has_process(self) -> bool:
        return self._keeper is not None

    async def poll(self) -> int | None:
        """None while the kernel lives, waits or restarts; reads only what the keeper knows."""
        keeper = self._keeper
        if keeper is None:
            return 0
        if self._dead is not None:
            return self._dead
        state = keeper.state
        if state.phase == "ended":
            self._report_once()
            return state.exit or 1
        if state.phase == "exited" or state.start > self._started > 0:
            self._leaving = 0
            return state.exit or 0
        if state.phase == "running":
            self._started = state.start
        return None

    async def wait(self) -> int | None:
        return await self.poll()

    def _report_once(self) -> None:
        # A job that is over is never submitted again unasked: the restarter is to report the
        # death, not to start six jobs in 25 s. `autorestart=False` would report nothing.
        restarter = getattr(self.parent, "_restarter", None)
        if restarter is not None and self._limit is None:
            self._limit, restarter.restart_limit = restarter.restart_limit, 0

    def _given_up(self) -> None:
        """The restarter restarts no more, and a server forgets the kernel without a cleanup."""
        keeper = self._keeper
        if keeper is None:
            return
        self._front.give_up()

        async def forget() -> None:
            await asyncio.sleep(_LAST_WORDS)
            if self._keeper is keeper:
                await self._forget()

        with contextlib.suppress(RuntimeError):
            self._forgetting = asyncio.get_running_loop().create_task(forget())

    # --- another job -------------------------------------------------------------------------------

    @property
    def run_id(self) -> str:
        """The run that this kernel is at present; empty for none."""
        return self._keeper.run.id if self._keeper is not None else ""

    def ask_for(self, resources: Resources) -> None:
        """Have the next start, or restart, in a new job that asks for this."""
        self._asked = resources

    # --- start -------------------------------------------------------------------------------------

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Open the relay's sockets for the manager, once; a restart finds them where they were.

        Raises what the options of the kernelspec or of this launch are refused with, NotFound for a
        run that is not there, and for one that cannot be taken over what JobControl.adopt raises.
        """
        manager = self._manager
        attach, given = kwargs.pop(ATTACH, ""), kwargs.pop(OPTIONS, None)
        self._options = launch_options(parse_options(self.kernel_spec), given or {})
        self._passed = dict(kwargs.get("env") or {})
        if self._keeper is not None and self._keeper.state.final:
            await self._forget()
        if self._adopted is not None:
            self._options = options_of_run(self._options, self._adopted)
        if self._asked is not None:
            self._options = msgspec.structs.replace(self._options, resources=self._asked, in_job="")
        elif attach and self._adopted is None:
            self._attach = _, seed = await on_disk(partial(_read_run, attach))
            manager.session.key = seed["key"].encode()
            manager.session.signature_scheme = seed["signature_scheme"]
        # Every time: the restarter takes new ports for a kernel that ends within its first 10 s.
        session = manager.session
        info = self._front.address(session.key.decode(), session.signature_scheme)
        manager.transport, manager.ip = "ipc", info["ip"]
        for name in ("shell", "iopub", "stdin", "hb", "control"):
            setattr(manager, f"{name}_port", info[f"{name}_port"])
        await on_disk(self._put_address)
        return await super().pre_launch(cmd=[], **kwargs)

    def _put_address(self) -> None:
        self._front.lay()
        self._manager.write_connection_file()

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Submit the job, or have a new kernel in it; returns while the job still waits.

        Raises SubmitRejected when Slurm refuses at once. For a client that gives its cells a time
        limit (nbclient, papermill), `wait = auto` waits here for the kernel instead.
        """
        self._dead = None
        if self._keeper is None:
            try:
                await self._begin(kwargs)
            except asyncio.CancelledError:  # by a server that stops, or whoever had no patience
                await self.cleanup(restart=False)
                raise
        elif self._asked is not None:
            await self._change_jobs(kwargs)
        else:
            self._started = 0
            grace = 0 if self._was_killed else _RESTART_GRACE
            await self._front.relaunch(grace, after=self._to_follow)
        self._was_killed, self._to_follow, self._leaving = False, 0, 0
        if self._asked is not None and self._keeper is not None:
            # Later starts ask for the same.
            self._adopted, self._asked = self._keeper.run, None
        info: KernelConnectionInfo = self._manager.get_connection_info()
        return info

    _was_killed = False
    # The start whose kernel was asked to end in a restart; the same until the manager saw its end.
    _to_follow = _leaving = 0

    async def _begin(self, kwargs: dict[str, Any]) -> None:
        assert self._options
        if self._attach is not None:
            await self._take_over(*self._attach)
        else:
            await self._submit(self._options, kwargs)
        if self._waits(self._options):
            await self._until_running()

    async def _change_jobs(self, kwargs: dict[str, Any]) -> None:
        """Go on in a new job, behind the same relay: front ends wait for it as for the first."""
        assert self._options
        self._started = 0
        await self._front.end("its kernel was restarted in a new job", hold=True)
        await self._submit(self._options, kwargs)
        if self._waits(self._options):
            await self._until_running()

    async def _take_over(self, run: Run, seed: dict[str, Any]) -> None:
        try:
            await self._front.take_over(run, seed, with_client=not self._is_of_server)
        except KernelkitError:
            self._front.close()
            raise
        assert self._keeper
        self._adopted, self._attach = self._keeper.run, None

    async def _submit(self, options: RunOptions, kwargs: dict[str, Any]) -> None:
        manager = self._manager
        key, scheme = manager.session.key.decode(), manager.session.signature_scheme
        encrypted = options.wire != "plain"
        try:
            # Clients of their own may leave with a shutdown_request to the kernel and no word to us.
            await self._front.submit(
                options,
                new_seed(key, scheme, manager.kernel_name, encrypted=encrypted),
                str(kwargs.get("cwd") or Path.cwd()),
                self._passed,
                patience=None if self._waits(options) else _SUBMIT_PATIENCE,
                with_client=not self._is_of_server,
            )
        except KernelkitError:
            await self.cleanup(restart=False)
            raise

    def _waits(self, options: RunOptions) -> bool:
        if options.wait != "auto":
            return options.wait == "always"
        return not self._is_of_server

    @property
    def _is_of_server(self) -> bool:
        # A server keeps its managers in a MultiKernelManager and shows the state itself.
        return isinstance(self._manager.parent, MultiKernelManager)

    async def _until_running(self) -> None:
        assert self._keeper
        said = ""
        while True:
            state: KernelState = self._keeper.state
            if state.phase == "running":
                return
            if state.phase in ("ended", "exited"):
                log = self._front.log()
                await self.cleanup(restart=False)
                # Clients show the text of an exception and nothing else of it.
                raise KernelFailed(f"The kernel did not start: {state.why(log)}")
            if state.words != said and sys.stderr.isatty():
                said = state.words
                print(f"kernelkit: job {self._keeper.run.job_id}: {said}", file=sys.stderr)
            await asyncio.sleep(0.1)

    async def post_launch(self, **kwargs: Any) -> None:
        await super().post_launch(**kwargs)
        manager = self._manager
        manager.remove_restart_callback(self._given_up, "dead")
        manager.add_restart_callback(self._given_up, "dead")
        if self._limit is not None:
            manager._restarter.restart_limit, self._limit = self._limit, None

    # --- end ---------------------------------------------------------------------------------------

    async def send_signal(self, signum: int) -> None:
        """Signal the kernel through its supervisor; an interrupt ends the cells that wait for one.

        Raises KernelkitError for an interrupt that somebody asked for and that cannot be written.
        """
        name = _SIGNALS.get(signal.Signals(signum)) if signum else None
        if name and self._dead is None:
            if name != "INT" and not self._leaving:
                self._to_follow = 0  # it is the one that has followed which is to end
            try:
                # A manager that has lost its patience with one kernel may not hit the next.
                await self._front.signal(name, start=self._leaving)
            except KernelkitError:
                # A manager interrupts what it is about to end, too.
                if name == "INT" and not self._manager.shutting_down:
                    raise

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel process, not the job: a manager always says restart=False here, also
        before it starts the kernel again (jupyter_client#1061)."""
        await self.send_signal(signal.SIGKILL)
        self._was_killed = True
        self._dead = -int(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGTERM)
        self._was_killed = True
        self._dead = -int(signal.SIGTERM)

    async def shutdown_requested(self, restart: bool = False) -> None:
        """A polite end was asked for on the control channel: a kernel that runs will go now."""
        if self._keeper is None:
            return
        state = self._keeper.state
        if state.phase != "running":
            self._dead = 0  # nothing runs that could end by itself
        elif restart and self._asked is None:
            self._to_follow = self._leaving = self._started = state.start
            self._front.expect_restart(_RESTART_GRACE)
        else:
            self._front.expect_end()

    async def cleanup(self, restart: bool = False) -> None:
        """After a kernel's end: with restart=False the job ends, and only here."""
        if not restart:
            await self._forget()

    async def _forget(self) -> None:
        await self._front.end("the kernel was shut down")
        self._front.close()
        self._started, self._dead = 0, None

    def get_shutdown_wait_time(self, recommended: float = 5.0) -> float:
        return max(recommended, float(_RESTART_GRACE))

    def get_stable_start_time(self, recommended: float = 10.0) -> float:
        return recommended


def _read_run(run_id: str) -> tuple[Run, dict[str, Any]]:
    here = desk()
    run = here.runs.load(run_id)
    here.control.check_free(run)  # one that has ended has no keys any more
    return run, here.runs.read_seed(run_id)
