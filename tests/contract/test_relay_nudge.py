"""jupyter_server's way of opening a websocket, before a kernel that waits, runs or waits again."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest
from relaying import WAIT, RealKernel, Seen, started_relay

from kernelkit.running.relay import Relay

pytest.importorskip("jupyter_server")

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import (
    AsyncMappingKernelManager,
    ServerKernelManager,
)

KERNEL = "0d4c47a8-0a26-4a13-9d6a-1d1e7c3e0f6b"
# The server itself gives up after 60 s and opens the websocket all the same.
AT_ONCE = 20.0


def opened(relay: Relay, state: str) -> str:
    """Open the channels as the websocket's handler does; the state the server has then noted."""

    async def work() -> str:
        kernels = AsyncMappingKernelManager()
        kernel = ServerKernelManager(parent=kernels, kernel_id=KERNEL)
        kernel.load_connection_info(dict(relay.connection))
        kernel.execution_state = state
        kernels._kernels[KERNEL] = kernel
        kernels.start_watching_activity(KERNEL)
        connection = ZMQChannelsWebsocketConnection(parent=kernel)
        connection.session.key = kernel.session.key
        connection.create_stream()
        try:
            # Not wait_for: jupyter_server takes its cancelling for success.
            done, _ = await asyncio.wait([connection.nudge()], timeout=AT_ONCE)
            assert done, "the websocket would open only when the server gives up"
            return str(kernel.execution_state)
        finally:
            for stream in connection.channels.values():
                stream.close(linger=0)
            kernels.stop_watching_activity(KERNEL)

    return asyncio.run(work())


@pytest.mark.parametrize("noted", ["starting", "idle", "busy"])
def test_a_kernel_that_waits_lets_the_websocket_open(noted: str) -> None:
    with started_relay() as relay:
        # Never idle, or it would be culled while its job waits.
        assert opened(relay, noted) == "busy"
        assert opened(relay, "starting") == "busy"  # a page that was loaded again


@pytest.mark.parametrize("noted", ["starting", "idle"])
def test_a_kernel_that_runs_lets_it_open(noted: str, tmp_path: Path) -> None:
    seen = Seen()
    with ExitStack() as stack:
        relay = stack.enter_context(started_relay(seen.events()))
        kernel = RealKernel(tmp_path, curve=True)
        stack.callback(kernel.end)
        relay.splice(kernel.connection)
        assert seen.joined.wait(WAIT)
        assert opened(relay, noted) == "idle"
        # After a restart, before the next kernel is there.
        relay.hold()
        assert opened(relay, "starting") == "busy"
