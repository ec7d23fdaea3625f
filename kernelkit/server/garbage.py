"""Keeps Python's full collections of garbage short in a server, and out of the starts of kernels.

A full collection goes through all objects of the process but those set apart, during which no
thread of it runs; Python (its documentation, `gc`) has one in the middle of whatever makes objects.
See docs/decisions/025.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..running.desk import Desk
    from ..running.news import RunNews

# Seconds without news of any run: what ended a kernel has let go of it by then.
_QUIET = 3.0


def set_apart() -> None:
    """Leave out of all later collections what is there now, and stays for as long as the server."""
    gc.freeze()
    # Nothing is left to go through, so this takes no time. But Python goes by what the last full
    # collection left: without it the next would come late, and be a long one.
    gc.collect()


class Tidying:
    """Collects what ended kernels have left once it is quiet; hundreds of objects each, which refer
    to each other. Made in the server's loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._desk: Desk | None = None
        self._unlisten: Callable[[], None] = lambda: None

    def open(self, desk: Desk) -> None:
        """Hear of all that this process's desk looks after; called before its first run."""
        self._desk = desk
        self._unlisten = desk.listen(self.hear)

    def close(self) -> None:
        """Hear no more, with the server."""
        self._unlisten()
        if self._timer is not None:
            self._timer.cancel()

    def hear(self, news: RunNews) -> None:
        """Hear of a run, in whichever thread."""
        self._loop.call_soon_threadsafe(self._put_off, news.state == "ended")

    def _put_off(self, wanted: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        elif not wanted:
            return
        self._timer = self._loop.call_later(_QUIET, self._collect)

    def _collect(self) -> None:
        self._timer = None
        if self._desk and any(run.state in ("new", "starting") for run in self._desk.snapshot()):
            self._put_off(True)
        else:
            gc.collect()
