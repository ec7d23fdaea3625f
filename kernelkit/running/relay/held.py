"""What a kernel answers while its job waits: a state machine over frames, without any socket.

Every method takes what came in and returns what to send, so that each rule can be tested by
itself. Message formats: jupyter_client's messaging specification 5.4.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from jupyter_client.session import Session

Channel = Literal["shell", "control", "stdin", "iopub"]

# More than any notebook holds; a loop that floods a waiting kernel must not fill the server.
MOST_MESSAGES = 10_000
MOST_BYTES = 64 << 20


class Outgoing(NamedTuple):
    """Frames to send on a local channel; a reply's first frames are the client's identity."""

    channel: Channel
    frames: list[bytes]


@dataclass(frozen=True)
class Request:
    """A message that waits for the kernel, as it came; `header` is kept for answering it here."""

    channel: Channel
    frames: list[bytes]
    identities: list[bytes]
    header: dict[str, Any]
    size: int


class HeldKernel:
    """Stands in for a kernel that is not there yet.

    `kernel_info` is the content of a kernel_info_reply, as the kernel gave it at install.
    `on_interrupt` and `on_shutdown(restart)` tell the owner what a front end asked for.
    """

    def __init__(
        self,
        session: Session,
        kernel_info: dict[str, Any],
        *,
        on_interrupt: Callable[[], None] = lambda: None,
        on_shutdown: Callable[[bool], None] = lambda restart: None,
    ) -> None:
        self._session = session
        self._kernel_info = {**kernel_info, "status": "ok"}
        self._on_interrupt = on_interrupt
        self._on_shutdown = on_shutdown
        self._held: deque[Request] = deque()
        self._bytes = 0
        self._text = ""
        self._shown: tuple[dict[str, Any], str] | None = None
        self._voice = session.session

    # --- what comes in ---------------------------------------------------------------------------

    def receive(self, channel: Channel, frames: list[bytes]) -> list[Outgoing]:
        """Answer or hold one message from a front end. What is not signed with our key is dropped,
        and so is what no kernel could answer."""
        read = self._read(frames)
        if read is None:
            return []
        identities, header, content = read
        kind = header["msg_type"]
        if kind == "kernel_info_request":
            answered = self._answered(
                channel, identities, header, "kernel_info_reply", self._kernel_info
            )
            return [*answered, self._status("busy", None)]
        if channel == "control" and kind == "interrupt_request":
            sent = self.interrupt()
            self._on_interrupt()
            sent += self._interrupted(identities, header)
            return [*sent, self._status("busy", None)]
        if kind == "shutdown_request":
            restart = bool(content.get("restart"))
            # What waits was meant for the kernel that ends here: a front end forgets it, too.
            sent = self._drop(name="", forget=True)
            content = {"status": "ok", "restart": restart}
            sent += self._answered(channel, identities, header, "shutdown_reply", content)
            self._on_shutdown(restart)
            return [*sent, self._status("busy", None)]
        if channel == "stdin":
            return []  # nobody asked for input yet
        return self._hold(Request(channel, frames, identities, header, sum(map(len, frames))))

    def interrupt(self) -> list[Outgoing]:
        """End the cells that wait."""
        return self._drop()

    def answer_interrupt(self, frames: list[bytes]) -> list[Outgoing]:
        """Answer an interrupt_request, which needs nothing else, in the place of the kernel."""
        read = self._read(frames)
        return self._interrupted(*read[:2]) if read else []

    def _read(
        self, frames: list[bytes]
    ) -> tuple[list[bytes], dict[str, Any], dict[str, Any]] | None:
        """(identities, header, content) of a message that is signed with our key, or None."""
        try:
            identities, parts = self._session.feed_identities(frames)
            message = self._session.deserialize(parts, content=True)
            header, content = message["header"], message["content"]
            # A reply repeats the header, and JSON that can be read cannot always be written.
            self._session.pack(header)
            if isinstance(header["msg_type"], str) and isinstance(content, dict):
                return identities, header, content
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            pass
        return None

    def subscribed(self, topic: bytes, *, busy: bool = True) -> list[Outgoing]:
        """A front end listens now: welcome it (JEP 65), and say that the kernel is busy, if it is.

        Never `starting`: jupyter_server then nudges for 60 s, and the culler counts it as idle.
        """
        welcome = self._message("iopub_welcome", {"subscription": topic.decode("utf-8", "replace")})
        sent = [Outgoing("iopub", [topic, *welcome])]
        return [*sent, self._status("busy", None)] if busy else sent

    # --- what the owner says -----------------------------------------------------------------------

    def set_text(self, text: str) -> list[Outgoing]:
        """Show `text`, such as `job 12 pending: Priority`, under the first cell that waits."""
        if text == self._text:
            return []
        self._text = text
        return self._show()

    def speak_as(self, session: str) -> None:
        """Use the kernel's own session id from now on, as soon as it is known.

        JupyterLab takes the session of the message that came last for the kernel's, and drops
        what waits to be handled from another one: comms, displays and states of the kernel.
        """
        self._voice = session

    def begin(self) -> list[Outgoing]:
        """The kernel has gone for another to come: say that nobody should wait for an answer."""
        return [self._status("busy", None)]

    def release(self, *, idle: bool = True) -> tuple[list[Outgoing], list[Request]]:
        """End the waiting: what to send to clear the text, and all that was held, in order.

        `idle` is false for a kernel that is in the middle of a cell.
        """
        held = list(self._held)
        self._held.clear()
        self._bytes = 0
        # Each that was held makes the kernel tell its state; without any nobody would.
        return self._unshow() + ([self._status("idle", None)] if idle and not held else []), held

    def fail(self, name: str, text: str, running: Sequence[Request] = ()) -> list[Outgoing]:
        """The kernel will not come (again): end every cell, the first with the reason.

        `running` are those that it had when it went.
        """
        self._held.extendleft(reversed(running))
        return self._drop(name, text)

    def say(self, text: str, cell: Request) -> list[Outgoing]:
        """Add `text` to the output of a cell that the kernel has; to its stderr, as warnings go."""
        content = {"name": "stderr", "text": text}
        return [Outgoing("iopub", self._published("stream", content, cell.header))]

    @property
    def busy_with(self) -> str:
        """The id of the request that the text is shown under, if it is shown."""
        return str(self._shown[0].get("msg_id", "")) if self._shown else ""

    @property
    def count(self) -> int:
        """How many messages wait."""
        return len(self._held)

    # --- holding -----------------------------------------------------------------------------------

    def _hold(self, request: Request) -> list[Outgoing]:
        if len(self._held) >= MOST_MESSAGES or self._bytes + request.size > MOST_BYTES:
            text = "The kernel has not started, and too much waits for it already."
            return self._refused(request, "KernelNotStarted", text)
        self._held.append(request)
        self._bytes += request.size
        return self._show() if self._shown is None else []

    def _drop(
        self,
        name: str = "KeyboardInterrupt",
        text: str = "The kernel had not started yet.",
        *,
        forget: bool = False,
    ) -> list[Outgoing]:
        sent = self._unshow()
        kept: deque[Request] = deque()
        for request in self._held:
            if request.header.get("msg_type") != "execute_request":
                if not forget:
                    kept.append(request)
                continue
            sent += self._refused(request, name, text) if name else self._aborted(request)
            name = ""  # the first tells why, the others were never tried
        self._held = kept
        self._bytes = sum(request.size for request in kept)
        return [*sent, self._status("busy", None)]

    def _refused(self, request: Request, name: str, text: str) -> list[Outgoing]:
        content: dict[str, Any] = {
            "status": "error", "ename": name, "evalue": text, "traceback": [f"{name}: {text}"],
        }  # fmt: skip
        error = Outgoing("iopub", self._published("error", content, request.header))
        return [self._status("busy", request.header), error, *self._ended(request, content)]

    def _aborted(self, request: Request) -> list[Outgoing]:
        return self._ended(request, {"status": "aborted"})

    def _ended(self, request: Request, content: dict[str, Any]) -> list[Outgoing]:
        kind = request.header.get("msg_type", "").replace("_request", "_reply")
        if kind == "execute_reply":
            content = {**content, "execution_count": 0}
        frames = self._message(kind, content, request.header, request.identities)
        return [Outgoing(request.channel, frames), self._status("idle", request.header)]

    # --- the text under the first cell ---------------------------------------------------------------

    def _show(self) -> list[Outgoing]:
        first = next((r for r in self._held if r.header.get("msg_type") == "execute_request"), None)
        if first is None or not self._text:
            return []
        if self._shown is None:
            self._shown = (first.header, uuid.uuid4().hex)
            kind, before = "display_data", [self._status("busy", first.header)]
        else:
            kind, before = "update_display_data", []
        header, display_id = self._shown
        content = {
            "data": {"text/plain": self._text},
            "metadata": {},
            "transient": {"display_id": display_id},
        }
        return [*before, Outgoing("iopub", self._published(kind, content, header))]

    def _unshow(self) -> list[Outgoing]:
        if self._shown is None:
            return []
        header, _ = self._shown
        self._shown = None
        return [Outgoing("iopub", self._published("clear_output", {"wait": False}, header))]

    # --- messages ----------------------------------------------------------------------------------

    def _interrupted(self, identities: list[bytes], header: dict[str, Any]) -> list[Outgoing]:
        return self._answered("control", identities, header, "interrupt_reply", {"status": "ok"})

    def _answered(
        self,
        channel: Channel,
        identities: list[bytes],
        header: dict[str, Any],
        kind: str,
        content: dict[str, Any],
    ) -> list[Outgoing]:
        # A front end takes a request as done when it has the reply and an idle of that request.
        return [
            self._status("busy", header),
            Outgoing(channel, self._message(kind, content, header, identities)),
            self._status("idle", header),
        ]

    def _status(self, state: str, parent: dict[str, Any] | None) -> Outgoing:
        return Outgoing("iopub", self._published("status", {"execution_state": state}, parent))

    def _published(
        self, kind: str, content: dict[str, Any], parent: dict[str, Any] | None
    ) -> list[bytes]:
        return [f"kernel.{kind}".encode(), *self._message(kind, content, parent)]

    def _message(
        self,
        kind: str,
        content: dict[str, Any],
        parent: dict[str, Any] | None = None,
        identities: list[bytes] | None = None,
    ) -> list[bytes]:
        header = {**self._session.msg_header(kind), "session": self._voice}
        message = self._session.msg(kind, content=content, parent=parent or {}, header=header)
        return list(self._session.serialize(message, ident=identities))
