"""The thread that owns both sides: holds while there is no kernel, forwards while there is one."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import zmq
from jupyter_client.session import Session

from .endpoints import Connection, Sockets, bind_local, connect_remote
from .held import Channel, HeldKernel, Outgoing
from .splice import POLLIN, POLLOUT, Splice

_IDENTITY = b"kernelkit-relay-shell"
_HELD_CHANNELS: tuple[Channel, ...] = ("control", "shell", "stdin")


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True)
class RelayEvents:
    """What the relay tells its owner, from its own thread: hand over to your loop at once.

    `interrupted`: an interrupt is for the kernel, which has just come, or is in the middle of a cell
    while front ends wait for it.
    """

    interrupted: Callable[[], None] = _nothing
    shutdown_requested: Callable[[bool], None] = _nothing
    joined: Callable[[], None] = _nothing


class Relay:
    """Is the kernel, as far as front ends can tell, from before its job starts until it ends.

    A thread of its own with a zmq context of its own: a blocking manager's event loop would
    stall it otherwise, and it stalls nobody's. `connection` is what front ends connect to;
    `kernel_info` the content of a kernel_info_reply, cached at install. All methods may be called
    from any thread and return at once.
    """

    def __init__(
        self,
        connection: Connection,
        kernel_info: dict[str, Any],
        events: RelayEvents | None = None,
    ) -> None:
        self.connection = connection
        self._events = events or RelayEvents()
        self._session = Session(
            key=connection["key"].encode(),
            signature_scheme=connection["signature_scheme"],
            # A held request is read here and signed by the front end, and may come again.
            digest_history_size=0,
        )
        self._held = HeldKernel(
            self._session,
            kernel_info,
            on_interrupt=self._interrupt_at_work,
            on_shutdown=self._events.shutdown_requested,
        )
        self._splice: Splice | None = None
        # The kernel that the owner has named last, and the one that the thread has: numbers.
        self._named = self._served = 0
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        # Held to write there and to close it: its number may be another file's by then.
        self._waking, self._closed = threading.Lock(), False
        self._stopping = False
        # Making a poller takes as long as forwarding a message.
        self._watched: list[tuple[zmq.Socket[bytes], int]] = []
        self._last_poller = zmq.Poller()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._local: Sockets | None = None
        self._thread = threading.Thread(target=self._run, name="kernelkit-relay", daemon=True)

    # --- what the owner says -------------------------------------------------------------------------

    def start(self) -> None:
        """Bind the local sockets and begin to answer. Raises zmq.ZMQError if they are taken."""
        self._local = bind_local(self._context, self.connection)
        self._thread.start()

    def set_text(self, text: str) -> None:
        """Show `text` under the first cell that waits."""
        self._call(lambda: self._send_all(self._held.set_text(text)) if not self._splice else None)

    def splice(self, connection: Connection, *, at_work: bool = False) -> None:
        """Join the kernel at `connection` (with its Curve keys, if any); a former one is left.

        A kernel `at_work` has served another relay, and may be in the middle of a cell.
        """
        number = self._named = self._named + 1
        self._call(lambda: self._begin_splice(connection, at_work, number))

    def hold(self) -> None:
        """Leave the kernel and answer in its place again, until the next `splice`."""
        self._named += 1
        self._call(self._hold_again)

    def interrupt(self) -> None:
        """End the cells that wait, or have `interrupted` told where a kernel has them."""
        self._call(self._interrupt)

    def fail(self, name: str, text: str) -> None:
        """The kernel will not come (any more): end the cells that wait, with the reason."""
        self._call(lambda: self._fail(name, text))

    def say(self, text: str) -> None:
        """Add `text` to the output of the cell that the kernel runs, if it runs one."""
        self._call(lambda: self._say(text))

    def stop(self, timeout: float = 5.0) -> None:
        """Close everything; waits for the thread at most `timeout` seconds."""
        if self._stopping:
            return
        self._stopping = True
        if self._thread.is_alive():
            self._call(_nothing)
            if threading.current_thread() is not self._thread:
                self._thread.join(timeout)
        elif self._local is not None:
            self._close()

    @property
    def is_joined(self) -> bool:
        """Whether the kernel of the last `splice` answers behind the relay, and not one before it."""
        splice = self._splice
        return splice is not None and splice.joined and self._served == self._named

    @property
    def cell(self) -> str:
        """The id of the request that the kernel is busy with; empty for none that is known."""
        splice = self._splice
        return splice.cell if splice is not None else ""

    @property
    def held_count(self) -> int:
        """How many messages wait for the kernel."""
        return self._held.count

    def _call(self, function: Callable[[], None]) -> None:
        self._calls.put(function)
        with self._waking:
            if not self._closed:
                os.write(self._wake_write, b"\0")

    # --- in the thread ---------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._close()

    def _turn(self) -> None:
        splice = self._splice
        poller = self._poller(splice)
        timeout = None if splice is None else splice.timeout
        ready = dict(poller.poll(None if timeout is None else int(timeout * 1000) + 1))
        self._make_calls(self._wake_read in ready)
        if self._stopping or self._splice is not splice:
            return
        if splice is not None:
            self._serve_kernel(splice, ready)
        self._serve_front_ends(splice, ready)

    def _poller(self, splice: Splice | None) -> zmq.Poller:
        assert self._local
        watched = [(self._local.iopub, POLLIN)]  # subscriptions
        if splice is not None:
            watched += splice.watched()
        if splice is None or not splice.joined:
            watched += [(getattr(self._local, c), POLLIN) for c in (*_HELD_CHANNELS, "hb")]
        if watched != self._watched:
            self._watched, self._last_poller = watched, zmq.Poller()
            self._last_poller.register(self._wake_read, POLLIN)
            for socket, flags in watched:
                self._last_poller.register(socket, flags)
        return self._last_poller

    def _make_calls(self, woken: bool) -> None:
        if not woken:
            return
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 65536)
        with contextlib.suppress(queue.Empty):
            while True:
                self._calls.get_nowait()()

    def _serve_kernel(self, splice: Splice, ready: dict[Any, int]) -> None:
        if splice.monitor in ready:
            splice.see_stdin()
        for lane in splice.to_front_end.values():
            if lane.waiting or ready.get(lane.source, 0) & POLLIN:
                lane.move()
        if not splice.joined:
            if splice.usable:
                self._join(splice)
            else:
                splice.nudge()
            return
        for lane in splice.to_kernel.values():
            if lane.source in ready or ready.get(lane.target, 0) & POLLOUT:
                lane.move()
        self._answer_interrupts(splice.pass_interrupts())

    def _answer_interrupts(self, requests: list[list[bytes]]) -> None:
        for frames in requests:
            self._send_all(self._held.answer_interrupt(frames))

    def _join(self, splice: Splice) -> None:
        busy = self._held.busy_with
        cleared, held = self._held.release(idle=splice.is_idle)
        self._send_all(cleared)
        splice.queue(held, busy)
        splice.joined = True
        for channel in ("control", "shell"):
            splice.to_kernel[channel].move()
        self._events.joined()

    def _serve_front_ends(self, splice: Splice | None, ready: dict[Any, int]) -> None:
        assert self._local
        joined = splice is not None and splice.joined
        if self._local.iopub in ready:
            self._subscriptions(busy=not joined)
        if joined:
            return
        if self._local.hb in ready:
            self._local.hb.send_multipart(self._local.hb.recv_multipart())
        for channel in _HELD_CHANNELS:
            socket = getattr(self._local, channel)
            if socket in ready:
                with contextlib.suppress(zmq.Again):
                    frames = socket.recv_multipart(zmq.NOBLOCK)
                    self._send_all(self._held.receive(channel, frames))

    def _subscriptions(self, *, busy: bool) -> None:
        assert self._local
        with contextlib.suppress(zmq.Again):
            event = self._local.iopub.recv(zmq.NOBLOCK)
            if event[:1] == b"\x01":
                self._send_all(self._held.subscribed(event[1:], busy=busy))

    def _send_all(self, outgoing: list[Outgoing]) -> None:
        assert self._local
        for channel, frames in outgoing:
            with contextlib.suppress(zmq.ZMQError):
                getattr(self._local, channel).send_multipart(frames, zmq.NOBLOCK)

    def _begin_splice(self, connection: Connection, at_work: bool, number: int) -> None:
        self._end_splice()
        self._served = number
        assert self._local
        remote = connect_remote(self._context, connection, _IDENTITY)
        self._splice = Splice(self._local, remote, self._session, self._held.speak_as, at_work)
        self._splice.nudge()

    def _end_splice(self) -> None:
        if self._splice is not None:
            self._answer_interrupts(self._splice.postponed)
            self._splice.close()
            self._splice = None

    def _hold_again(self) -> None:
        self._end_splice()
        self._send_all(self._held.begin())

    def _interrupt(self) -> None:
        if self._splice is not None and self._splice.joined:
            self._events.interrupted()
        else:
            self._send_all(self._held.interrupt())
            self._interrupt_at_work()

    def _interrupt_at_work(self) -> None:
        if self._splice is not None and self._splice.at_work:
            self._events.interrupted()

    def _fail(self, name: str, text: str) -> None:
        running = self._splice.unanswered if self._splice else []
        self._end_splice()
        self._send_all(self._held.fail(name, text, running))

    def _say(self, text: str) -> None:
        cells = self._splice.unanswered if self._splice and self._splice.joined else []
        if cells:
            self._send_all(self._held.say(text, cells[0]))

    def _close(self) -> None:
        self._end_splice()
        if self._local is not None:
            self._local.close()
        self._context.destroy(linger=0)
        with self._waking:
            self._closed = True
            os.close(self._wake_read)
            os.close(self._wake_write)
