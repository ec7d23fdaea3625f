"""A kernel that writes without end fills neither the relay nor, with it, the server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import zmq
from jupyter_client import BlockingKernelClient
from relaying import INFO, KEY, WAIT, RealKernel, connected, iopub_of, stream_text

from kernelkit.running.relay.endpoints import endpoint, local_connection

# A relay in a process of its own, which tells the most memory that it ever had, in kB.
RELAY = """
import json, sys, threading
from kernelkit.running.relay import Relay, RelayEvents
local, kernel, info = json.loads(sys.stdin.readline())
joined = threading.Event()
relay = Relay(local, info, RelayEvents(joined=joined.set))
relay.start()
relay.splice(kernel)
joined.wait(60)
def peak():
    with open("/proc/self/status") as status:
        return next(line.split()[1] for line in status if line.startswith("VmHWM"))
print(peak(), flush=True)
sys.stdin.readline()
print(peak(), flush=True)
relay.stop()
"""
MEGABYTE = 1_000_000
# A kernel keeps 1,000 messages and hears only of every 500 that they were taken: of more than 500
# it may drop some, whatever is connected to it.
CELLS, MESSAGES = 2, 500 - 10
WRITE = (
    "import sys\n"
    f"for n in range({MESSAGES}):\n"
    f"    sys.stdout.write('x' * {MEGABYTE})\n"
    "    sys.stdout.flush()\n"
)
# In kB: 32 MB under way, 64 messages for one that does not read, the few that are read ahead;
# twice that, as a thread that gets no processor sees late that messages have become large.
MOST_GROWTH = 200_000


class Alone:
    """A kernel and the process of its relay."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        kernel = RealKernel(directory, curve=True)
        stack.callback(kernel.end)
        self.local: dict[str, Any] = local_connection(directory / "s", KEY, "hmac-sha256")
        self.process = subprocess.Popen(
            [sys.executable, "-c", RELAY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(self.process.wait)
        stack.callback(self.process.kill)
        self._ask(json.dumps([self.local, kernel.connection, INFO]))
        self._before = self._answer()

    def _ask(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _answer(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())

    def growth(self) -> int:
        self._ask("")
        return self._answer() - self._before


@pytest.fixture
def alone() -> Iterator[Alone]:
    # A socket's path is limited to 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="kk-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory)
        yield Alone(directory, stack)


def must_receive_all(client: BlockingKernelClient) -> None:
    """Run the cells that write; all of it must arrive."""
    client.wait_for_ready(timeout=WAIT)
    for _ in range(CELLS):
        heard = iopub_of(client, client.execute(WRITE))
        assert len(stream_text(heard)) == MESSAGES * MEGABYTE


def test_a_gigabyte_passes_through_little_memory(alone: Alone) -> None:
    with connected(alone.local) as client:
        must_receive_all(client)
    assert alone.growth() < MOST_GROWTH


def test_a_front_end_that_does_not_read_costs_little_and_takes_nothing_from_others(
    alone: Alone,
) -> None:
    with zmq.Context() as context, context.socket(zmq.SUB) as stuck:
        stuck.linger = 0
        stuck.rcvhwm = 1
        stuck.setsockopt(zmq.SUBSCRIBE, b"")
        stuck.connect(endpoint(alone.local, "iopub"))
        assert stuck.poll(WAIT * 1000)  # it is known to the relay, and never reads again
        with connected(alone.local) as client:
            must_receive_all(client)
        assert alone.growth() < MOST_GROWTH
