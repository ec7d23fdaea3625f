"""How often the files of runs are looked at while a user waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable

# Seconds between two looks at one run: this share of the time that was waited already, so that a
# quick start is seen at once and a slow one costs a file server little.
_SHARE = 1 / 40
_LEAST, _MOST = 0.02, 0.25
# Looks a second at all runs together, however many start at once: each takes time of the
# interpreter that serves the front ends, and of the processors that kernels may start on.
_LOOKS = 80


class Pace:
    """One for all runs of a process; used in the thread that looks after them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def interval(self, run_id: str) -> float:
        """Seconds until the next look at a run that is waited for from now on, or already."""
        now = self._clock()
        waited = now - self._since.setdefault(run_id, now)
        return max(_LEAST, min(_SHARE * waited, _MOST), len(self._since) / _LOOKS)

    def calm(self, run_id: str) -> None:
        """Nobody waits for this run's files any more."""
        self._since.pop(run_id, None)
