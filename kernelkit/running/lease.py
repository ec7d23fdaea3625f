"""What tells the supervisor and other servers that this process cares for a run."""

from __future__ import annotations

import contextlib
import time

from ..errors import KernelkitError
from .records import Run
from .runs import Runs


class Lease:
    """Renewed after a quarter of its time, so that a missed renewal is no end."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._due = 0.0

    def keep(self, run: Run) -> bool:
        """Renew it when that is due; False when another server has the run by now, as it may when
        this process stood still for too long."""
        if time.monotonic() < self._due:
            return True
        # A disk that hangs is no other server.
        with contextlib.suppress(KernelkitError):
            if self._runs.load(run.id).server != run.server:
                return False
        self.renew(run)
        return True

    def renew(self, run: Run) -> None:
        """Renew it now."""
        self._runs.renew_lease(run)
        self._due = time.monotonic() + run.lease / 4
