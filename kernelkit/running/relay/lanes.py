"""Moving messages from one socket to another: in order, and never more of them than fit."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import zmq

Frames = list[Any]

_POLLIN = int(zmq.POLLIN)

# Messages moved before the other channels have their turn.
_BURST = 200

# What may be under way to front ends before the kernel is made to wait, in bytes. Frames of this
# size and more are counted; smaller ones are bounded by the number of messages a socket keeps.
MOST_UNDER_WAY = 32 << 20
_COUNTED = 64 << 10

# After a large message nothing is read ahead until so many small ones came in a row: the end of
# one burst is no end of large messages, and libzmq would take hundreds of them before this thread
# has seen the first.
_SMALL_AGAIN = 64

# A front end that does not read keeps the others waiting this long, in seconds; then it loses
# messages, as it would with a kernel that it is connected to directly.
_PATIENCE = 1.0
_PAUSE = 30.0
# Seconds between two looks whether front ends have read on: an XPUB cannot be polled for that.
_LOOK_AGAIN = 0.001


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
    this one: it stops reading when front ends are behind, and the kernel's own socket fills. One
    that does not read at all is then passed over: its queue in the XPUB fills, what does not fit
    is dropped for it alone, and the pace is that of the others.
    """

    def __init__(
        self,
        source: zmq.Socket[bytes],
        target: zmq.Socket[bytes],
        keep: Callable[[Frames], bool] | None = None,
    ) -> None:
        super().__init__(source, target, keep)
        self._under_way = _UnderWay()
        self._blocked_since: float | None = None
        self._passing_over = False
        self._stuck = _UnderWay()
        self._not_before = 0.0
        self._limit = target.sndhwm
        self._usual_ahead = source.rcvhwm
        self._sparing = False
        self._small = 0
        target.setsockopt(zmq.XPUB_NODROP, 1)

    @property
    def timeout(self) -> float | None:
        return _LOOK_AGAIN if self.waiting else None

    def _send(self, frames: Frames) -> bool:
        now = time.monotonic()
        if self._passing_over and now > self._not_before and not self._stuck.settle():
            self._pass_over(None)
        counted = [_tracked(frame, self._passing_over) for frame in frames]
        if self._has_room() and super()._send(counted):
            self._blocked_since = None
            self._under_way.add(counted)
            self._read_ahead(large=max(map(len, frames)) >= _COUNTED)
            return True
        if self._blocked_since is None:
            self._blocked_since = now
        elif now - self._blocked_since > _PATIENCE:
            self._blocked_since = None
            self._pass_over(now)
        return False

    def _read_ahead(self, *, large: bool) -> None:
        """As far as any client while messages are small, and hardly while they are large."""
        self._small = 0 if large else self._small + 1
        if large and not self._sparing:
            # A full queue opens again only by reading from it, so there must be something in it;
            # with a limit of 2 each message that is read is told at once.
            if int(self.source.getsockopt(zmq.EVENTS)) & _POLLIN:
                self._sparing, self.source.rcvhwm = True, 2
        elif self._sparing and self._small >= _SMALL_AGAIN:
            self._sparing, self.source.rcvhwm = False, self._usual_ahead

    def _has_room(self) -> bool:
        messages = self._under_way.settle()
        # An XPUB hears of what was read in halves of its limit: the others must stay below that.
        few = not self._passing_over or messages < self._limit // 2
        return few and self._under_way.bytes < MOST_UNDER_WAY

    def _pass_over(self, now: float | None) -> None:
        """From `now` on, send to those that read; None: to everybody again."""
        self._passing_over = now is not None
        if now is not None:
            self._not_before = now + _PAUSE
            self._stuck.take(self._under_way)
        self.target.setsockopt(zmq.XPUB_NODROP, 0 if self._passing_over else 1)


class _UnderWay:
    """Messages that libzmq has not done with, as far as they are tracked."""

    def __init__(self) -> None:
        self.bytes = 0
        self._found: deque[tuple[list[zmq.MessageTracker], int]] = deque()

    def add(self, frames: Frames) -> None:
        """Count a message that was sent."""
        tracked = [f for f in frames if isinstance(f.tracker, zmq.MessageTracker)]
        if tracked:
            size = sum(map(len, tracked))
            self._found.append(([frame.tracker for frame in tracked], size))
            self.bytes += size

    def settle(self) -> int:
        """Forget what is done with; how many messages are left."""
        while self._found and all(tracker.done for tracker in self._found[0][0]):
            self.bytes -= self._found.popleft()[1]
        return len(self._found)

    def take(self, other: _UnderWay) -> None:
        """Take over all that `other` counts."""
        self._found.extend(other._found)
        self.bytes += other.bytes
        other._found.clear()
        other.bytes = 0


def _tracked(frame: zmq.Frame, every: bool) -> zmq.Frame:
    """A frame again, without a copy, so that libzmq tells when it is done with it."""
    if len(frame) < _COUNTED and not every:
        return frame
    return zmq.Frame(memoryview(frame.buffer), track=True, copy=False)
