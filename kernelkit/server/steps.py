"""What work tells of itself while it goes on: to a task, or to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import msgspec

from ..names import printable
from ..proc import check_wanted
from .answers import Step

# Characters of one step.
_DETAIL = 500


class TaskHost(Protocol):
    """Takes what a task has to tell."""

    def change(self, id: str, **changes: Any) -> None: ...


class Steps:
    """What a task's work tells; implements `specs.work.Progress`."""

    def __init__(self, host: TaskHost, id: str) -> None:
        self._host, self._id = host, id
        self._steps: list[Step] = []
        self._notes: list[str] = []

    @contextmanager
    def step(self, name: str, text: str) -> Iterator[None]:
        """One step. Raises Cancelled instead of beginning it when the task was cancelled."""
        check_wanted()
        self._notes = []
        self._steps.append(Step(name=name, state="running", detail=_shown(text)))
        self._tell()
        try:
            yield
        except BaseException:
            self._end("failed", text)
            raise
        self._end("done", "; ".join(self._notes) or text)

    def line(self, text: str) -> None:
        """What the running step says now."""
        check_wanted()
        if self._steps and self._steps[-1].state == "running":
            self._replace(detail=_shown(text))

    def note(self, text: str) -> None:
        """A result of the running step, shown when it ends."""
        self._notes.append(text)

    def _end(self, state: str, text: str) -> None:
        self._replace(state=state, detail=_shown(text))

    def _replace(self, **changes: Any) -> None:
        self._steps[-1] = msgspec.structs.replace(self._steps[-1], **changes)
        self._tell()

    def _tell(self) -> None:
        self._host.change(self._id, steps=tuple(self._steps))


def _shown(text: str) -> str:
    return printable(text)[:_DETAIL]


class Silence:
    """A Progress that nobody follows."""

    @contextmanager
    def step(self, name: str, text: str) -> Iterator[None]:
        yield

    def line(self, text: str) -> None:
        """Nobody reads it."""

    def note(self, text: str) -> None:
        """Nobody reads it."""
