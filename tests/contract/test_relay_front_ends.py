"""What notebooks do with a kernel, through the relay: conformance, comms, debugger, bulk output."""

from __future__ import annotations

import threading
import unittest
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import jupyter_kernel_test
import pytest
from front_ends import (
    BLOB,
    ECHO,
    ask_of_many_kinds,
    move_a_widget,
    run_beside_a_busy_cell,
    send_comm,
    stop_at_a_breakpoint,
)
from jupyter_client import BlockingKernelClient
from relaying import (
    WAIT,
    RealKernel,
    Seen,
    connected,
    iopub_of,
    kinds,
    printed_by,
    started_relay,
    stream_text,
)

from kernelkit.running.relay import Relay


class Joined:
    """A relay with a kernel behind it, one client, and what the relay told."""

    def __init__(self, directory: Path, stack: ExitStack, *, wire: str = "curve") -> None:
        self.seen = Seen()
        self.relay = stack.enter_context(started_relay(self.seen.events()))
        options = {"curve": True} if wire == "curve" else {"forward": []}
        self.kernel = RealKernel(directory, **options)  # type: ignore[arg-type]
        stack.callback(self.kernel.end)
        self.client = self.connect(stack)

    def connect(self, stack: ExitStack) -> BlockingKernelClient:
        return stack.enter_context(connected(dict(self.relay.connection)))

    def join(self) -> None:
        self.relay.splice(self.kernel.connection)
        assert self.seen.joined.wait(WAIT)

    def run(self, code: str) -> list[dict[str, Any]]:
        """The iopub messages of one cell that must succeed."""
        found = iopub_of(self.client, self.client.execute(code))
        assert "error" not in kinds(found), found
        return found

    def print(self, code: str) -> str:
        return stream_text(self.run(code))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


@pytest.fixture(params=["curve", "forwarder"])
def joined(tmp_path: Path, stack: ExitStack, request: pytest.FixtureRequest) -> Joined:
    made = Joined(tmp_path, stack, wire=request.param)
    made.join()
    return made


@pytest.fixture
def waiting(tmp_path: Path, stack: ExitStack) -> Joined:
    """The same before the relay knows of the kernel."""
    return Joined(tmp_path, stack)


# --- conformance -----------------------------------------------------------------------------------


class Suite(jupyter_kernel_test.KernelTests):  # type: ignore[misc]
    """The published suite for a Python kernel, with a relay in place of its manager."""

    __test__ = False  # pytest collects every TestCase that it sees
    joined: ClassVar[Joined]
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples: ClassVar[Any] = [{"text": "zi", "matches": {"zip"}}]
    complete_code_samples: ClassVar[Any] = ["1", "print('hello, world')"]
    incomplete_code_samples: ClassVar[Any] = ["print('''hello", "def f(x):\n  x*2"]
    invalid_code_samples: ClassVar[Any] = ["import = 7q"]
    code_page_something = "zip?"
    code_generate_error = "raise"
    code_execute_result: ClassVar[Any] = [{"code": "1+2+3", "result": "6"}]
    code_display_data: ClassVar[Any] = [
        {
            "code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))",
            "mime": "text/html",
        }
    ]
    supported_history_operations = ("tail", "search")
    code_history_pattern = "1?2*"
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"

    @classmethod
    def setUpClass(cls) -> None:
        cls.kc, cls.km = cls.joined.client, SimpleNamespace()  # type: ignore[assignment]

    @classmethod
    def tearDownClass(cls) -> None:
        pass


class FromQueued(Suite):
    """Each test begins while there is no kernel; it comes when the test waits for it."""

    def setUp(self) -> None:
        relay = self.joined.relay
        relay.hold()
        self._ended = threading.Event()
        self._rejoin = threading.Thread(target=self._splice_when_waited_for, args=(relay,))
        self._rejoin.start()

    def _splice_when_waited_for(self, relay: Relay) -> None:
        # kernel_info alone is answered without a kernel, and so holds nothing.
        while relay.held_count == 0 and not self._ended.wait(0.01):
            pass
        relay.splice(self.joined.kernel.connection)

    def tearDown(self) -> None:
        self._ended.set()
        self._rejoin.join()


@pytest.mark.parametrize("suite", [Suite, FromQueued])
def test_conformance(suite: type[Suite], waiting: Joined) -> None:
    waiting.join()
    waiting.client.wait_for_ready(timeout=WAIT)
    of_this = type(suite.__name__, (suite,), {"joined": waiting})
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(of_this)
    result = unittest.TestResult()
    tests.run(result)
    problems = [f"{test}:\n{text}" for test, text in (*result.failures, *result.errors)]
    assert not problems, "\n".join(problems)
    assert {why for _, why in result.skipped} <= {"History range not supported"}
    assert result.testsRun >= 11


# --- hand-over -------------------------------------------------------------------------------------


def test_a_thousand_messages_of_every_kind_arrive_in_order(waiting: Joined) -> None:
    client = waiting.client
    client.wait_for_ready(timeout=WAIT)
    first = client.execute("seen = []")
    sent = [first, *ask_of_many_kinds(client, 250)]
    waiting.join()
    got = [client.get_shell_msg(timeout=WAIT) for _ in sent]
    assert [m["parent_header"]["msg_id"] for m in got] == sent
    assert {m["content"]["status"] for m in got} == {"ok", "complete"}


def test_comms_opened_while_it_waits_reach_the_kernel(waiting: Joined) -> None:
    client = waiting.client
    client.wait_for_ready(timeout=WAIT)
    client.execute(ECHO, silent=True)
    send_comm(client, "comm_open", "1", target_name="echo")
    send_comm(client, "comm_msg", "1", [BLOB], data={"n": 1})
    waiting.join()
    while True:
        echoed = client.get_iopub_msg(timeout=WAIT)
        if echoed["msg_type"] == "comm_msg":
            break
    assert echoed["content"]["data"] == {"n": 1}
    assert bytes(echoed["buffers"][0]) == BLOB


def test_one_session_speaks_after_the_kernel_has_spoken(waiting: Joined, stack: ExitStack) -> None:
    client = waiting.client
    client.wait_for_ready(timeout=WAIT)
    waiting.relay.set_text("job 12 pending")
    held = client.execute("1")
    waiting.join()
    heard = iopub_of(client, held)
    own = next(m["header"]["session"] for m in heard if m["msg_type"] == "execute_result")
    first = next(n for n, m in enumerate(heard) if m["header"]["session"] == own)
    assert first > 0
    assert {m["header"]["session"] for m in heard[first:]} == {own}
    assert kinds(heard[first:])[0] == "clear_output"
    other = waiting.connect(stack)
    welcome = other.get_iopub_msg(timeout=WAIT)
    assert welcome["msg_type"] == "iopub_welcome"
    assert welcome["header"]["session"] == own


def test_a_kernel_nobody_used_while_it_waited_is_idle(waiting: Joined) -> None:
    assert waiting.client.get_iopub_msg(timeout=WAIT)["msg_type"] == "iopub_welcome"
    busy = waiting.client.get_iopub_msg(timeout=WAIT)
    assert busy["content"] == {"execution_state": "busy"}
    waiting.join()
    after = waiting.client.get_iopub_msg(timeout=WAIT)
    while after["msg_type"] == "stream":  # what the kernel wrote at its start
        after = waiting.client.get_iopub_msg(timeout=WAIT)
    assert after["content"] == {"execution_state": "idle"}
    assert after["parent_header"] == {}


# --- while it runs ---------------------------------------------------------------------------------


def test_what_the_relay_adds_to_a_cell_is_the_kernels_own_voice(joined: Joined) -> None:
    client = joined.client
    joined.relay.say("for nobody\n")
    client.wait_for_ready(timeout=WAIT)
    cell = client.execute(
        "print('before', flush=True)\ninput('')\nprint('after')", allow_stdin=True
    )
    waiting = client.execute("print('later')")
    heard = printed_by(client, cell, "before\n")
    joined.relay.say("a warning\n")
    heard += printed_by(client, cell, "a warning\n")
    client.get_stdin_msg(timeout=WAIT)
    client.input("")
    heard += iopub_of(client, cell)
    # JupyterLab handles what comes while the last that came was of the kernel's session.
    assert len({m["header"]["session"] for m in heard}) == 1
    said = groupby((m for m in heard if m["msg_type"] == "stream"), lambda m: m["content"]["name"])
    assert [(name, stream_text(list(part))) for name, part in said] == [
        ("stdout", "before\n"), ("stderr", "a warning\n"), ("stdout", "after\n"),
    ]  # fmt: skip
    texts = [m["content"].get("text") for m in iopub_of(client, waiting)]
    assert "a warning\n" not in texts


def test_a_widget_tells_its_kernel_side(joined: Joined) -> None:
    joined.client.wait_for_ready(timeout=WAIT)
    move_a_widget(joined.client)


def test_the_debugger_stops_at_a_breakpoint(joined: Joined) -> None:
    joined.client.wait_for_ready(timeout=WAIT)
    stop_at_a_breakpoint(joined.client)


def test_a_subshell_runs_beside_a_busy_cell(joined: Joined) -> None:
    joined.client.wait_for_ready(timeout=WAIT)
    run_beside_a_busy_cell(joined.client)


def test_fifty_megabytes_arrive_whole(joined: Joined) -> None:
    code = "for n in range(50): print(chr(65 + n % 26) * 999_999)"
    text = joined.print(code)
    assert len(text) == 50_000_000
    assert [line[0] for line in text.splitlines()] == [chr(65 + n % 26) for n in range(50)]


SEND = """
from ipykernel.kernelapp import IPKernelApp
kernel = IPKernelApp.instance().kernel
for n in range({count}):
    content = dict(name='stdout', text=f'{{n}} ')
    kernel.session.send(kernel.iopub_socket, 'stream', content, parent=kernel.get_parent())
"""


def test_what_a_direct_connection_keeps_is_kept_in_order(joined: Joined) -> None:
    # A kernel's socket keeps 1,000 messages, but hears only of every 500 that they were taken.
    count = 480
    client = joined.client
    for _ in range(20):
        sent = client.execute(SEND.format(count=count))
        # Nothing is read of the output before the kernel has sent all of it.
        assert client.get_shell_msg(timeout=WAIT)["content"]["status"] == "ok"
        words = stream_text(iopub_of(client, sent)).split()
        assert [int(word) for word in words] == list(range(count))


def test_two_front_ends_hear_the_same_and_are_asked_apart(joined: Joined, stack: ExitStack) -> None:
    other = joined.connect(stack)
    for client in (joined.client, other):
        client.wait_for_ready(timeout=WAIT)
    asked = other.execute("name = input('who? '); print(name)", allow_stdin=True)
    assert other.get_stdin_msg(timeout=WAIT)["content"]["prompt"] == "who? "
    assert not joined.client.stdin_channel.msg_ready()
    other.input("the other")
    for client in (joined.client, other):
        assert stream_text(iopub_of(client, asked)) == "the other\n"


def test_a_front_end_that_comes_late_hears_the_rest(joined: Joined, stack: ExitStack) -> None:
    client = joined.client
    running = client.execute("print('early')\ninput('')\nprint('late')", allow_stdin=True)
    # What the kernel asks and what it tells take two ways, and either may come first.
    printed_by(client, running, "early\n")
    other = joined.connect(stack)
    assert other.get_iopub_msg(timeout=WAIT)["msg_type"] == "iopub_welcome"
    client.get_stdin_msg(timeout=WAIT)
    client.input("")
    for each in (client, other):
        assert stream_text(iopub_of(each, running)) == "late\n"


def test_a_front_end_that_vanished_is_not_missed(joined: Joined) -> None:
    gone = BlockingKernelClient()
    gone.load_connection_info(dict(joined.relay.connection))
    gone.start_channels()
    gone.wait_for_ready(timeout=WAIT)
    gone.execute("for n in range(2000): print(n, flush=True)")
    for name in ("shell", "control", "stdin", "iopub"):
        getattr(gone, f"{name}_channel").socket.close(linger=0)
    gone.hb_channel.stop()
    assert joined.print("print('still here')") == "still here\n"


def test_a_kernel_that_dies_in_mid_message_leaves_the_relay_able(
    joined: Joined, tmp_path: Path, stack: ExitStack
) -> None:
    dying = joined.client.execute("import os\nwhile True: print('x' * 1_000_000, flush=True)")
    while joined.client.get_iopub_msg(timeout=WAIT)["msg_type"] != "stream":
        pass
    joined.kernel.end()
    joined.relay.hold()
    joined.seen.joined.clear()
    held = joined.client.execute("print('the next')")
    joined.kernel = RealKernel(tmp_path, curve=True)
    stack.callback(joined.kernel.end)
    joined.join()
    assert stream_text(iopub_of(joined.client, held)) == "the next\n"
    assert dying != held


def test_what_anybody_may_write_into_a_socket_is_dropped(waiting: Joined, stack: ExitStack) -> None:
    stranger = waiting.connect(stack)
    stranger.session.key = b"another key"
    stranger.execute("raise SystemExit")
    stranger.shell_channel.socket.send_multipart([b"", b"<IDS|MSG>", b"\xff", b"{", b""])
    stranger.control_channel.send(stranger.session.msg("shutdown_request", {"restart": False}))
    waiting.client.wait_for_ready(timeout=WAIT)
    waiting.join()
    assert waiting.print("print('alive')") == "alive\n"
    assert waiting.seen.shutdown == []
