"""When a run's files are looked at again: as soon as something has happened, or after a while."""

from __future__ import annotations

import asyncio
import math
import time

from .kernel_state import KernelPhase
from .pace import Pace

# Seconds between looks while a run runs or its job is queued; while a kernel is starting or ending,
# which the user waits for, the pace says how often.
_OFTEN, _SELDOM = 0.5, 2.0
# How long after its submission a run is waited for as if its kernel was starting, and how long it
# is looked at often: an idle partition starts a job at once, or within seconds.
_AT_ONCE, _FRESH = 3.0, 15.0
# How long a kernel that was asked to end is looked at often.
_ENDING = 10.0
# Slurm is asked again, where it did not answer, after twice the time until it is this.
_ASK, _ASK_SELDOM = 2.0, 30.0


class Looks:
    """Those at one run, for as long as its keeper cares for it; used in the background thread."""

    def __init__(self, run_id: str, pace: Pace) -> None:
        self._run_id, self._pace = run_id, pace
        self._began = time.monotonic()
        self._hurry_until = 0.0
        self._wake = asyncio.Event()
        self._ask_at, self._ask_after = 0.0, _ASK

    def now(self) -> None:
        """Something has happened, or was asked for."""
        self._wake.set()

    def wait_anew(self) -> None:
        """The user waits for something else from here on."""
        self._pace.calm(self._run_id)

    def hurry(self) -> None:
        """A kernel was asked to end: its end comes soon."""
        self._hurry_until = time.monotonic() + _ENDING
        self.wait_anew()
        self.now()

    def begin(self) -> None:
        """A look begins: what happens from here on asks for another one."""
        self._wake.clear()

    def may_ask(self) -> bool:
        """Whether Slurm, which did not answer, may be asked again for the run's job; then not
        before twice as long."""
        now = time.monotonic()
        if now < self._ask_at:
            return False
        self._ask_at, self._ask_after = now + self._ask_after, min(2 * self._ask_after, _ASK_SELDOM)
        return True

    async def until_next(self, phase: KernelPhase, *, joining: bool) -> None:
        """Wait until a run in `phase` is to be looked at again; `joining` while its kernel runs and
        front ends do not have it yet."""
        # Not wait_for, which makes a task for each look.
        after = self._interval(phase, joining)
        alarm = asyncio.get_running_loop().call_later(after, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            alarm.cancel()

    def _interval(self, phase: KernelPhase, joining: bool) -> float:
        now = time.monotonic()
        queued_for = now - self._began if phase == "queued" else math.inf
        awaited = phase == "starting" or joining or now < self._hurry_until
        if awaited or queued_for < _AT_ONCE:
            return self._pace.interval(self._run_id)
        self._pace.calm(self._run_id)
        return _OFTEN if queued_for < _FRESH else _SELDOM
