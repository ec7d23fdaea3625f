"""What tells the supervisor and other servers that this process cares for a run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from ..errors import KernelkitError, StorageFull
from .faults import advice_against, may_pass
from .records import Run
from .runs import Runs

# Seconds between two tries while it cannot be renewed.
_AGAIN = 2.0


class Lease:
    """Renewed after a quarter of its time, so that a missed renewal is no end. `trouble` says,
    while it cannot be renewed, what will come of that and what to do."""

    def __init__(self, runs: Runs, clock: Callable[[], float] = time.monotonic) -> None:
        self.trouble = ""
        self._runs, self._clock = runs, clock
        self._due = 0.0
        self._renewed = clock()

    def keep(self, run: Run) -> bool:
        """Renew it when that is due; False when another server has the run by now, as it may when
        this process stood still for too long. Raises InsecureFile."""
        if self._clock() < self._due:
            return True
        # A disk that hangs is no other server.
        with contextlib.suppress(KernelkitError):
            if self._runs.load(run.id).server != run.server:
                return False
        try:
            self.renew(run)
        except KernelkitError as error:
            if not may_pass(error):
                raise
            self._due = self._clock() + _AGAIN
            self._explain(run, error)
        return True

    def renew(self, run: Run) -> None:
        """Renew it now. Raises what Runs.renew_lease raises."""
        self._runs.renew_lease(run)
        self._renewed = self._clock()
        self._due = self._renewed + run.lease / 4
        self.trouble = ""

    def _explain(self, run: Run, error: KernelkitError) -> None:
        passed = self._clock() - self._renewed
        # A disk may hang for a moment; one that is full stays so until somebody does something.
        if self.trouble or not (isinstance(error, StorageFull) or passed > run.lease / 2):
            return
        minutes = max(1, round((run.lease - passed) / 60))
        end = f"If that lasts, the kernel is ended in about {minutes} min."
        parts = (error.message, "" if run.keep else end, advice_against(error))
        self.trouble = " ".join(part for part in parts if part)
