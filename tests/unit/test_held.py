"""The rules of a kernel that waits, without any socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jupyter_client.session import Session

from kernelkit.running.relay import held
from kernelkit.running.relay.held import HeldKernel, Outgoing

KEY = b"a0436f6c"
INFO: dict[str, Any] = {"protocol_version": "5.4", "implementation": "ipython"}


class Talk:
    """A front end, the kernel that waits, and what the owner was told."""

    def __init__(self) -> None:
        self.front_end = Session(key=KEY)
        self.told: list[object] = []
        self.kernel = HeldKernel(
            Session(key=KEY, digest_history_size=0),
            INFO,
            on_interrupt=lambda: self.told.append("interrupt"),
            on_shutdown=self.told.append,
        )

    def frames(self, kind: str, **content: Any) -> list[bytes]:
        return list(self.front_end.serialize(self.front_end.msg(kind, content), ident=b"me"))

    def say(self, kind: str, channel: Any = "shell", **content: Any) -> list[dict[str, Any]]:
        return self.read(self.kernel.receive(channel, self.frames(kind, **content)))

    def read(self, sent: list[Outgoing]) -> list[dict[str, Any]]:
        found = []
        for channel, frames in sent:
            identities, parts = self.front_end.feed_identities(frames)
            message = self.front_end.deserialize(parts)
            found.append({**message, "channel": channel, "identities": identities})
        return found


@pytest.fixture
def talk() -> Talk:
    return Talk()


def kinds(messages: list[dict[str, Any]], channel: str) -> list[str]:
    return [m["msg_type"] for m in messages if m["channel"] == channel]


@pytest.mark.parametrize("channel", ["shell", "control"])
def test_kernel_info_is_answered_to_who_asked(talk: Talk, channel: Any) -> None:
    sent = talk.say("kernel_info_request", channel)
    assert kinds(sent, channel) == ["kernel_info_reply"]
    reply = next(m for m in sent if m["channel"] == channel)
    assert reply["identities"] == [b"me"]
    assert reply["content"] == {**INFO, "status": "ok"}
    states = [m["content"]["execution_state"] for m in sent if m["msg_type"] == "status"]
    assert states == ["busy", "idle", "busy"]


def test_a_shutdown_ends_what_waited_for_that_kernel(talk: Talk) -> None:
    talk.say("execute_request", code="1")
    talk.say("comm_info_request")
    sent = talk.say("shutdown_request", "control", restart=True)
    assert kinds(sent, "shell") == ["execute_reply"]
    assert sent[0]["content"]["status"] == "aborted"
    assert kinds(sent, "control") == ["shutdown_reply"]
    assert talk.told == [True]
    assert talk.kernel.count == 0


def test_an_interrupt_keeps_what_is_no_cell(talk: Talk) -> None:
    talk.say("comm_info_request")
    talk.say("execute_request", code="1")
    sent = talk.say("interrupt_request", "control")
    assert kinds(sent, "shell") == ["execute_reply"]
    assert talk.told == ["interrupt"]
    _, rest = talk.kernel.release()
    assert [r.header["msg_type"] for r in rest] == ["comm_info_request"]


def test_a_kernel_that_will_not_come_ends_every_cell(talk: Talk) -> None:
    talk.say("execute_request", code="1")
    talk.say("execute_request", code="2")
    sent = talk.read(talk.kernel.fail("OUT_OF_MEMORY", "job 12 ended"))
    errors = [m["content"]["evalue"] for m in sent if m["msg_type"] == "error"]
    assert errors == ["job 12 ended"]
    replies = [m["content"]["status"] for m in sent if m["channel"] == "shell"]
    assert replies == ["error", "aborted"]


def test_an_idle_is_told_only_when_nothing_waits(talk: Talk) -> None:
    (idle,) = talk.read(talk.kernel.release()[0])
    assert idle["content"] == {"execution_state": "idle"}
    talk.say("execute_request", code="1")
    assert talk.read(talk.kernel.release()[0]) == []


def test_the_kernels_session_is_used_once_it_is_known(talk: Talk) -> None:
    talk.kernel.speak_as("the-kernels-own")
    sent = talk.read(talk.kernel.subscribed(b""))
    assert kinds(sent, "iopub") == ["iopub_welcome", "status"]
    assert {m["header"]["session"] for m in sent} == {"the-kernels-own"}
    assert len({m["header"]["msg_id"] for m in sent}) == 2


def test_what_waits_is_bounded_in_number(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "MOST_MESSAGES", 2)
    for code in "12":
        talk.say("execute_request", code=code)
    sent = talk.say("execute_request", code="3")
    assert [m["content"]["status"] for m in sent if m["channel"] == "shell"] == ["error"]
    assert talk.kernel.count == 2


def test_what_waits_is_bounded_in_bytes(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "MOST_BYTES", 10_000)
    talk.say("execute_request", code="x" * 8_000)
    sent = talk.say("execute_request", code="x" * 8_000)
    assert [m["content"]["ename"] for m in sent if m["msg_type"] == "error"] == ["KernelNotStarted"]
    assert talk.kernel.count == 1


def test_nothing_on_stdin_is_kept(talk: Talk) -> None:
    assert talk.say("input_reply", "stdin", value="x") == []
    assert talk.kernel.count == 0


def test_what_is_signed_by_another_key_is_dropped(talk: Talk) -> None:
    talk.front_end = Session(key=b"another")
    for kind in ("kernel_info_request", "execute_request", "shutdown_request"):
        assert talk.kernel.receive("control", talk.frames(kind)) == []
    assert talk.kernel.count == 0
    assert talk.told == []


def signed(header: object, content: object = None) -> list[bytes]:
    session = Session(key=KEY)
    parts = [json.dumps(p).encode() for p in (header, {}, {}, content or {})]
    return [b"me", b"<IDS|MSG>", session.sign(parts), *parts]


@pytest.mark.parametrize(
    "frames",
    [
        signed([]),
        signed({}),
        signed({"msg_id": "1", "msg_type": 7}),
        signed({"msg_id": "1", "msg_type": "shutdown_request"}, [1]),
        signed({"msg_id": "1", "msg_type": "kernel_info_request", "x": "\ud800"}),
    ],
)
def test_what_is_signed_but_no_message_is_dropped(talk: Talk, frames: list[bytes]) -> None:
    assert talk.kernel.receive("shell", frames) == []
    assert talk.kernel.count == 0
