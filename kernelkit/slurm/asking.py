"""One query of squeue at a time, and what it answered, for all in a process who want to know."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from typing import Protocol

from .client import QueueAnswer
from .states import Job

log = logging.getLogger(__name__)

# After a query, the controller is left alone for at least this many times as long as it took.
BACK_OFF = 5.0


class Queries(Protocol):
    """What the watcher asks Slurm; `client.Slurm` is one."""

    async def queue(self) -> QueueAnswer:
        """All jobs of this user."""
        ...

    async def history(self, job_ids: Sequence[str]) -> dict[str, Job]:
        """What accounting knows of these jobs."""
        ...


class Clock:
    """The machine's time; a test brings its own."""

    def time(self) -> float:
        """Seconds since 1970, for people."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that pass evenly whatever is done to the clock, for intervals."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Until `event` is set, at most `seconds`."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)


class Asking:
    """The queries of one watcher: when the last one `began` and `ended` (s of the clock's
    monotonic), what came of it (`last`), and of the last `complete` one; `failing_since` is in
    seconds since 1970. `floor` is the site's least time between two queries (s).
    """

    def __init__(self, slurm: Queries, floor: float, clock: Clock) -> None:
        self._slurm, self._floor, self._clock = slurm, floor, clock
        self._under_way: asyncio.Future[None] | None = None
        self._took = 0.0
        self.began = self.ended = float("-inf")
        self.last: QueueAnswer | None = None
        self.complete: QueueAnswer | None = None
        self.failing_since: float | None = None

    @property
    def pause(self) -> float:
        """Seconds for which the controller is left alone after a query."""
        return max(self._floor, BACK_OFF * self._took)

    async def other_has_asked(self) -> bool:
        """Wait for a query that is under way in this loop; False where there is none."""
        other = self._under_way
        if other is None or other.done() or other.get_loop() is not asyncio.get_running_loop():
            return False
        await asyncio.wait([other])
        return True

    async def ask(self) -> QueueAnswer:
        """All jobs of this user, now; a Slurm in trouble raises nothing."""
        done = self._under_way = asyncio.get_running_loop().create_future()
        began = self._clock.monotonic()
        try:
            answer = await self._slurm.queue()
            self.began, self.ended = began, self._clock.monotonic()
            self.last, self._took = answer, answer.seconds
            self._note_health(answer)
            return answer
        finally:
            done.set_result(None)

    def _note_health(self, answer: QueueAnswer) -> None:
        if answer.complete:
            self.complete = answer
            if self.failing_since is not None:
                log.info("Slurm answers again.")
            self.failing_since = None
        elif self.failing_since is None:
            self.failing_since = self._clock.time()
            log.warning("Slurm's queue cannot be read; jobs are left alone. %s", answer.error)
