"""Which wire a kernel gets, and what a node may say about where it listens."""

from __future__ import annotations

from typing import Any

import pytest

from kernelkit.errors import KernelFailed, NotPermitted
from kernelkit.model import AddedIpykernel, PythonFacts
from kernelkit.running.wire import WirePlan, accepted_connection, forwarder_words, wire_plan

OWN = "/opt/kernelkit/bin/python"


def python(*, curve: bool = False, **distributions: str) -> PythonFacts:
    return PythonFacts(
        command="python3", found_as="file", executable="/usr/bin/python3", prefix="/usr",
        version="3.9.2", implementation="cpython", cache_tag="cpython-39",
        platform="linux-x86_64", machine="x86_64", curve=curve, distributions=distributions,
    )  # fmt: skip


def added(*, curve: bool) -> AddedIpykernel:
    return AddedIpykernel(dir="/d", distributions={"pyzmq": "27.0"}, curve=curve)


OLD = python(ipykernel="6.29.5", pyzmq="25.1")
BARE = python()


@pytest.mark.parametrize(
    ("facts", "language", "own", "more", "wire", "pump", "loopback"),
    [
        (python(curve=True), "python", OWN, {}, "curve", "", False),
        (BARE, "python", "", {"ipykernel": added(curve=True)}, "curve", "", False),
        # An ipykernel that is added decides, whatever the environment's own could do.
        (python(curve=True), "python", "", {"ipykernel": added(curve=False)}, "forwarder",
         "python3", False),
        (OLD, "python", OWN, {}, "forwarder", "", False),
        (OLD, "python", "", {}, "forwarder", "python3", False),
        # What a recipe's own command starts need not be that ipykernel.
        (python(curve=True, pyzmq="27.0"), "python", "", {"ours": False}, "forwarder", "python3",
         False),
        (None, "r", OWN, {}, "forwarder", "", False),
        (None, "julia", OWN, {}, "forwarder", "", True),
        (None, "r", "", {"allow_plain": True}, "plain", "", False),
    ],
)  # fmt: skip
def test_the_wire_of_a_kernel(
    facts: PythonFacts | None,
    language: str,
    own: str,
    more: dict[str, Any],
    wire: str,
    pump: str,
    loopback: bool,
) -> None:
    plan = wire_plan(facts, language, own_python=own, **more)
    assert (plan.wire, plan.pump, plan.loopback) == (wire, pump, loopback)
    assert plan.warning is (wire == "plain")
    assert plan.words.endswith(".")


@pytest.mark.parametrize("facts", [None, BARE])
def test_what_nothing_can_encrypt_is_refused(facts: PythonFacts | None) -> None:
    with pytest.raises(NotPermitted) as refused:
        wire_plan(facts, "r", own_python="")
    assert "unencrypted" in refused.value.message or "encrypt" in refused.value.message
    assert "allow_plain" in refused.value.hint


def test_a_site_that_allows_plain_still_encrypts_where_it_can() -> None:
    assert wire_plan(OLD, "python", own_python="", allow_plain=True).wire == "forwarder"


def test_the_words_before_a_kernel() -> None:
    plan = WirePlan("forwarder", "", pump="python3", loopback=True)
    words = forwarder_words(plan, own_python="", forwarder="/r/forwarder.py", run="/r")
    assert words == [
        "python3", "/r/forwarder.py", "--tcp", "--through", "/bin/bash", "-p", "/r/launch.sh",
        "--run", "python3",
    ]  # fmt: skip
    words = forwarder_words(WirePlan("forwarder", ""), own_python=OWN, forwarder="/f", run="/r")
    assert words == [OWN, "/f"]


PORTS = {f"{channel}_port": 4000 for channel in ("shell", "iopub", "stdin", "control", "hb")}
SEED = {
    "transport": "tcp", "ip": "@IP@", "key": "k", "signature_scheme": "hmac-sha256",
    "curve_publickey": "p", "curve_secretkey": "s", **dict.fromkeys(PORTS, 0),
}  # fmt: skip
FOUND = {**SEED, **PORTS, "ip": "10.0.0.7"}


def test_a_node_says_only_where_it_listens() -> None:
    found = {**FOUND, "transport": "inproc", "curve_secretkey": "other", "extra": 1}
    assert accepted_connection(SEED, found) == FOUND


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"curve_publickey": None}, "does not encrypt"),
        ({"curve_publickey": "other"}, "another `curve_publickey`"),
        ({"key": "other"}, "another `key`"),
        ({"shell_port": 0}, "unusable ports"),
        ({"hb_port": "4000"}, "unusable ports"),
    ],
)
def test_what_a_node_may_not_say(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(KernelFailed, match=words):
        accepted_connection(SEED, {**FOUND, **changes}, "node7")


def test_a_kernel_that_dropped_its_keys_is_not_spoken_to_in_plain() -> None:
    found = {n: v for n, v in FOUND.items() if not n.startswith("curve_")}
    with pytest.raises(KernelFailed, match="does not encrypt"):
        accepted_connection(SEED, found)
