"""The relay in front of a real ipykernel: held, spliced, held again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
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


@pytest.fixture
def start_kernel(tmp_path: Path) -> Iterator[Callable[..., RealKernel]]:
    started: list[RealKernel] = []

    def start(*, curve: bool = False) -> RealKernel:
        started.append(RealKernel(tmp_path, curve=curve))
        return started[-1]

    yield start
    for kernel in started:
        kernel.end()


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def relay(seen: Seen) -> Iterator[Relay]:
    with started_relay(seen.events()) as made:
        yield made


@pytest.fixture
def client(relay: Relay) -> Iterator[BlockingKernelClient]:
    with connected(dict(relay.connection)) as made:
        yield made


def test_a_held_kernel_is_ready_for_a_front_end(client: BlockingKernelClient) -> None:
    client.wait_for_ready(timeout=WAIT)
    reply = client.kernel_info(reply=True, timeout=WAIT)
    assert reply["content"]["banner"] == "cached at install"
    assert client.hb_channel.is_beating()


def test_held_cells_run_in_order_when_the_kernel_comes(
    client: BlockingKernelClient, relay: Relay, start_kernel: Callable[..., RealKernel]
) -> None:
    client.wait_for_ready(timeout=WAIT)
    sent = [client.execute(f"print({number})") for number in range(50)]
    relay.splice(start_kernel().connection)
    for number, msg_id in enumerate(sent):
        reply = client.get_shell_msg(timeout=WAIT)
        assert reply["parent_header"]["msg_id"] == msg_id
        assert reply["content"]["execution_count"] == number + 1
    text = "".join(stream_text(iopub_of(client, msg_id)) for msg_id in sent)
    assert text.split() == [str(number) for number in range(50)]


def test_the_first_cell_shows_the_state_and_then_only_its_own_output(
    client: BlockingKernelClient, relay: Relay, start_kernel: Callable[..., RealKernel]
) -> None:
    client.wait_for_ready(timeout=WAIT)
    relay.set_text("job 12 pending: Priority")
    msg_id = client.execute("print('mine')")
    shown = []
    while "display_data" not in kinds(shown):
        shown.append(client.get_iopub_msg(timeout=WAIT))
    assert shown[-1]["content"]["data"]["text/plain"] == "job 12 pending: Priority"
    relay.set_text("job 12 starting")
    update = client.get_iopub_msg(timeout=WAIT)
    assert update["msg_type"] == "update_display_data"
    assert update["content"]["transient"] == shown[-1]["content"]["transient"]
    relay.splice(start_kernel().connection)
    after = iopub_of(client, msg_id)
    assert kinds(after)[0] == "clear_output"
    assert stream_text(after) == "mine\n"
    assert "display_data" not in kinds(after)


@pytest.mark.parametrize("by_message", [True, False])
def test_an_interrupt_drops_held_cells(
    client: BlockingKernelClient, relay: Relay, seen: Seen, by_message: bool
) -> None:
    client.wait_for_ready(timeout=WAIT)
    first, second = client.execute("1"), client.execute("2")
    client.kernel_info(reply=True, timeout=WAIT)  # on shell too, so both cells are held now
    if by_message:
        client.control_channel.send(client.session.msg("interrupt_request", {}))
        assert client.get_control_msg(timeout=WAIT)["msg_type"] == "interrupt_reply"
    else:
        relay.interrupt()
    replies = [client.get_shell_msg(timeout=WAIT) for _ in range(2)]
    assert [r["parent_header"]["msg_id"] for r in replies] == [first, second]
    assert [r["content"]["status"] for r in replies] == ["error", "aborted"]
    assert replies[0]["content"]["ename"] == "KeyboardInterrupt"
    assert not seen.interrupted.is_set()  # there is no kernel that it could be for


def test_a_shutdown_is_answered_and_told(client: BlockingKernelClient, seen: Seen) -> None:
    client.wait_for_ready(timeout=WAIT)
    client.shutdown(restart=True)
    assert seen.asked_to_end.wait(WAIT)
    assert seen.shutdown == [True]


@pytest.mark.parametrize("curve", [False, True])
def test_input_completion_and_interrupt_pass_through(
    client: BlockingKernelClient,
    relay: Relay,
    seen: Seen,
    start_kernel: Callable[..., RealKernel],
    curve: bool,
) -> None:
    client.wait_for_ready(timeout=WAIT)
    relay.splice(start_kernel(curve=curve).connection)
    assert seen.joined.wait(WAIT)
    msg_id = client.execute("name = input('who? '); print('hello', name)", allow_stdin=True)
    asked = client.get_stdin_msg(timeout=WAIT)
    assert asked["content"]["prompt"] == "who? "
    client.input("you")
    assert stream_text(iopub_of(client, msg_id)) == "hello you\n"
    client.get_shell_msg(timeout=WAIT)
    completed = client.complete("nam", reply=True, timeout=WAIT)
    assert "name" in completed["content"]["matches"]
    msg_id = client.execute("import time\nprint('go', flush=True)\nwhile True: time.sleep(0.05)")
    printed_by(client, msg_id, "go\n")
    client.control_channel.send(client.session.msg("interrupt_request", {}))
    reply = client.get_shell_msg(timeout=WAIT)
    assert reply["content"]["ename"] == "KeyboardInterrupt"


def test_two_front_ends_get_their_own_replies(
    client: BlockingKernelClient,
    relay: Relay,
    seen: Seen,
    start_kernel: Callable[..., RealKernel],
) -> None:
    other = BlockingKernelClient()
    other.load_connection_info(dict(relay.connection))
    other.start_channels()
    try:
        relay.splice(start_kernel().connection)
        assert seen.joined.wait(WAIT)
        client.wait_for_ready(timeout=WAIT)
        other.wait_for_ready(timeout=WAIT)
        mine, theirs = client.execute("1"), other.execute("2")
        assert client.get_shell_msg(timeout=WAIT)["parent_header"]["msg_id"] == mine
        assert other.get_shell_msg(timeout=WAIT)["parent_header"]["msg_id"] == theirs
    finally:
        other.stop_channels()


def test_a_restart_holds_and_joins_the_next_kernel(
    client: BlockingKernelClient,
    relay: Relay,
    seen: Seen,
    start_kernel: Callable[..., RealKernel],
) -> None:
    client.wait_for_ready(timeout=WAIT)
    first = start_kernel()
    relay.splice(first.connection)
    assert seen.joined.wait(WAIT)
    client.execute_interactive("before = 1", timeout=WAIT)
    relay.hold()
    first.end()
    msg_id = client.execute("'before' in globals()")
    seen.joined.clear()
    relay.splice(start_kernel().connection)
    results = [m for m in iopub_of(client, msg_id) if m["msg_type"] == "execute_result"]
    assert results[0]["content"]["data"]["text/plain"] == "False"


def test_a_thousand_held_messages_lose_nothing(
    client: BlockingKernelClient, relay: Relay, start_kernel: Callable[..., RealKernel]
) -> None:
    client.wait_for_ready(timeout=WAIT)
    client.execute("count = 0")
    for _ in range(1_000):
        client.execute("count += 1", silent=True, store_history=False)
    last = client.execute("", user_expressions={"count": "count"})
    relay.splice(start_kernel().connection)
    reply = client.get_shell_msg(timeout=WAIT)
    while reply["parent_header"]["msg_id"] != last:
        reply = client.get_shell_msg(timeout=WAIT)
    assert reply["content"]["user_expressions"]["count"]["data"]["text/plain"] == "1000"


def test_large_and_binary_output_arrives_whole(
    client: BlockingKernelClient,
    relay: Relay,
    seen: Seen,
    start_kernel: Callable[..., RealKernel],
) -> None:
    client.wait_for_ready(timeout=WAIT)
    relay.splice(start_kernel(curve=True).connection)
    assert seen.joined.wait(WAIT)
    code = (
        "from comm import create_comm\n"
        "create_comm(target_name='t', data={}, buffers=[bytes(range(256)) * 8192])\n"
        "print('x' * 5_000_000)"
    )
    messages = iopub_of(client, client.execute(code))
    opened = next(m for m in messages if m["msg_type"] == "comm_open")
    assert bytes(opened["buffers"][0]) == bytes(range(256)) * 8192
    assert len(stream_text(messages)) == 5_000_001


def test_a_kernel_that_was_left_is_none_that_answers(
    relay: Relay, seen: Seen, start_kernel: Callable[..., RealKernel]
) -> None:
    first, second = start_kernel(), start_kernel()
    relay.splice(first.connection)
    assert seen.joined.wait(WAIT)
    assert relay.is_joined
    # Its thread is kept from what it was told.
    go_on = threading.Event()
    relay._call(go_on.wait)
    seen.joined.clear()
    relay.hold()
    relay.splice(second.connection)
    assert not relay.is_joined
    go_on.set()
    assert seen.joined.wait(WAIT)
    assert relay.is_joined


# --- a kernel that served another relay -------------------------------------------------------------


def states(client: BlockingKernelClient, last: str) -> list[str]:
    """The execution states that a front end hears, up to `last`."""
    found: list[str] = []
    while found[-1:] != [last]:
        message = client.get_iopub_msg(timeout=WAIT)
        if message["msg_type"] == "status":
            found.append(message["content"]["execution_state"])
    return found


def test_a_kernel_in_the_middle_of_a_cell_is_joined_at_once(
    client: BlockingKernelClient,
    relay: Relay,
    seen: Seen,
    start_kernel: Callable[..., RealKernel],
    tmp_path: Path,
) -> None:
    kernel = start_kernel()
    end = tmp_path / "end"
    with connected(kernel.connection) as former:
        former.wait_for_ready(timeout=WAIT)
        cell = former.execute(
            f"import os, time\nkept = 42\nprint('on')\nwhile not os.path.exists({str(end)!r}): time.sleep(0.02)"
        )
        printed_by(former, cell, "on\n")
    # The nudge of a client: it hears `busy` from the relay, and nothing else until the cell ends.
    assert states(client, "busy") == ["busy"]
    relay.splice(kernel.connection, at_work=True)
    assert seen.joined.wait(WAIT)
    assert not client.iopub_channel.msg_ready()
    asked = client.execute("print(kept)")
    end.touch()
    assert client._recv_reply(asked, timeout=WAIT)["content"]["status"] == "ok"
    assert stream_text(iopub_of(client, asked)) == "42\n"


def test_a_kernel_that_waits_for_work_is_told_idle(
    client: BlockingKernelClient, relay: Relay, start_kernel: Callable[..., RealKernel]
) -> None:
    kernel = start_kernel()
    with connected(kernel.connection) as former:
        former.wait_for_ready(timeout=WAIT)
    assert states(client, "busy") == ["busy"]
    relay.splice(kernel.connection, at_work=True)
    assert states(client, "idle")[-1] == "idle"


def test_a_relay_that_was_stopped_writes_to_nobody(tmp_path: Path) -> None:
    with started_relay() as relay:
        relay.stop()
        # The numbers of its pipe go to whoever opens files next.
        files = [(tmp_path / str(number)).open("wb") for number in range(64)]
        relay.interrupt()
        relay.set_text("too late")
    for file in files:
        file.close()
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b""}
