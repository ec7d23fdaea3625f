"""Joining the local sockets to the real kernel: the first contact, then plain forwarding."""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import zmq
from jupyter_client.session import DELIM, Session

from .endpoints import Sockets
from .held import MOST_MESSAGES, Request
from .interrupts import Interrupts
from .lanes import Frames, Lane, OutputLane

# As plain numbers: pyzmq's flags are enums, and slow.
POLLIN, POLLOUT = int(zmq.POLLIN), int(zmq.POLLOUT)

# The first frame of requests of our own: their replies come back with it and go no further.
OURS = b"kernelkit-relay"

# Seconds from a reply to the next request while nothing was heard on iopub: a subscription takes
# effect some time after connecting, and what is published before is lost.
ASK_AGAIN = 0.05
# Seconds to the next request without a reply, which only a connection that broke would have lost. A
# kernel that is still starting answers all of them before its first cell, 15 ms each, and one in the
# middle of a cell keeps them, so they become fewer.
NUDGE_INTERVAL = 1.0
LONGEST_INTERVAL, LONGEST_AT_WORK = 4.0, 30.0


class Splice:
    """One connection between front ends and a kernel process; a new one for each start.

    `on_session` is told the kernel's session id with its first reply. A kernel `at_work` answers
    on shell after its cell, maybe in hours; most have a thread that answers on control meanwhile.
    """

    def __init__(
        self,
        local: Sockets,
        remote: Sockets,
        session: Session,
        on_session: Callable[[str], None],
        at_work: bool = False,
    ) -> None:
        self.local, self.remote = local, remote
        self.joined = False
        self.at_work = at_work
        self._asked_on = ("control", "shell") if at_work else ("shell",)
        self._interval = NUDGE_INTERVAL
        self._longest_interval = LONGEST_AT_WORK if at_work else LONGEST_INTERVAL
        self._session = session
        self._on_session = on_session
        # Requests of our own, and the channel each went by.
        self._ours: dict[str, str] = {}
        self._owes_idle = False
        self._next_nudge = 0.0
        self._heard = {"iopub": False, "reply": False, "stdin": False}
        self.is_idle = False
        self._running: dict[str, Request] = {}
        self._said_busy = ""
        self._interrupts = Interrupts()
        # Those that came too soon after another, with the cell that they are for.
        self._postponed: deque[tuple[str, Frames]] = deque()
        # Nothing can be asked on stdin, but an input_request that comes before the kernel knows
        # this socket is dropped there, and the cell waits for ever.
        self.monitor = remote.stdin.get_monitor_socket()
        self.to_kernel = {
            channel: Lane(getattr(local, channel), getattr(remote, channel))
            for channel in ("shell", "control", "stdin", "hb")
        }
        self.to_kernel["shell"].keep = self._note_cell
        self.to_kernel["control"].keep = self._keep_request
        self.to_front_end: dict[str, Lane] = {
            "shell": Lane(remote.shell, local.shell, self._keep_reply),
            "control": Lane(remote.control, local.control, self._keep_reply),
            "stdin": Lane(remote.stdin, local.stdin),
            "hb": Lane(remote.hb, local.hb),
            "iopub": OutputLane(remote.iopub, local.iopub, self._keep_output),
        }

    def queue(self, held: list[Request], busy: str = "") -> None:
        """Send these to the kernel before anything newer; front ends know that it is busy with
        the request `busy`, and are not told again."""
        self._said_busy = busy
        self._owes_idle = not (held or self.is_idle)
        for request in held:
            self.to_kernel[request.channel].waiting.append(list(request.frames))
            self._note(request.header, request.identities)

    @property
    def unanswered(self) -> list[Request]:
        """The cells that the kernel has and has not answered, in order, to be ended if it cannot."""
        return list(self._running.values())

    @property
    def cell(self) -> str:
        """The id of the first of them, which is the one that runs; may be read in any thread."""
        return next(iter(list(self._running)), "")

    def _note(self, header: dict[str, Any], identities: list[bytes]) -> None:
        if header.get("msg_type") == "execute_request" and len(self._running) < MOST_MESSAGES:
            self._running[header["msg_id"]] = Request("shell", [], identities, header, 0)

    def close(self) -> None:
        """Leave the kernel."""
        with contextlib.suppress(zmq.ZMQError):
            self.remote.stdin.disable_monitor()
        self.remote.close()

    # --- first contact -----------------------------------------------------------------------------

    def nudge(self) -> None:
        """Ask the kernel for its info until its reply was heard, and what it says on iopub."""
        now = time.monotonic()
        if self.joined or now < self._next_nudge:
            return
        self._next_nudge = now + self._interval
        self._interval = min(2 * self._interval, self._longest_interval)
        for channel in self._asked_on:
            message = self._session.msg("kernel_info_request")
            self._ours[message["header"]["msg_id"]] = channel
            frames = self._session.serialize(message, ident=[OURS])
            try:
                getattr(self.remote, channel).send_multipart(frames, zmq.NOBLOCK)
            except zmq.Again:
                del self._ours[message["header"]["msg_id"]]

    @property
    def timeout(self) -> float | None:
        """Seconds after which there is something to do without any message."""
        if not self.joined:
            return max(0.0, self._next_nudge - time.monotonic())
        waits = [self.to_front_end["iopub"].timeout]
        if self._postponed:
            waits.append(self._interrupts.left(self._postponed[0][0]))
        return min((wait for wait in waits if wait is not None), default=None)

    def see_stdin(self) -> None:
        """Note that stdin is connected, handshake done."""
        with contextlib.suppress(zmq.Again):
            self.monitor.recv_multipart(zmq.NOBLOCK)
            self._hear("stdin")

    def _hear(self, channel: str) -> None:
        self._heard[channel] = True

    @property
    def usable(self) -> bool:
        """Whether the kernel was heard everywhere: the front ends may have it."""
        return all(self._heard.values())

    # --- forwarding --------------------------------------------------------------------------------

    def watched(self) -> list[tuple[zmq.Socket[bytes], int]]:
        """What to poll: nothing is read while its target cannot take more."""
        outward = self.to_kernel if self.joined else {}
        found = [] if self.joined else [(self.monitor, POLLIN)]
        for channel, inward in self.to_front_end.items():
            lane = outward.get(channel)
            # An XPUB that is full can be written to, as far as a poll tells: it has a timeout.
            flags = 0 if inward.waiting else POLLIN
            if lane and lane.waiting:
                flags |= POLLOUT
            elif lane:
                found.append((lane.source, POLLIN))
            if flags:
                found.append((inward.source, flags))
        return found

    def _note_cell(self, frames: Frames) -> bool:
        identities, header, _ = _heads(frames)
        self._note(header, identities)
        return True

    def _keep_request(self, frames: Frames) -> bool:
        if _heads(frames)[1].get("msg_type") != "interrupt_request":
            return True
        cell, count = self.cell, len(self._postponed)
        if count >= MOST_MESSAGES or (not count and self._interrupts.may_go(cell)):
            return True
        self._postponed.append((cell, frames))
        return False

    def pass_interrupts(self) -> list[list[bytes]]:
        """Pass on what was postponed and may go now; those whose cell has ended meanwhile are
        returned, to be answered without the kernel, as they are none of its next cell's."""
        unneeded = []
        while self._postponed:
            cell, frames = self._postponed[0]
            if cell != self.cell:
                unneeded.append(_copied(frames))
            elif self._interrupts.may_go(cell):
                self.to_kernel["control"].waiting.append(frames)
                self.to_kernel["control"].move()
            else:
                break
            self._postponed.popleft()
        return unneeded

    @property
    def postponed(self) -> list[list[bytes]]:
        """The interrupts that this kernel will never get any more."""
        return [_copied(frames) for _, frames in self._postponed]

    def _keep_reply(self, frames: Frames) -> bool:
        if bytes(frames[0].buffer) != OURS:
            if self._running:
                self._running.pop(_heads(frames)[2].get("msg_id", ""), None)
            return True
        _, request, _, session = _describe(frames)
        self._on_session(session)
        self._hear("reply")
        if not self._heard["iopub"]:
            self._next_nudge = min(self._next_nudge, time.monotonic() + ASK_AGAIN)
        self.is_idle |= self._ours.get(request) == "shell"
        return False

    def _keep_output(self, frames: Frames) -> bool:
        kind, parent, state, _ = _describe(frames)
        self._hear("iopub")
        if parent in self._ours:
            # Nothing else tells front ends that a kernel which was at work is not any more.
            told = self._owes_idle and (kind, state) == ("status", "idle")
            if not told or self._ours[parent] != "shell":
                return False
            self._owes_idle = False
            return True
        if parent and self.joined:
            # The kernel serves front ends now, and its output is passed on unread.
            doubled = (kind, state, parent) == ("status", "busy", self._said_busy)
            if doubled or not self._said_busy:
                self.to_front_end["iopub"].keep = None
            return not doubled
        # What it prints as it starts would appear under whichever cell comes first.
        # The relay has welcomed the front ends itself, and a kernel that is `starting` again
        # makes the server nudge it for a minute.
        return kind not in ("stream", "iopub_welcome") and (kind, state) != ("status", "starting")


def _copied(frames: Frames) -> list[bytes]:
    return [bytes(frame.buffer) for frame in frames]


def _heads(frames: Frames) -> tuple[list[bytes], dict[str, Any], dict[str, Any]]:
    """(identities, header, parent header) of a message; empty ones for what is none."""
    try:
        # Not the frames that follow: content and buffers may be large.
        end = next(n for n, frame in enumerate(frames) if bytes(frame.buffer[:10]) == DELIM)
        header, parent = (json.loads(bytes(f.buffer)) for f in frames[end + 2 : end + 4])
        if isinstance(header["msg_id"], str) and isinstance(parent, dict):
            return _copied(frames[:end]), header, parent
    except (ValueError, TypeError, LookupError, StopIteration, RecursionError):
        pass
    return [], {}, {}


def _describe(frames: Frames) -> tuple[str, str, str, str]:
    """(message type, id of the parent message, execution state, session) of a kernel's message."""
    try:
        head = [bytes(frame.buffer) for frame in frames[:8]]
        start = head.index(DELIM) + 2
        header, parent, _, content = (json.loads(f) for f in head[start : start + 4])
        state = content.get("execution_state", "")
        return header["msg_type"], str(parent.get("msg_id", "")), state, str(header["session"])
    except (ValueError, AttributeError, TypeError, KeyError):
        return "", "", "", ""
