"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T | None], timeout: float = 30.0, *, what: str | Callable[[], str] = ""
) -> T:
    """The first true value of `condition`; fails with `what` after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(
                f"gave up after {timeout:g} s: {what() if callable(what) else what}"
            )
        time.sleep(0.01)
