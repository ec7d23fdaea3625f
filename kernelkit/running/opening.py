"""Who is told once this process has its desk, which is when it first has to do with a run.

Apart from `desk`, which imports all that runs a kernel: a server asks this for every user, and most
of them never have a run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .desk import Desk

_lock = threading.Lock()
_waiting: list[Callable[[Desk], None]] = []
_desk: Desk | None = None


def when_opened(tell: Callable[[Desk], None]) -> None:
    """Have `tell` called with the desk: before its first run, or now if it is there already."""
    with _lock:
        if _desk is None:
            _waiting.append(tell)
            return
    tell(_desk)


def opened(desk: Desk) -> None:
    """Tell those who wait; called by whoever made the desk, before anybody else has it."""
    global _desk
    with _lock:
        _desk = desk
        waiting = list(_waiting)
    for tell in waiting:
        tell(desk)
