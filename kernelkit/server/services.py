"""What the routes of one server share: its threads, its tasks, and what is kept for a while."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .bulletin import Bulletin
from .events import Events
from .garbage import Tidying

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from ..site import Site
    from ..slurm.offers import Inventory
    from ..specs.states import Installed
    from .calls import Call
    from .jobs import Queue
    from .kept import Kept
    from .lookout import Lookout
    from .routes import Route
    from .stock import Shelf
    from .tasks import Tasks

T = TypeVar("T")

# Requests wait for disks, module systems and Slurm, not for a processor.
_THREADS = 16
_SITE_SECONDS = 60.0
_INVENTORY_SECONDS = 120.0
_INSTALLED_SECONDS = 5.0


class once(Generic[T]):  # noqa: N801 - read as a decorator
    """A property that is made at its first use, by one of the threads that ask for it."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(self, services: Services, owner: type[Services]) -> T:
        # Found in the object's own dictionary from then on, and not asked again.
        name = self._make.__name__
        with services.lock:
            if name not in services.__dict__:
                services.__dict__[name] = self._make(services)
            found: T = services.__dict__[name]
            return found


class Services:
    """Made when the extension is loaded; everything in it when it is first asked for."""

    def __init__(self, server: ServerApp) -> None:
        self.server = server
        self.events = Events(server)
        self.bulletin = Bulletin(self.events)
        self.lock = threading.RLock()
        self._closing = threading.Event()
        self._watching: asyncio.Task[None] | None = None
        self._tidying: Tidying | None = None

    def hear_of_runs(self) -> None:
        """Tell of this server's runs from the first one on; called as the server is made."""
        from ..running.opening import when_opened

        when_opened(self.bulletin.open)

    def keep_tidy(self) -> None:
        """Collect from now on what ended kernels leave; called in the server's loop."""
        from ..running.opening import when_opened

        self._tidying = Tidying()
        when_opened(self._tidying.open)

    async def watch(self) -> None:
        """Tell of what other processes change from now on; called once the server listens."""
        lookout = await self.in_thread(lambda: self.lookout)
        self._watching = asyncio.create_task(lookout.keep())

    async def close(self) -> None:
        """End what is going on, with the server: a process waits for its threads before it ends."""
        self._closing.set()
        self.bulletin.close()
        if self._tidying is not None:
            self._tidying.close()
        if self._watching is not None:
            self._watching.cancel()
        if "tasks" in self.__dict__:
            self.tasks.cancel_all()
        if "_threads" in self.__dict__:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def call_of(self, route: Route) -> Call:
        """The function behind a route; imports it the first time, for one thread at a time."""
        with self.lock:
            from .calls import call_of

            return call_of(route)

    async def in_thread(self, work: Callable[[], T], stop: threading.Event | None = None) -> T:
        """Run `work` beside the server's loop; the commands it runs, and what it waits for, end
        when `stop` is set, or the server stops."""
        from ..proc import interruptible

        def is_unwanted() -> bool:
            return self._closing.is_set() or (stop is not None and stop.is_set())

        def run() -> T:
            with interruptible(is_unwanted):
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    @once
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_THREADS, thread_name_prefix="kernelkit-rest")

    @property
    def site(self) -> Site:
        """The settings in force; a change of a file is seen within a minute."""
        return self._site.get()

    @once
    def _site(self) -> Kept[Site]:
        from ..site import load_site
        from .kept import Kept

        return Kept(load_site, _SITE_SECONDS)

    @once
    def shelf(self) -> Shelf:
        """What kernels can be made of here."""
        from .stock import Shelf

        return Shelf(self)

    @once
    def installed(self) -> Kept[tuple[Installed, ...]]:
        """The kernels that offers are compared with, at every key of a search."""
        from ..specs.states import list_kernels
        from .kept import Kept

        return Kept(list_kernels, _INSTALLED_SECONDS)

    @once
    def inventory(self) -> Kept[Inventory]:
        """What the cluster offers this user."""
        from ..proc import interruptible
        from .kept import Kept
        from .machine import ask_inventory

        def load() -> Inventory:
            # For all who will ask: it does not end with the client that asked first.
            with interruptible(self._closing.is_set):
                return ask_inventory()

        return Kept(load, _INVENTORY_SECONDS)

    @once
    def queue(self) -> Queue:
        """What Slurm says of this user's jobs."""
        from .jobs import Queue

        return Queue()

    @once
    def tasks(self) -> Tasks:
        """The long work of this server."""
        from .tasks import Tasks

        tasks = Tasks()
        tasks.listen(self.events.task_changed)
        return tasks

    @once
    def lookout(self) -> Lookout:
        """What tells of other processes' changes."""
        from .lookout import Lookout

        return Lookout(self)

    def kernels_changed(self, action: str, name: str, *, former: str = "") -> None:
        """Tell everybody that a kernel was installed, changed, removed or renamed (`former`)."""
        self.forget_kernels()
        self.events.kernels_changed(action, name)
        self.lookout.look_at_kernels(name, former)

    def forget_kernels(self) -> None:
        """Have everything that depends on the installed kernels read anew."""
        # What nobody has asked for yet is neither there nor imported for this.
        if "installed" in self.__dict__:
            self.installed.forget()
        if "shelf" in self.__dict__:
            self.shelf.outdate()
