"""Round trips, and 50 MB of output piece by piece or at once: a kernel on loopback in plain, with
Curve, and by the relay."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import zmq
from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from measure import Samples, side_by_side

from kernelkit.running import forwarder
from kernelkit.running.relay import Relay, RelayEvents
from kernelkit.running.relay.endpoints import local_connection

LIMIT = 60.0  # seconds
ROUND_TRIPS = 50  # of one sample: one alone is shorter than what disturbs it
MEGABYTES = 50
KEY = "a0436f6c-1916-498b-8eb9-e81ab9368e84"

PLAIN, CURVE, RELAY = "direct, plain", "direct, Curve", "relay and Curve"
FORWARDED = "relay, Curve and forwarder"

# A kernel sends what was printed as often as it is told to, or five times a second: what comes
# faster than that is one message, or on a busy machine a few.
_WRITE = f"import sys\nfor _ in range({MEGABYTES}):\n    sys.stdout.write('x' * 1_000_000)\n"
MANY_MESSAGES, AT_ONCE = "in messages of 1 MB", "at once"
_OUTPUTS = {
    MANY_MESSAGES: (_WRITE + "    sys.stdout.flush()", range(MEGABYTES, 2 * MEGABYTES)),
    AT_ONCE: (_WRITE + "sys.stdout.flush()", range(1, 10)),
}

Compared = dict[str, Samples]


def compare(work: Path, *, rounds: int) -> tuple[Compared, dict[str, Compared]]:
    """Seconds of `ROUND_TRIPS` empty cells, and of one cell that prints `MEGABYTES` MB, by the
    size of its messages.

    `work` is an empty directory with a short path. The relay runs in this process, as it does in
    a Jupyter server, next to the client.
    """
    with ExitStack() as stack:
        clients = {}
        for name in (PLAIN, CURVE, RELAY, FORWARDED):
            place = work / str(len(clients))
            place.mkdir(mode=0o700)
            clients[name] = stack.enter_context(_connected(name, place))
        trips = {name: partial(time_round_trips, client) for name, client in clients.items()}
        times = side_by_side(trips, rounds=rounds, title=f"{ROUND_TRIPS} round trips")
        outputs = {}
        for size in _OUTPUTS:
            each = {name: partial(time_output, client, size) for name, client in clients.items()}
            title = f"{MEGABYTES} MB of output, {size}"
            outputs[size] = side_by_side(each, rounds=rounds, title=title)
        return times, outputs


def time_round_trips(client: BlockingKernelClient) -> float:
    """Run empty cells one after the other, each to its reply and its `idle`."""
    start = time.perf_counter()
    for _ in range(ROUND_TRIPS):
        message = client.execute("", silent=True)
        client.get_shell_msg(timeout=LIMIT)
        _output(client, message)
    return time.perf_counter() - start


def time_output(client: BlockingKernelClient, size: str) -> float:
    """Run the cell that prints; all of it must arrive, in as many messages as it is to be."""
    code, messages = _OUTPUTS[size]
    start = time.perf_counter()
    message = client.execute(code)
    client.get_shell_msg(timeout=LIMIT)
    lengths = _output(client, message)
    seconds = time.perf_counter() - start
    if sum(lengths) != MEGABYTES * 1_000_000:
        raise SystemExit(f"{sum(lengths)} of {MEGABYTES} MB arrived")
    if len(lengths) not in messages:
        raise SystemExit(f"{MEGABYTES} MB {size} came in {len(lengths)} messages")
    return seconds


def _output(client: BlockingKernelClient, request: str) -> list[int]:
    lengths = []
    while True:
        message = client.get_iopub_msg(timeout=LIMIT)
        if message["parent_header"].get("msg_id") != request:
            continue
        if message["msg_type"] == "stream":
            lengths.append(len(message["content"]["text"]))
        if message["content"].get("execution_state") == "idle":
            return lengths


@contextmanager
def _connected(variant: str, work: Path) -> Iterator[BlockingKernelClient]:
    with ExitStack() as stack:
        connection = stack.enter_context(_kernel(variant, work))
        if variant in (RELAY, FORWARDED):
            connection = stack.enter_context(_relayed(connection, work / "local"))
        client = BlockingKernelClient()
        client.load_connection_info(connection)
        client.start_channels()
        stack.callback(client.stop_channels)
        client.wait_for_ready(timeout=LIMIT)
        yield client


@contextmanager
def _kernel(variant: str, work: Path) -> Iterator[dict[str, Any]]:
    file = work / "connection.json"
    keys = dict(zip(("curve_publickey", "curve_secretkey"), zmq.curve_keypair(), strict=True))
    _, info = write_connection_file(
        str(file), ip="127.0.0.1", key=KEY.encode(), **({} if variant == PLAIN else keys)
    )
    kernel = [sys.executable, "-m", "ipykernel_launcher", "-f"]
    argv = [*kernel, str(file)]
    if variant == FORWARDED:
        forward = [sys.executable, forwarder.__file__, str(file), "--"]
        argv = [*forward, *kernel, "{connection_file}"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(argv, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        yield {**json.loads(file.read_text()), **info}
    finally:
        process.terminate()
        process.wait()


def memory_of_relays(work: Path, count: int) -> float:
    """MB that each of `count` waiting relays adds to this process, each with one front end."""
    before = _resident()
    with ExitStack() as stack:
        for number in range(count):
            connection = local_connection(work / f"m{number}", KEY, "hmac-sha256")
            relay = Relay(connection, {"protocol_version": "5.4"})
            relay.start()
            stack.callback(relay.stop)
            client = BlockingKernelClient()
            client.load_connection_info(dict(connection))
            client.start_channels(hb=False)
            stack.callback(client.stop_channels)
            client.kernel_info(reply=True, timeout=LIMIT)
        return (_resident() - before) / count


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


@contextmanager
def _relayed(connection: dict[str, Any], sockets: Path) -> Iterator[dict[str, Any]]:
    joined = threading.Event()
    relay = Relay(
        local_connection(sockets, KEY, "hmac-sha256"),
        {"protocol_version": "5.4"},
        RelayEvents(joined=joined.set),
    )
    relay.start()
    try:
        relay.splice(connection)
        if not joined.wait(LIMIT):
            raise SystemExit("the relay did not reach its kernel")
        yield dict(relay.connection)
    finally:
        relay.stop()
