"""What the server tells by itself: changes of runs, kernels and tasks, as jupyter_server's events."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_events import EventLogger
    from jupyter_server.serverapp import ServerApp

    from .answers import Run, Task

_SCHEMAS = Path(__file__).with_name("event_schemas")
_ID = "https://kernelkit.readthedocs.io/events/{}/v1"


class Events:
    """Emits from any thread. Each kind counts its own events, so that a client sees a gap."""

    def __init__(self, server: ServerApp) -> None:
        self._server = server
        self._serials: dict[str, Iterator[int]] = {
            kind: itertools.count(1) for kind in ("run", "kernels", "task")
        }

    @property
    def _logger(self) -> EventLogger:
        logger = self._server.event_logger
        assert logger is not None  # made before extensions are loaded
        return logger

    def register(self) -> None:
        """Make the schemas known; called when the extension is loaded."""
        for kind in self._serials:
            self._logger.register_event_schema(_SCHEMAS / f"{kind}.yaml")

    def run_changed(self, run: Run, *, previous: str | None, warning: str) -> None:
        """A run has another state, reason or end, or came to its last minutes (`warning`)."""
        found = {"run": _plain(run), "previous_state": previous, "warning": warning}
        self._emit("run", found)

    def kernels_changed(self, action: str, name: str) -> None:
        """A kernel was installed, changed, removed or renamed."""
        self._emit("kernels", {"action": action, "name": name})

    def task_changed(self, task: Task) -> None:
        """A task went a step further."""
        self._emit("task", _plain(task))

    def _emit(self, kind: str, data: dict[str, Any]) -> None:
        # Listeners are tasks of the server's loop, and numbered in the order they are sent in.
        self._server.io_loop.add_callback(partial(self._send, kind, data))

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        numbered = {**data, "serial": next(self._serials[kind])}
        self._logger.emit(schema_id=_ID.format(kind), data=numbered)


def _plain(value: Any) -> Any:
    """What a client will decode: the validator of events takes no tuple for a list."""
    import json

    from .calls import encode

    return json.loads(encode(value))
