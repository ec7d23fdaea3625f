"""A process that has this directory on PYTHONPATH lives 60 times as fast from SIGUSR2 to the next.

All that asyncio waits for passes so: the timers of jupyter_server, of its clients, and ours.
"""

import selectors
import signal
import time

FACTOR = 60

_monotonic = time.monotonic
_select = selectors.DefaultSelector.select
_extra, _since = 0.0, None


def monotonic() -> float:
    now = _monotonic()
    return now + _extra + (0 if _since is None else (FACTOR - 1) * (now - _since))


def select(self, timeout=None):
    if _since is not None and timeout is not None and timeout > 0:
        timeout /= FACTOR
    return _select(self, timeout)


def change(number, frame) -> None:
    global _extra, _since
    now = _monotonic()
    if _since is None:
        _since = now
    else:
        _extra, _since = _extra + (FACTOR - 1) * (now - _since), None


time.monotonic = monotonic
selectors.DefaultSelector.select = select
signal.signal(signal.SIGUSR2, change)
