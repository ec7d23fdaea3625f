"""Where this process works on its runs: one thread that looks after them all, and one for disks.

A blocking KernelManager runs its loop only while one of its methods is called, and a server's
loop must never wait for Slurm or for a disk: neither can look after a run.

Not more threads than these: whenever a server's loop gives up Python's lock, it waits for all that
want it in turn, some ms each. Twenty starts in a pool of threads stopped it for 100 ms.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from ..proc import check_wanted

T = TypeVar("T")

# Seconds between two looks whether what is waited for is still wanted.
_LOOK = 0.2

_disks = ThreadPoolExecutor(1, thread_name_prefix="kernelkit-disks")


async def on_disk(work: Callable[[], T]) -> T:
    """Do what waits for a disk, one after the other; the caller's loop goes on meanwhile."""
    return await asyncio.get_running_loop().run_in_executor(_disks, work)


class Background:
    """A daemon thread that runs coroutines; started with the first one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start `work` there and return at once; may be called from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` there and wait for it in this thread, which is none with a loop.

        Raises what the work raises, and Cancelled, as proc.check_wanted does, where it is not waited
        for any longer; it goes on then.
        """
        future = self.run(work)
        while not wait([future], timeout=_LOOK).done:
            check_wanted()
        return future.result()

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
