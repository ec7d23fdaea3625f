"""Whatever a node writes, reading it never raises, and what was written is read again."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from kernelkit.running.records import (
    PORTS,
    next_requests,
    parse_connection,
    parse_run,
    parse_status,
    render_environment,
)

WORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30)
LINES = st.lists(
    st.sampled_from(["phase=running", "serial=1", "start=2", "exit=", "exit=-1", "pid=x", "=", ""])
    | st.text(max_size=20)
)


@given(st.binary(max_size=400) | LINES.map(lambda lines: ("\n".join(lines) + "\n").encode()))
def test_any_bytes_are_a_status_or_none(data: bytes) -> None:
    found = parse_status(data)
    assert found is None or (found.phase in ("starting", "running", "exited", "ended"))
    assert found is None or (found.start >= 0 and found.serial >= 0)


@given(st.binary(max_size=400) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(("ip", "key", "transport", *PORTS)), inner),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_bytes_are_a_connection_or_none(data: bytes) -> None:
    found = parse_connection(data)
    assert found is None or all(0 < found[port] < 65536 for port in PORTS)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_record_or_none(data: bytes) -> None:
    assert parse_run(data) is None


@given(
    st.sampled_from(("starting", "running", "exited", "ended")), WORDS, WORDS, WORDS,
    st.integers(0, 999_999_999), st.none() | st.integers(0, 255), st.integers(0, 999_999_999),
    st.integers(0, 60),
)  # fmt: skip
def test_a_status_is_read_as_it_was_written_and_a_cut_one_not_at_all(
    phase: str, node: str, ip: str, reason: str, start: int, code: int | None, serial: int, cut: int
) -> None:
    lines = {
        "phase": phase, "job": "77", "node": node, "ip": ip, "start": start, "pid": "",
        "exit": "" if code is None else code, "reason": reason, "serial": serial,
    }  # fmt: skip
    data = "".join(f"{name}={value}\n" for name, value in lines.items()).encode()
    found = parse_status(data)
    assert found is not None
    assert (found.phase, found.node, found.ip) == (phase, node, ip)
    assert (found.start, found.exit, found.serial, found.reason) == (start, code, serial, reason)
    if cut:
        part = parse_status(data[:-cut])
        assert part is None or part == found


@given(st.binary(max_size=300))
def test_serial_numbers_only_grow(before: bytes) -> None:
    first, text = next_requests(before, "stop")
    second, after = next_requests(text, "signal", "INT")
    assert second == first + 1
    assert after.splitlines()[-1] == f"{second} signal INT".encode()


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z]{1,5}", fullmatch=True), st.text().filter(lambda t: "\0" not in t)
    )
)
def test_an_environment_can_be_taken_apart_again(variables: dict[str, str]) -> None:
    data = render_environment(variables)
    pairs = data.decode("utf-8", "surrogateescape").split("\0")[:-1]
    assert dict(pair.split("=", 1) for pair in pairs) == variables
