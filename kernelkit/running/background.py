"""One thread with an event loop of its own, where all runs of this process are looked after.

A blocking KernelManager runs its loop only while one of its methods is called, and a server's
loop must never wait for Slurm or for a disk: neither can look after a run.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """A daemon thread that runs coroutines; started with the first one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start `work` there and return at once; may be called from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` there and wait for it in the caller's loop."""
        return await asyncio.wrap_future(self.run(work))

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The thread's loop, running."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever, name="kernelkit-runs", daemon=True
                ).start()
            return self._loop
