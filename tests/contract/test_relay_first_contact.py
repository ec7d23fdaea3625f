"""How often a kernel that does not answer yet is asked: it answers all of it before its first cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from jupyter_client.session import Session
from relaying import KEY

from kernelkit.running.relay import splice
from kernelkit.running.relay.endpoints import bind_local, connect_remote, local_connection
from kernelkit.running.relay.splice import Splice


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Silent:
    """A splice to sockets that take requests and say nothing, by a clock of its own."""

    def __init__(self, directory: Path, clock: Clock, at_work: bool) -> None:
        self.clock = clock
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        front, kernel = (
            local_connection(directory / name, KEY, "hmac-sha256") for name in ("front", "kernel")
        )
        self.session = Session(key=KEY.encode())
        self._local = bind_local(self._context, front)
        self.kernel = bind_local(self._context, kernel)
        remote = connect_remote(self._context, kernel, b"relay")
        self.splice = Splice(self._local, remote, self.session, lambda session: None, at_work)

    def asked_within(self, seconds: int) -> int:
        """How many requests there were on shell, looked for as often as the relay looks."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.splice.nudge()
            timeout = self.splice.timeout
            assert timeout is not None
            self.clock.now += max(timeout, 0.001)
        return sum(1 for _ in iter(lambda: self.kernel.shell.poll(200) and self._take(), 0))

    def _take(self) -> int:
        self.last = self.kernel.shell.recv_multipart()
        return 1

    def answer(self) -> None:
        """Reply to the last request, and say nothing on iopub."""
        identities, parts = self.session.feed_identities(self.last)
        request = self.session.deserialize(parts)
        self.session.send(self.kernel.shell, "kernel_info_reply", {}, request, ident=identities)
        lane = self.splice.to_front_end["shell"]
        assert lane.source.poll(10_000)
        lane.move()

    def close(self) -> None:
        self.splice.close()
        self._local.close()
        self.kernel.close()
        self._context.destroy(linger=0)


@pytest.fixture(params=[False, True], ids=["starting", "at-work"])
def silent(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Silent]:
    clock = Clock()
    monkeypatch.setattr(splice, "time", clock)
    made = Silent(tmp_path, clock, request.param)
    yield made
    made.close()


def test_a_kernel_that_takes_long_is_asked_less_and_less(silent: Silent) -> None:
    # Twenty kernels that start at once take several seconds on a small node.
    assert 3 <= silent.asked_within(8) <= 5
    assert 1 <= silent.asked_within(60) <= 15


def test_one_that_answers_and_was_not_heard_on_iopub_is_asked_again_at_once(silent: Silent) -> None:
    silent.asked_within(30)
    silent.answer()
    timeout = silent.splice.timeout
    assert timeout is not None and timeout <= splice.ASK_AGAIN
    assert not silent.splice.usable
    assert silent.asked_within(1) >= 1
