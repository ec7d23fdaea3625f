"""Interrupts of one cell are kept apart.

ipykernel (7.4) loses the reply of a cell that is interrupted again between its end and its reply: the
second KeyboardInterrupt leaves the code that would have sent it, and the notebook waits for ever.
That is some ms, and more where the output is slow to leave.
"""

from __future__ import annotations

import math
import time

# Seconds from one interrupt of a cell to the next.
APART = 1.0


class Interrupts:
    """When the next one may go. Cells are named by the id of their request; "" is none."""

    def __init__(self) -> None:
        self._cell, self._last = "", -math.inf

    def left(self, cell: str) -> float:
        """Seconds until `cell` may be interrupted."""
        return max(0.0, self._last + APART - time.monotonic()) if cell == self._cell else 0.0

    def may_go(self, cell: str) -> bool:
        """Whether `cell` may be interrupted now; it counts as interrupted then."""
        if self.left(cell):
            return False
        self._cell, self._last = cell, time.monotonic()
        return True
