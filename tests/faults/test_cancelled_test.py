"""A kernel's test that is cancelled at its first step takes nothing of its process with it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from jupyter_client.channels import HBChannel

from kernelkit.errors import Cancelled
from kernelkit.running.handshake import shake_hands


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_cancelled_test_leaves_the_descriptors_to_others(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # jupyter_client (8.10): told to stop before it is under way, the thread of a heartbeat does not,
    # and opens sockets until its context has no more. A server's other work finds none left then.
    original, opened = HBChannel._create_socket, []

    def counted(channel: HBChannel) -> None:
        opened.append(descriptors())
        original(channel)

    async def late(channel: HBChannel, run: object = HBChannel._async_run) -> None:
        await asyncio.sleep(0.2)
        await run(channel)  # type: ignore[operator]

    monkeypatch.setattr(HBChannel, "_create_socket", counted)
    monkeypatch.setattr(HBChannel, "_async_run", late)
    spec = {"argv": ["/bin/sh", "{connection_file}"], "display_name": "A", "language": "python"}
    (tmp_path / "kernel.json").write_text(json.dumps(spec))

    def unwanted(step: str) -> None:
        if step == "answer":
            raise Cancelled("It was cancelled.")

    before = descriptors()
    with pytest.raises(Cancelled):
        shake_hands(tmp_path, timeout=20, on_step=unwanted)
    assert max(opened, default=before) < before + 20
