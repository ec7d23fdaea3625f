"""A value that is dear to get, kept for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from ..proc import check_wanted

T = TypeVar("T")


class Kept(Generic[T]):
    """What `load` gave, for `seconds`; asked for by many threads, it is got by one at a time."""

    def __init__(self, load: Callable[[], T], seconds: float) -> None:
        self._load, self._seconds = load, seconds
        self._lock = threading.Lock()
        self._found: tuple[float, T] | None = None

    def get(self, *, refresh: bool = False) -> T:
        """The value, not older than `seconds`; with `refresh` one got after this call. Raises what
        `load` raises, and Cancelled as proc.check_wanted does."""
        asked = time.monotonic()
        with self._lock:
            check_wanted()
            if self._found is not None:
                got, value = self._found
                # Whoever waited for the lock takes what was got meanwhile.
                if got >= asked or (not refresh and asked - got < self._seconds):
                    return value
            started = time.monotonic()
            value = self._load()
            self._found = (started, value)
            return value

    def forget(self) -> None:
        """Have the next `get` load it again."""
        with self._lock:
            self._found = None
