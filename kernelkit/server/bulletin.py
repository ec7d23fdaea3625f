"""Hands on the news of this server's runs as events, from the first run on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..running.desk import Desk
    from ..running.news import RunNews
    from .events import Events


class Bulletin:
    """Made as the server starts; imports what tells of a run when there is news of one."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._last: dict[str, RunNews] = {}
        self._desk: Desk | None = None
        self._unlisten: Callable[[], None] = lambda: None

    def open(self, desk: Desk) -> None:
        """Hear of all that this process's desk looks after; called before its first run."""
        self._desk = desk
        self._unlisten = desk.listen(self._hear)

    def close(self) -> None:
        """Hear no more, with the server."""
        self._unlisten()

    def own_runs(self) -> frozenset[str]:
        """The runs whose news are handed on."""
        return frozenset(news.run for news in self._desk.snapshot()) if self._desk else frozenset()

    def _hear(self, news: RunNews) -> None:
        # Called in the thread that looks after the runs, one news at a time.
        from .jobs import own_run

        before = self._last.pop(news.run, None)
        if news.state != "ended":
            self._last[news.run] = news
        warned = before is not None and before.warning == news.warning
        self._events.run_changed(
            own_run(news, time.time()),
            previous=before.state if before else None,
            warning="" if warned else news.warning,
        )
