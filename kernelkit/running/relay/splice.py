"""Joining the local sockets to the real kernel: the first contact, then plain forwarding."""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from typing import Any

import zmq
from jupyter_client.session import DELIM, Session

from .endpoints import Sockets
from .held import Request

# The first frame of requests of our own: their replies come back with it and go no further.
OURS = b"kernelkit-relay"

# Seconds between requests while nothing was heard on iopub: a subscription takes effect some time
# after connecting, and what is published before is lost.
NUDGE_INTERVAL = 0.25

# Messages moved from one socket before the others have their turn.
_BURST = 200


class Splice:
    """One connection between front ends and a kernel process; a new one for each start."""

    def __init__(self, local: Sockets, remote: Sockets, session: Session) -> None:
        self.local, self.remote = local, remote
        self.joined = False
        self._session = session
        self._nudges: set[str] = set()
        self._next_nudge = 0.0
        self._heard = {"iopub": False, "shell": False, "stdin": False}
        # Nothing can be asked on stdin, but an input_request that comes before the kernel knows
        # this socket is dropped there, and the cell waits for ever.
        self.monitor = remote.stdin.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self._waiting: dict[str, deque[list[Any]]] = {"shell": deque(), "control": deque()}

    def queue(self, held: list[Request]) -> None:
        """Send these to the kernel before anything newer."""
        for request in held:
            self._waiting[request.channel].append(list(request.frames))

    # --- first contact -----------------------------------------------------------------------------

    def nudge(self) -> None:
        """Ask the kernel for its info until it was heard on shell and on iopub."""
        now = time.monotonic()
        if self.joined or now < self._next_nudge:
            return
        self._next_nudge = now + NUDGE_INTERVAL
        message = self._session.msg("kernel_info_request")
        self._nudges.add(message["header"]["msg_id"])
        frames = self._session.serialize(message, ident=[OURS])
        try:
            self.remote.shell.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            self._nudges.discard(message["header"]["msg_id"])

    @property
    def timeout(self) -> float | None:
        """Seconds until `nudge` is due; None once joined."""
        return None if self.joined else max(0.0, self._next_nudge - time.monotonic())

    def hear(self, channel: str) -> bool:
        """Note that the kernel was heard; True when it has just become usable."""
        if self.joined:
            return False
        self._heard[channel] = True
        self.joined = all(self._heard.values())
        return self.joined

    def see_stdin(self) -> bool:
        """Note that stdin is connected, handshake done; True when this makes the kernel usable."""
        with contextlib.suppress(zmq.Again):
            self.monitor.recv_multipart(zmq.NOBLOCK)
            return self.hear("stdin")
        return False

    def close(self) -> None:
        """Leave the kernel."""
        with contextlib.suppress(zmq.ZMQError):
            self.remote.stdin.disable_monitor()
        self.remote.close()

    # --- forwarding --------------------------------------------------------------------------------

    def to_kernel(self, channel: str) -> None:
        """Pass on what front ends sent, after everything that waited; stops where the kernel does."""
        target: zmq.Socket[bytes] = getattr(self.remote, channel)
        waiting = self._waiting.get(channel)
        while waiting:
            if not _send(target, waiting[0]):
                return
            waiting.popleft()
        _move(getattr(self.local, channel), target)

    def backlog(self, channel: str) -> bool:
        """Whether messages wait for the kernel to take more; nothing newer may pass them."""
        return bool(self._waiting.get(channel))

    def to_front_end(self, channel: str) -> bool:
        """Pass on what the kernel sent; True when it has just become usable by this."""
        source: zmq.Socket[bytes] = getattr(self.remote, channel)
        target: zmq.Socket[bytes] = getattr(self.local, channel)
        if channel == "iopub" and (self._nudges or not self.joined):
            return self._filter_iopub(source, target)
        if channel in ("shell", "control"):
            return self._filter_replies(source, target, channel)
        _move(source, target)
        return False

    def _filter_replies(
        self, source: zmq.Socket[bytes], target: zmq.Socket[bytes], channel: str
    ) -> bool:
        heard = False
        for frames in _received(source):
            if bytes(frames[0].buffer) == OURS:
                heard = self.hear(channel) or heard
            else:
                _send(target, frames)
        return heard

    def _filter_iopub(self, source: zmq.Socket[bytes], target: zmq.Socket[bytes]) -> bool:
        heard = False
        for frames in _received(source):
            kind, parent, state = _describe([bytes(frame.buffer) for frame in frames])
            heard = self.hear("iopub") or heard
            if parent in self._nudges:
                if kind == "status" and state == "idle":
                    self._nudges.discard(parent)
                continue
            # The relay has welcomed the front ends itself, and a kernel that is `starting` again
            # makes the server nudge it for a minute.
            if kind == "iopub_welcome" or (kind == "status" and state == "starting"):
                continue
            _send(target, frames)
        return heard


def _describe(frames: list[bytes]) -> tuple[str, str, str]:
    """(message type, id of the parent message, execution state) of an iopub message."""
    try:
        start = frames.index(DELIM) + 2
        header, parent, _, content = (json.loads(f) for f in frames[start : start + 4])
        state = content.get("execution_state", "")
        return header.get("msg_type", ""), parent.get("msg_id", ""), state
    except (ValueError, AttributeError, TypeError):
        return "", "", ""


def _received(source: zmq.Socket[bytes]) -> list[list[zmq.Frame]]:
    found: list[list[zmq.Frame]] = []
    while len(found) < _BURST:
        try:
            found.append(source.recv_multipart(zmq.NOBLOCK, copy=False))
        except zmq.Again:
            break
    return found


def _send(target: zmq.Socket[bytes], frames: list[Any]) -> bool:
    """Whether the socket took the message; a front end that has left took it too."""
    try:
        target.send_multipart(frames, zmq.NOBLOCK, copy=False)
    except zmq.Again:
        return False
    except zmq.ZMQError as error:
        if error.errno != zmq.EHOSTUNREACH:
            raise
    return True


def _move(source: zmq.Socket[bytes], target: zmq.Socket[bytes]) -> None:
    """Pass on a burst, as long as the target takes it."""
    for _ in range(_BURST):
        if not int(target.getsockopt(zmq.EVENTS)) & zmq.POLLOUT:
            return
        try:
            frames = source.recv_multipart(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return
        _send(target, frames)
