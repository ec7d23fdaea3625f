"""What a manager has of a kernel: the relay with its sockets, and the run that is behind them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import zmq

from ..errors import KernelkitError
from .background import on_disk
from .desk import Desk, desk
from .keeper import Keeper
from .local_sockets import LocalSockets
from .options import RunOptions, kernel_info_of
from .records import Run
from .relay import Relay, RelayEvents

log = logging.getLogger(__name__)

T = TypeVar("T")

_END_PATIENCE = 20.0


def new_seed(key: str, scheme: str, kernel_name: str, *, encrypted: bool) -> dict[str, Any]:
    """The keys of a new run: the session's, and a pair for CurveZMQ if it is `encrypted`."""
    seed = {"key": key, "signature_scheme": scheme, "kernel_name": kernel_name}
    if encrypted:
        public, secret = zmq.curve_keypair()
        seed |= {"curve_publickey": public.decode(), "curve_secretkey": secret.decode()}
    return seed


class Front:
    """One run may follow another behind the same relay: a kernel that goes on in a new job.

    Everything but `lay` is called in the manager's loop; what is done to a run is done in the
    background thread, and what waits for a disk by `on_disk`, at once as far as it can be: each
    way there and back costs the loop a turn.
    """

    def __init__(self, kernel_spec: Any, kernel_id: str) -> None:
        self.keeper: Keeper | None = None
        self._spec, self._kernel_id = kernel_spec, kernel_id
        self._sockets: LocalSockets | None = None
        self._key = self._scheme = ""
        self._relay: Relay | None = None
        self._desk: Desk | None = None

    # --- the relay ---------------------------------------------------------------------------------

    def address(self, key: str, scheme: str) -> dict[str, Any]:
        """Connection information for the manager; the same for as long as this is open."""
        if self._sockets is None:
            self._sockets = LocalSockets()
        self._key, self._scheme = key, scheme
        return self._sockets.of_manager(key, scheme)

    def lay(self) -> None:
        """Put at the address what a front end looks for before it connects; waits for a disk."""
        assert self._sockets
        self._sockets.make()

    def _open(self) -> Desk:
        """Begin to answer at the address; waits for a disk."""
        assert self._sockets
        if self._desk is None:
            self._desk = desk()
        if self._relay is None:
            relay = Relay(
                self._sockets.of_relay(self._key, self._scheme),
                kernel_info_of(Path(self._spec.resource_dir), self._spec.language),
                RelayEvents(interrupted=self._tell_interrupted, joined=self._tell_joined),
            )
            relay.start()
            self._relay = relay
        return self._desk

    def _tell_interrupted(self) -> None:
        if self._desk is not None and self.keeper is not None:
            self._desk.background.run(self.keeper.interrupt())

    def _tell_joined(self) -> None:
        if self._desk is not None and self.keeper is not None:
            self._desk.background.loop.call_soon_threadsafe(self.keeper.look_now)

    def close(self) -> None:
        """Answer no more; the run, if there is one, is not touched."""
        if self._relay is not None:
            self._relay.stop()
            self._relay = None
        if self._sockets is not None:
            self._sockets.remove()
            self._sockets = None

    # --- the run -------------------------------------------------------------------------------------

    async def submit(
        self,
        options: RunOptions,
        seed: Mapping[str, Any],
        cwd: str,
        environment: Mapping[str, str],
        *,
        patience: float | None,
        with_client: bool,
    ) -> None:
        """Have a new run, and its job submitted; after `patience` seconds go on without Slurm's
        answer. `with_client` ends it with this process at the latest.

        Raises what Keeper.submit raises.
        """

        def make_run() -> Run:
            return self._open().make_run(
                self._spec, self._kernel_id, seed, options, cwd, environment, with_client
            )

        run = await on_disk(make_run)
        assert self._desk and self._relay
        self.keeper = self._desk.keeper_of(run, seed, self._relay)
        if with_client:
            self._desk.end_at_exit(self.keeper)
        submission = asyncio.ensure_future(self._on_desk(self.keeper.submit(options.in_job)))
        try:
            await asyncio.wait_for(asyncio.shield(submission), patience)
        except asyncio.TimeoutError:
            submission.add_done_callback(lambda done: done.exception())

    async def take_over(self, run: Run, seed: Mapping[str, Any], *, with_client: bool) -> None:
        """Become the one who cares for a run. Raises what JobControl.adopt raises; the run stays
        whose it is then."""
        await on_disk(self._open)
        assert self._desk and self._relay
        keeper = self._desk.keeper_of(run, seed, self._relay)
        await self._on_desk(keeper.adopt(self._kernel_id))
        self.keeper = keeper
        if with_client:
            self._desk.end_at_exit(keeper)

    async def relaunch(self, grace: int, *, after: int = 0) -> None:
        """Have a new kernel in the same job; see Keeper.relaunch."""
        if self.keeper is not None:
            await self._on_desk(self.keeper.relaunch(grace, after=after))

    async def signal(self, name: str, *, start: int = 0) -> None:
        """Signal the kernel, or kernel number `start`, if there is one. Never raises for Slurm's sake;
        KernelkitError where the request cannot be written."""
        if self.keeper is not None:
            await self._on_desk(self.keeper.signal(name, start=start))

    def expect_end(self) -> None:
        """Somebody asked the kernel to end."""
        if self._desk is not None and self.keeper is not None:
            self._desk.background.loop.call_soon_threadsafe(self.keeper.expect_end)

    def expect_restart(self, grace: int) -> None:
        """Somebody asked the kernel to end, and for another one; see Keeper.expect_restart."""
        if self._desk is not None and self.keeper is not None:
            self._desk.background.run(self.keeper.expect_restart(grace))

    def give_up(self) -> None:
        """Nobody will start this kernel again."""
        if self._desk is not None and self.keeper is not None and not self.keeper.state.final:
            self._desk.background.run(self.keeper.give_up())

    async def end(self, reason: str, *, hold: bool = False) -> None:
        """End the run; with `hold` another one is to come, and front ends wait for it."""
        keeper, self.keeper = self.keeper, None
        if hold and self._relay is not None:
            self._relay.hold()
        if keeper is not None and self._desk is not None:
            # It goes on when nobody waits for it any more. What Slurm could not be told, the record
            # says, and the lease does; a manager that is told of a failure keeps the kernel.
            # No task: those that are left when a program's loop ends are cancelled.
            ending = asyncio.wrap_future(self._desk.background.run(self._desk.end(keeper, reason)))
            ending.add_done_callback(partial(_note_end, keeper.run.id))
            await asyncio.wait([ending], timeout=_END_PATIENCE)

    def log(self) -> str:
        """The end of the run's log."""
        if self._desk is None or self.keeper is None:
            return ""
        return self._desk.runs.read_log(self.keeper.run.id)

    async def _on_desk(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._desk
        return await self._desk.background.call(work)


def _note_end(run_id: str, ending: asyncio.Future[None]) -> None:
    if ending.cancelled() or (error := ending.exception()) is None:
        return
    bug = None if isinstance(error, KernelkitError) else error
    log.warning("The end of run %s is not complete. %s", run_id, error, exc_info=bug)
