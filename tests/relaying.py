"""What tests of the relay share: a kernel by hand, a relay before it, and what a client sees."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq
from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from kernelkit.running import forwarder
from kernelkit.running.relay import Relay, RelayEvents
from kernelkit.running.relay.endpoints import local_connection

WAIT = 60.0

INFO: dict[str, Any] = {
    "protocol_version": "5.4",
    "implementation": "ipython",
    "implementation_version": "0",
    "language_info": {
        "name": "python",
        "version": "3",
        "file_extension": ".py",
        "mimetype": "text/x-python",
    },  # fmt: skip
    "banner": "cached at install",
    "help_links": [],
    "supported_features": [],
}
KEY = "a0436f6c-1916-498b-8eb9-e81ab9368e84"


class RealKernel:
    """A kernel on loopback, with Curve, without, or behind the forwarder; started by hand."""

    def __init__(
        self,
        directory: Path,
        *,
        curve: bool = False,
        forward: Sequence[str] | None = None,
        argv: Sequence[str] = (sys.executable, "-m", "ipykernel_launcher", "-f"),
    ) -> None:
        self.file = directory / f"kernel-{time.monotonic_ns()}.json"
        keys = dict(zip(("curve_publickey", "curve_secretkey"), zmq.curve_keypair(), strict=True))
        encrypted = curve or forward is not None
        _, self.connection = write_connection_file(
            str(self.file), ip="127.0.0.1", key=KEY.encode(), **(keys if encrypted else {})
        )
        words = [*argv, str(self.file)]
        if forward is not None:
            before = [sys.executable, forwarder.__file__, *forward, str(self.file), "--"]
            words = [*before, *argv, "{connection_file}"]
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.connection = {**json.loads(self.file.read_text()), **self.connection}

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


class Seen:
    """What the relay told its owner."""

    def __init__(self) -> None:
        self.joined, self.interrupted = threading.Event(), threading.Event()
        self.shutdown: list[bool] = []
        self.asked_to_end = threading.Event()

    def events(self) -> RelayEvents:
        def shutdown(restart: bool) -> None:
            self.shutdown.append(restart)
            self.asked_to_end.set()

        return RelayEvents(self.interrupted.set, shutdown, self.joined.set)


@contextmanager
def started_relay(
    events: RelayEvents | None = None, info: dict[str, Any] | None = None
) -> Iterator[Relay]:
    # A socket's path is limited to 107 bytes, and pytest's are long.
    directory = Path(tempfile.mkdtemp(prefix="kk-"))
    made = Relay(local_connection(directory, KEY, "hmac-sha256"), info or INFO, events)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(directory)


@contextmanager
def connected(connection: dict[str, Any]) -> Iterator[BlockingKernelClient]:
    made = BlockingKernelClient()
    made.load_connection_info(dict(connection))
    made.start_channels()
    try:
        yield made
    finally:
        made.stop_channels()


def iopub_of(
    client: BlockingKernelClient, msg_id: str, until: str = "idle"
) -> list[dict[str, Any]]:
    """The iopub messages of one request, up to its `idle`."""
    found = []
    while True:
        message = client.get_iopub_msg(timeout=WAIT)
        if message["parent_header"].get("msg_id") != msg_id:
            continue
        found.append(message)
        if message["content"].get("execution_state") == until:
            return found


def printed_by(client: BlockingKernelClient, msg_id: str, text: str) -> list[dict[str, Any]]:
    """The iopub messages of one request, until all that it printed ends with `text`."""
    found: list[dict[str, Any]] = []
    while not stream_text(found).endswith(text):
        message = client.get_iopub_msg(timeout=WAIT)
        if message["parent_header"].get("msg_id") == msg_id:
            found.append(message)
    return found


def stream_text(messages: list[dict[str, Any]]) -> str:
    """What messages print. The text of one print() may come in several of them: ipykernel sends
    what it has every 0.2 s, also between the text and its line end."""
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [m["msg_type"] for m in messages]
