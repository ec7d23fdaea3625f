"""Joins the kernels of one run to its relay, one start after another."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..errors import KernelFailed
from .kernel_state import KernelState
from .reaching import obstacle
from .records import Run, Status
from .relay import Relay
from .runs import Runs
from .wire import accepted_connection


class Joining:
    """`seed` is the connection information with its keys, as the run has it. A kernel may take
    `start_timeout` seconds to answer, from the moment its job runs or it was asked for."""

    def __init__(
        self, runs: Runs, relay: Relay, seed: Mapping[str, Any], *, start_timeout: float
    ) -> None:
        self._runs, self._relay = runs, relay
        self._seed = {**seed, "transport": "tcp"}
        self._start_timeout = start_timeout
        self._since: float | None = None
        self._spliced = 0
        self._address: Mapping[str, Any] | None = None
        # The start whose kernel has served another server, and may be in the middle of a cell.
        self._at_work = 0
        self.ever = False

    def take_over(self, start: int) -> None:
        """This start's kernel is there, and used to be another server's."""
        self._at_work, self.ever = start, True

    def expect(self, *, anew: bool = False) -> None:
        """A kernel is to come from now on; `anew` begins another wait."""
        if self._since is None or anew:
            self._since = time.monotonic()

    def is_done(self, start: int) -> bool:
        """Whether there is nothing to wait for: front ends have this start's kernel, or will have
        it when its cell ends."""
        return start == self._at_work or (start == self._spliced and self._relay.is_joined)

    async def greet(self, run: Run, status: Status) -> KernelState | None:
        """A kernel runs: join it as soon as its connection file is whole.

        What is to be said of it; None while it is not known to answer. Raises KernelFailed when
        it took too long, and what the reading of a connection raises.
        """
        node, start = status.node, status.start
        if self._spliced != start:
            connection = self._runs.read_connection(run.id, start)
            if connection is None:
                await self._check_patience(node)
                return KernelState(
                    "starting", f"the kernel is starting on {node}", start, None, node
                )
            if start == self._at_work:
                self._relay.set_text(f"job {run.job_id}: the kernel is busy with another cell")
            found = accepted_connection(self._seed, connection, node)
            self._relay.splice(found, at_work=start == self._at_work)
            self._spliced, self._address = start, found
        if not self.is_done(start):
            await self._check_patience(node, self._address)
            return None
        self.ever = True
        return KernelState("running", f"running on {node}", start, None, node)

    async def _check_patience(self, node: str, address: Mapping[str, Any] | None = None) -> None:
        assert self._since is not None
        if time.monotonic() - self._since <= self._start_timeout:
            return
        if address and (why := await obstacle(address)):
            raise KernelFailed(
                f"The kernel on `{node}` runs, but cannot be reached at {why}.",
                hint="Nodes must be open to this host; an administrator sets the network that kernels "
                "listen in by `run_network` or `run_interface`.",
            )
        raise KernelFailed(
            f"The job runs, but its kernel did not answer within {self._start_timeout:g} s."
        )
