"""What the routes of one server share: its threads, its tasks, and what is kept for a while."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from .events import Events

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from ..site import Site
    from ..slurm.offers import Inventory
    from .catalog import Shelf
    from .jobs import Queue
    from .kept import Kept
    from .tasks import Tasks

T = TypeVar("T")

# Requests wait for disks, module systems and Slurm, not for a processor.
_THREADS = 16
_SITE_SECONDS = 60.0
_INVENTORY_SECONDS = 120.0


class Services:
    """Made when the extension is loaded; everything in it when it is first asked for."""

    def __init__(self, server: ServerApp) -> None:
        self.server = server
        self.events = Events(server)

    async def close(self) -> None:
        """End what is going on, with the server."""
        if "tasks" in self.__dict__:
            self.tasks.cancel_all()
        if "_threads" in self.__dict__:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def in_thread(self, work: Callable[[], T], stop: threading.Event | None = None) -> T:
        """Run `work` beside the server's loop; the commands it runs end when `stop` is set."""
        from ..proc import interruptible

        def run() -> T:
            with interruptible(stop.is_set if stop else lambda: False):
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_THREADS, thread_name_prefix="kernelkit-rest")

    @property
    def site(self) -> Site:
        """The settings in force; a change of a file is seen within a minute."""
        return self._site.get()

    @cached_property
    def _site(self) -> Kept[Site]:
        from ..site import load_site
        from .kept import Kept

        return Kept(load_site, _SITE_SECONDS)

    @cached_property
    def shelf(self) -> Shelf:
        """What kernels can be made of here."""
        from .catalog import Shelf

        return Shelf(self)

    @cached_property
    def inventory(self) -> Kept[Inventory]:
        """What the cluster offers this user."""
        from .kept import Kept
        from .machine import ask_inventory

        return Kept(ask_inventory, _INVENTORY_SECONDS)

    @cached_property
    def queue(self) -> Queue:
        """What Slurm says of this user's jobs."""
        from .jobs import Queue

        return Queue()

    @cached_property
    def tasks(self) -> Tasks:
        """The long work of this server."""
        from .tasks import Tasks

        tasks = Tasks()
        tasks.listen(self.events.task_changed)
        return tasks

    def kernels_changed(self, action: str, name: str) -> None:
        """Tell everybody that a kernel was installed, changed, removed or renamed."""
        self.events.kernels_changed(action, name)
