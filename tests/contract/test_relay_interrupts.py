"""Interrupts by message that come close together, with a real kernel behind the relay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from jupyter_client import BlockingKernelClient
from real import Parts
from relaying import (
    WAIT,
    RealKernel,
    Seen,
    connected,
    iopub_of,
    printed_by,
    started_relay,
    stream_text,
)

from kernelkit.running.relay import Relay

# The time between the end of a cell and its reply, which is else as long as its output takes to leave.
SLOW_TO_REPLY = "get_ipython().kernel._execute_sleep = 0.5"
BUSY = "print('go', flush=True)\nwhile True: pass"
DEAF = """
import time
while True:
    try:
        print('go', flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def behind(tmp_path: Path, seen: Seen) -> Iterator[tuple[BlockingKernelClient, Relay]]:
    with ExitStack() as stack:
        kernel = RealKernel(tmp_path)
        stack.callback(kernel.end)
        relay = stack.enter_context(started_relay(seen.events()))
        client = stack.enter_context(connected(dict(relay.connection)))
        relay.splice(kernel.connection)
        assert seen.joined.wait(WAIT)
        client.wait_for_ready(timeout=WAIT)
        yield client, relay


def begin(client: BlockingKernelClient, code: str) -> str:
    cell = client.execute(code)
    printed_by(client, cell, "go\n")
    return cell


def ask(client: BlockingKernelClient, kind: str = "interrupt_request") -> str:
    message = client.session.msg(kind, {})
    client.control_channel.send(message)
    return str(message["header"]["msg_id"])


def answers(client: BlockingKernelClient, count: int) -> list[str]:
    """What requests on control are answered, in the order of the replies."""
    replies = [client.get_control_msg(timeout=WAIT) for _ in range(count)]
    assert {m["content"]["status"] for m in replies} == {"ok"}
    return [m["parent_header"]["msg_id"] for m in replies]


def test_a_cell_that_has_just_ended_keeps_its_reply(
    behind: tuple[BlockingKernelClient, Relay],
) -> None:
    client, _ = behind
    client.execute(SLOW_TO_REPLY)
    client.get_shell_msg(timeout=WAIT)
    for _ in range(3):
        cell = begin(client, BUSY)
        first = ask(client)
        while (message := client.get_iopub_msg(timeout=WAIT))["msg_type"] != "error":
            assert message["msg_type"] == "status"
        second = ask(client)
        reply = client.get_shell_msg(timeout=WAIT)
        assert reply["parent_header"]["msg_id"] == cell
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert answers(client, 2) == [first, second]
        iopub_of(client, cell)  # until then ipykernel aborts what comes
        # The second was for the cell that has ended, and not for this one.
        assert stream_text(iopub_of(client, client.execute("print('next')"))) == "next\n"
        client.get_shell_msg(timeout=WAIT)


def test_a_cell_that_goes_on_gets_all_of_them(
    behind: tuple[BlockingKernelClient, Relay],
) -> None:
    client, _ = behind
    cell = begin(
        client,
        "count = 0\nwhile count < 3:\n"
        "    try:\n        if not count: print('go', flush=True)\n        while True: pass\n"
        "    except KeyboardInterrupt:\n        count += 1\n",
    )
    asked = [ask(client) for _ in range(3)]
    assert client.get_shell_msg(timeout=WAIT)["parent_header"]["msg_id"] == cell
    assert answers(client, 3) == asked
    assert stream_text(iopub_of(client, client.execute("print(count)"))) == "3\n"


def test_a_restart_leaves_none_without_an_answer(
    behind: tuple[BlockingKernelClient, Relay],
) -> None:
    client, relay = behind
    begin(client, DEAF)
    first = ask(client)
    assert answers(client, 1) == [first]
    second = ask(client)
    after = ask(client, "kernel_info_request")
    assert answers(client, 1) == [after]
    relay.hold()
    assert answers(client, 1) == [second]
    held = client.execute("1")
    client.kernel_info(reply=True, timeout=WAIT)
    assert relay.held_count == 1, held


def test_one_by_signal_is_for_the_kernel_that_is_there(
    behind: tuple[BlockingKernelClient, Relay], seen: Seen
) -> None:
    _, relay = behind
    relay.interrupt()
    assert seen.interrupted.wait(WAIT)


@pytest.mark.parametrize("by_message", [True, False])
def test_one_while_front_ends_wait_is_for_the_cell_of_a_former_server_too(
    tmp_path: Path, need: Callable[..., None], parts: Parts, seen: Seen, by_message: bool
) -> None:
    need("r")  # which says nothing while it is in a cell
    with ExitStack() as stack:
        kernel = RealKernel(tmp_path, argv=parts.r_kernel)
        stack.callback(kernel.end)
        former = stack.enter_context(connected(kernel.connection))
        former.wait_for_ready(timeout=WAIT)
        begin(former, "cat('go\\n'); flush.console(); repeat {}")
        relay = stack.enter_context(started_relay(seen.events()))
        client = stack.enter_context(connected(dict(relay.connection)))
        relay.splice(kernel.connection, at_work=True)
        client.wait_for_ready(timeout=WAIT)
        held = client.execute("1")
        client.kernel_info(reply=True, timeout=WAIT)  # on shell too, so the cell is held now
        if by_message:
            asked = ask(client)
            assert answers(client, 1) == [asked]
        else:
            relay.interrupt()
        reply = client.get_shell_msg(timeout=WAIT)
        assert reply["parent_header"]["msg_id"] == held
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert seen.interrupted.wait(WAIT)
