"""The events of a Jupyter server, as JupyterLab hears them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import websocket

Event = dict[str, Any]


class Events:
    """What a server tells from now on."""

    def __init__(self, url: str, token: str) -> None:
        self._socket = websocket.create_connection(
            f"{url.replace('http', 'ws', 1)}/api/events/subscribe",
            header=[f"Authorization: token {token}"],
            timeout=60,
        )
        self.heard: list[Event] = []

    def of(self, kind: str) -> list[Event]:
        """Those of one kind that were heard so far."""
        return [event for event in self.heard if event["schema_id"].split("/")[-2] == kind]

    def until(self, kind: str, wanted: Callable[[Event], bool]) -> Event:
        """The first event of a kind that is wanted."""
        for event in self.of(kind):
            if wanted(event):
                return event
        while True:
            self.heard.append(json.loads(self._socket.recv()))
            if (event := self.heard[-1]) in self.of(kind) and wanted(event):
                return event

    def close(self) -> None:
        self._socket.close()


@contextmanager
def hearing(url: str, token: str) -> Iterator[Events]:
    """The events of a server while this lasts."""
    events = Events(url, token)
    try:
        yield events
    finally:
        events.close()
