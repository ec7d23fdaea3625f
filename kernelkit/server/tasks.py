"""Long work: in a thread of its own, told step by step, kept for a while after its end."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import Cancelled, KernelkitError, NotFound, UsageError
from ..proc import check_wanted, interruptible
from .answers import Task, TaskKind, TaskList, TaskResult
from .calls import error_table, other_error
from .steps import Steps

if TYPE_CHECKING:
    from .services import Services

log = logging.getLogger(__name__)

# An install loads modules and starts a kernel; more at once would only slow each other.
_AT_ONCE = 4
# Those that have ended, and how many may wait or run.
_KEPT = 50
_WAITING = 32

Work = Callable[["Steps"], TaskResult]
Listener = Callable[[Task], None]


class Tasks:
    """The tasks of one server. Everything here may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="kernelkit-task")
        self._tasks: dict[str, Task] = {}
        self._stops: dict[str, threading.Event] = {}
        self._listeners: list[Listener] = []
        self._serial = 0

    def listen(self, listener: Listener) -> None:
        """Be told of every change, in the thread that makes it."""
        self._listeners.append(listener)

    def start(self, kind: TaskKind, kernel: str, title: str, work: Work) -> Task:
        """Begin `work`, which is given what it reports to and returns the result.

        Raises UsageError when too much is waiting already.
        """
        task = Task(
            id=secrets.token_hex(8), kind=kind, kernel=kernel, title=title, state="running",
            steps=(), error=None, result=None, started=time.time(), serial=0,
        )  # fmt: skip
        with self._lock:
            if len(self._stops) >= _WAITING:
                raise UsageError(
                    f"{_WAITING} tasks wait or run already.", hint="Wait for them, or cancel some."
                )
            self._tasks[task.id] = task
            self._stops[task.id] = threading.Event()
        self.change(task.id)
        self._threads.submit(self._run, task.id, work)
        return self.get(task.id)

    def get(self, id: str) -> Task:
        """A task by its id. Raises NotFound."""
        with self._lock:
            if id in self._tasks:
                return self._tasks[id]
        raise NotFound(f"There is no task `{id[:40]}`.", hint="A server keeps the last ones only.")

    def all(self) -> tuple[Task, ...]:
        """All that are known, the newest first."""
        with self._lock:
            return tuple(reversed(self._tasks.values()))

    def cancel(self, id: str) -> None:
        """Ask a task to end; one that has ended is fine. Raises NotFound."""
        self.get(id)
        with self._lock:
            stop = self._stops.get(id)
        if stop is not None:
            stop.set()

    def cancel_all(self) -> None:
        """End everything, with the server."""
        with self._lock:
            stops = list(self._stops.values())
        for stop in stops:
            stop.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def change(self, id: str, **changes: Any) -> None:
        """Change a task and tell the listeners."""
        with self._lock:
            self._serial += 1
            task = msgspec.structs.replace(self._tasks[id], serial=self._serial, **changes)
            self._tasks[id] = task
            if task.state != "running":
                self._stops.pop(id, None)
                self._forget_oldest()
        for listener in list(self._listeners):
            listener(task)

    def _forget_oldest(self) -> None:
        ended = [task.id for task in self._tasks.values() if task.state != "running"]
        for id in ended[:-_KEPT]:
            del self._tasks[id]

    def _run(self, id: str, work: Work) -> None:
        stop = self._stops[id]
        try:
            with interruptible(stop.is_set):
                check_wanted()
                result = work(Steps(self, id))
        except Cancelled as error:
            self.change(id, state="cancelled", error=error_table(error))
        except KernelkitError as error:
            self.change(id, state="failed", error=error_table(error))
        except Exception as error:  # noqa: BLE001 - the last place that can tell anybody
            log.exception("A task of kernelkit failed: %s", self._tasks[id].title)
            self.change(id, state="failed", error=other_error(500, error))
        else:
            self.change(id, state="done", result=result, kernel=result.name)


# --- the routes ----------------------------------------------------------------------------------


def list_tasks(services: Services) -> TaskList:
    """What is being done, and what was done last."""
    return TaskList(tasks=services.tasks.all())


def tell_task(services: Services, id: str) -> Task:
    """One task."""
    return services.tasks.get(id)


def cancel_task(services: Services, id: str) -> None:
    """Cancel a task; what it had changed is as before."""
    services.tasks.cancel(id)
