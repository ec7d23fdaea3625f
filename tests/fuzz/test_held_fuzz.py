"""Whatever arrives at a waiting kernel, it goes on waiting."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jupyter_client.session import Session

from kernelkit.running.relay.held import HeldKernel

KEY = b"a0436f6c"
CHANNELS = st.sampled_from(["shell", "control", "stdin", "iopub"])
KINDS = st.sampled_from(
    ["execute_request", "kernel_info_request", "interrupt_request", "shutdown_request", "comm_msg"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
HEADERS = JSON | st.fixed_dictionaries(
    {"msg_id": JSON, "msg_type": KINDS | JSON}, optional={"session": JSON, "date": JSON, "x": JSON}
)
PARTS = st.lists(st.binary(max_size=40) | st.just(b"<IDS|MSG>") | st.just(b"{}"), max_size=9)


def kernel() -> HeldKernel:
    return HeldKernel(Session(key=KEY, digest_history_size=0), {"protocol_version": "5.4"})


@given(channel=CHANNELS, frames=PARTS)
def test_any_frames_at_all(channel: Any, frames: list[bytes]) -> None:
    held = kernel()
    assert held.receive(channel, frames) == []
    assert held.count == 0


@given(channel=CHANNELS, header=HEADERS, parent=JSON, metadata=JSON, content=JSON)
def test_anything_that_is_signed(
    channel: Any, header: Any, parent: Any, metadata: Any, content: Any
) -> None:
    held = kernel()
    signer = Session(key=KEY)
    texts = [json.dumps(part) for part in (header, parent, metadata, content)]
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    frames = [b"me", b"<IDS|MSG>", signer.sign(parts), *parts]
    held.receive(channel, frames)
    held.set_text("job 12 pending: Priority")
    held.fail("TIMEOUT", "it took too long")
    held.release()
