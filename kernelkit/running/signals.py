"""Signals to the kernel of one run; interrupts of one cell go apart (relay/interrupts.py says why)."""

from __future__ import annotations

import asyncio
import contextlib

from ..errors import KernelkitError
from .control import JobControl
from .relay import Relay
from .relay.interrupts import Interrupts


class Signals:
    """What a Keeper sends; all methods are called in the background thread."""

    def __init__(self, run_id: str, control: JobControl, relay: Relay) -> None:
        self._run_id, self._control, self._relay = run_id, control, relay
        self._interrupts = Interrupts()
        # The one that came too soon after another: as with signals themselves, there is one at most.
        self._postponed: asyncio.Task[None] | None = None

    async def send(self, name: str, start: int | None) -> None:
        """Signal the process group of kernel number `start`, or of the present one.

        An interrupt that comes too soon after another is sent later, if its cell still runs then.
        Raises what JobControl.signal raises.
        """
        cell = self._relay.cell
        if name != "INT" or self._interrupts.may_go(cell):
            await self._control.signal(self._run_id, name, start=start)
            return
        self.forget()
        self._postponed = asyncio.create_task(self._interrupt_later(cell, start))

    async def _interrupt_later(self, cell: str, start: int | None) -> None:
        while not self._interrupts.may_go(cell):
            await asyncio.sleep(self._interrupts.left(cell))
            if self._relay.cell != cell:
                return
        self._postponed = None  # what is under way is not taken back
        with contextlib.suppress(KernelkitError):
            await self._control.signal(self._run_id, "INT", start=start)

    def forget(self) -> None:
        """Send nothing that was postponed."""
        if self._postponed is not None:
            self._postponed.cancel()
