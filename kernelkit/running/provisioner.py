"""jupyter_client's provisioner contract for a kernel in a Slurm job, and nothing else.

Who calls what (jupyter_client 8.6 to 8.10): start is pre_launch, launch_kernel, post_launch. A
restart is shutdown_requested(True), poll until dead, cleanup(True), pre_launch, launch_kernel. A
crash found by the restarter is kill(False), cleanup(True), pre_launch, launch_kernel. A shutdown
is shutdown_requested(False), poll, maybe terminate and kill, cleanup(False). Only that last call
ends the job. What the manager calls to end a kernel never raises: a DELETE would answer 500, and
the kernel stay listed for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.multikernelmanager import MultiKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase

from ..errors import KernelFailed, KernelkitError
from .desk import Desk, desk
from .keeper import Keeper
from .kernel_state import KernelState
from .options import RunOptions, kernel_info_of, parse_options
from .relay import Relay, RelayEvents
from .relay.endpoints import local_connection

# How long a request waits for sbatch before it goes on without it, in seconds: a refusal mostly
# comes at once and is then the answer; a slow controller must not hold up the front end.
_SUBMIT_PATIENCE = 5.0
# A kernel that is asked to end gets this long (seconds) before TERM, when it is to be restarted.
_RESTART_GRACE = 4
_END_PATIENCE = 20.0
# Seconds until the sockets close after a death, so that front ends still receive the reason.
_LAST_WORDS = 1.0

_SIGNALS = {signal.SIGINT: "INT", signal.SIGTERM: "TERM", signal.SIGKILL: "KILL"}


class SlurmProvisioner(KernelProvisionerBase):  # type: ignore[misc, unused-ignore]
    """A kernel whose job may still be waiting: the relay is its process, as far as anyone sees."""

    _keeper: Keeper | None = None
    _relay: Relay | None = None
    _sockets: Path | None = None
    _desk: Desk | None = None
    _started = 0
    _limit: int | None = None
    _forgetting: asyncio.Task[None] | None = None
    _dead: int | None = None
    _options: RunOptions | None = None

    def __init__(self, **kwargs: Any) -> None:
        # The stanza's whole config comes as keywords. What is no trait, traitlets will refuse one
        # day; options.parse_options reads it from the kernelspec, and refuses what it cannot use.
        super().__init__(**{name: kwargs[name] for name in kwargs if self.has_trait(name)})

    @property
    def _manager(self) -> Any:
        """The KernelManager; jupyter_client sets it as the parent of every provisioner."""
        return self.parent

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
        keeper, desk = self._keeper, self._desk
        if keeper is None or desk is None:
            return
        if not keeper.state.final:
            desk.background.run(keeper.give_up())

        async def forget() -> None:
            await asyncio.sleep(_LAST_WORDS)
            if self._keeper is keeper:
                await self._forget()

        with contextlib.suppress(RuntimeError):
            self._forgetting = asyncio.get_running_loop().create_task(forget())

    # --- start -------------------------------------------------------------------------------------

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Open the relay's sockets for the manager, once; a restart finds them where they were."""
        manager = self._manager
        self._options = parse_options(self.kernel_spec)
        self._passed = dict(kwargs.get("env") or {})
        if self._keeper is not None and self._keeper.state.final:
            await self._forget()
        if self._sockets is None:
            self._sockets = Path(tempfile.mkdtemp(prefix="kk-", dir=_short_runtime_dir()))
        # Every time: the restarter takes new ports for a kernel that ends within its first 10 s.
        key = manager.session.key.decode()
        info = local_connection(self._sockets, key, manager.session.signature_scheme)
        manager.transport, manager.ip = "ipc", info["ip"]
        for name in ("shell", "iopub", "stdin", "hb", "control"):
            setattr(manager, f"{name}_port", info[f"{name}_port"])
        self._link_sockets()
        manager.write_connection_file()
        return await super().pre_launch(cmd=[], **kwargs)

    def _link_sockets(self) -> None:
        # The manager removes its ipc files at every restart; these links are all it knows of.
        assert self._sockets
        for number in range(1, 6):
            link = self._sockets / f"k-{number}"
            if not link.is_symlink():
                link.symlink_to(f"s-{number}")

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Submit the job, or have a new kernel in it; returns while the job still waits.

        Raises SubmitRejected when Slurm refuses at once. For a client that gives its cells a time
        limit (nbclient, papermill), `wait = auto` waits here for the kernel instead.
        """
        self._dead = None
        if self._keeper is None:
            await self._begin(kwargs)
        else:
            self._started = 0
            await self._on_desk(self._keeper.relaunch(0 if self._was_killed else _RESTART_GRACE))
        self._was_killed = False
        info: KernelConnectionInfo = self._manager.get_connection_info()
        return info

    _was_killed = False

    async def _begin(self, kwargs: dict[str, Any]) -> None:
        options, manager = self._options, self._manager
        assert options and self._sockets
        self._desk = desk()
        key, scheme = manager.session.key.decode(), manager.session.signature_scheme
        connection = {
            **local_connection(self._sockets, key, scheme),
            "ip": str(self._sockets / "s"),
        }
        self._relay = Relay(
            connection,
            kernel_info_of(Path(self.kernel_spec.resource_dir), self.kernel_spec.language),
            RelayEvents(joined=self._tell_joined),
        )
        self._relay.start()
        seed: dict[str, Any] = {
            "key": key,
            "signature_scheme": scheme,
            "kernel_name": manager.kernel_name,
        }
        if options.wire != "plain":
            public, secret = zmq.curve_keypair()
            seed |= {"curve_publickey": public.decode(), "curve_secretkey": secret.decode()}
        cwd = str(kwargs.get("cwd") or Path.cwd())
        self._keeper = self._desk.make_keeper(
            self.kernel_spec, self.kernel_id, seed, options, self._relay, cwd, self._passed
        )
        if not self._is_of_server:
            # Such clients may leave with a shutdown_request to the kernel and no word to us.
            self._desk.end_at_exit(self._keeper)
        submission = asyncio.ensure_future(self._on_desk(self._keeper.submit(options.in_job)))
        waits = self._waits(options)
        try:
            await asyncio.wait_for(asyncio.shield(submission), None if waits else _SUBMIT_PATIENCE)
        except asyncio.TimeoutError:
            submission.add_done_callback(lambda done: done.exception())
        except KernelkitError:
            await self.cleanup(restart=False)
            raise
        if waits:
            await self._until_running()

    def _tell_joined(self) -> None:
        if self._desk is not None:
            self._desk.background.loop.call_soon_threadsafe(self._hurry)

    def _hurry(self) -> None:
        if self._keeper is not None:
            self._keeper.hurry(1.0)

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
                assert self._desk
                log = self._desk.runs.read_log(self._keeper.run.id)
                await self.cleanup(restart=False)
                # Clients show the text of an exception and nothing else of it.
                raise KernelFailed(f"The kernel did not start: {state.words}.\n\n{log}".strip())
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
        """Signal the kernel through its supervisor; while it waits there is nobody to signal."""
        name = _SIGNALS.get(signal.Signals(signum)) if signum else None
        if self._keeper is not None and name and self._dead is None:
            with contextlib.suppress(KernelkitError):
                await self._on_desk(self._keeper.signal(name))

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
        if self._keeper is None or self._desk is None:
            return
        if self._keeper.state.phase == "running":
            self._desk.background.loop.call_soon_threadsafe(self._expect_end)
        else:
            self._dead = 0  # nothing runs that could end by itself

    def _expect_end(self) -> None:
        if self._keeper is not None:
            self._keeper.expect_end()

    async def cleanup(self, restart: bool = False) -> None:
        """After a kernel's end: with restart=False the job ends, and only here."""
        if not restart:
            await self._forget()

    async def _forget(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None and self._desk is not None:
            with contextlib.suppress(KernelkitError, asyncio.TimeoutError):
                ending = self._on_desk(self._desk.end(keeper, "the kernel was shut down"))
                await asyncio.wait_for(ending, _END_PATIENCE)
        if self._relay is not None:
            self._relay.stop()
            self._relay = None
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None
        self._started, self._dead = 0, None

    async def _on_desk(self, work: Any) -> Any:
        assert self._desk
        return await self._desk.background.call(work)

    def get_shutdown_wait_time(self, recommended: float = 5.0) -> float:
        return max(recommended, float(_RESTART_GRACE))

    def get_stable_start_time(self, recommended: float = 10.0) -> float:
        return recommended


def _short_runtime_dir() -> str:
    """Where sockets go: a directory of this user's on a local disk, with a short path."""
    for directory in (os.environ.get("XDG_RUNTIME_DIR"), "/tmp"):  # noqa: S108 - made 0700 below it
        if directory and os.access(directory, os.W_OK) and len(directory) < 60:
            return directory
    return tempfile.gettempdir()
