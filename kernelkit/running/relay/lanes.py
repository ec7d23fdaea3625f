"""Moving messages from one socket to another: in order, and never more of them than fit."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import zmq

Frames = list[Any]

# Messages moved before the other channels have their turn.
_BURST = 200

# What may be under way to front ends before the kernel is made to wait, in bytes. Frames of this
# size and more are counted; smaller ones are bounded by the number of messages a socket keeps.
MOST_UNDER_WAY = 32 << 20
_COUNTED = 64 << 10

# A front end that does not read may keep the others waiting this long, in seconds; then it loses
# messages, as it does with a kernel that it is connected to directly. Tried again after a while.
_PATIENCE = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 600.0
# Seconds between two looks whether front ends have read on: an XPUB cannot be polled for that.
_LOOK_AGAIN = 0.005


class Lane:
    """One direction of a channel. `keep` is asked of each message whether it goes on."""

    def __init__(
        self,
        source: zmq.Socket[bytes],
        target: zmq.Socket[bytes],
        keep: Callable[[Frames], bool] | None = None,
    ) -> None:
        self.source, self.target = source, target
        self.keep = keep
        # What comes before all that is still in the source.
        self.waiting: deque[Frames] = deque()

    def move(self) -> None:
        """Move a burst, or as much as the target takes."""
        while self.waiting:
            if not self._send(self.waiting[0]):
                return
            self.waiting.popleft()
        for _ in range(_BURST):
            try:
                frames = self.source.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            if self.keep is not None and not self.keep(frames):
                continue
            if not self._send(frames):
                self.waiting.append(frames)
                return

    @property
    def timeout(self) -> float | None:
        """Seconds after which to move again although no socket is ready."""
        return None

    def _send(self, frames: Frames) -> bool:
        """Whether the target took the message; a front end that has left took it too."""
        try:
            self.target.send_multipart(frames, zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
        return True


class OutputLane(Lane):
    """iopub, where a kernel may write faster than anybody reads.

    A direct connection keeps that in the kernel, up to 1,000 messages for each reader. So does
    this one: it stops reading when front ends are behind, and the kernel's own socket fills.
    """

    def __init__(
        self,
        source: zmq.Socket[bytes],
        target: zmq.Socket[bytes],
        keep: Callable[[Frames], bool] | None = None,
    ) -> None:
        super().__init__(source, target, keep)
        self._under_way: deque[tuple[zmq.MessageTracker, int]] = deque()
        self._bytes = 0
        self._blocked_since: float | None = None
        self._lossy_until = 0.0
        self._pause = _FIRST_PAUSE
        target.setsockopt(zmq.XPUB_NODROP, 1)

    @property
    def timeout(self) -> float | None:
        return _LOOK_AGAIN if self.waiting else None

    def _send(self, frames: Frames) -> bool:
        lossy = self._lossy_until and self._lossy_until > time.monotonic()
        if self._lossy_until and not lossy:
            self._lossy_until = 0.0
            self.target.setsockopt(zmq.XPUB_NODROP, 1)
        counted = [_tracked(frame) for frame in frames]
        if (lossy or self._has_room()) and super()._send(counted):
            self._blocked_since = None
            self._count(counted)
            return True
        now = time.monotonic()
        if self._blocked_since is None:
            self._blocked_since = now
        elif now - self._blocked_since > _PATIENCE:
            self._lossy_until = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self.target.setsockopt(zmq.XPUB_NODROP, 0)
        return False

    def _has_room(self) -> bool:
        while self._under_way and self._under_way[0][0].done:
            self._bytes -= self._under_way.popleft()[1]
        return self._bytes < MOST_UNDER_WAY

    def _count(self, frames: Frames) -> None:
        for frame in frames:
            if isinstance(frame, zmq.Frame) and isinstance(frame.tracker, zmq.MessageTracker):
                self._under_way.append((frame.tracker, len(frame)))
                self._bytes += len(frame)


def _tracked(frame: Any) -> Any:
    """A large frame again, without a copy, so that libzmq tells when it is done with it."""
    if len(frame) < _COUNTED:
        return frame
    return zmq.Frame(memoryview(frame.buffer), track=True, copy=False)
