"""Sockets of a run: the local ones a front end connects to, and the ones to the real kernel."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq

from ...errors import KernelkitError
from ...files import private_dir

CHANNELS = ("shell", "control", "stdin", "iopub", "hb")

# sockaddr_un.sun_path holds 108 bytes with its NUL; `-5` is the longest suffix.
_LONGEST_SOCKET_PATH = 107

Connection = Mapping[str, Any]


def local_connection(directory: Path, key: str, scheme: str) -> dict[str, Any]:
    """Connection information of ipc sockets in `directory`, which is made, and must be private.

    Raises InsecureFile, and KernelkitError for too long a path.
    """
    private_dir(directory)
    return ipc_connection(directory / "k", key, scheme)


def ipc_connection(prefix: Path, key: str, scheme: str) -> dict[str, Any]:
    """Connection information of the sockets `PREFIX-1` to `PREFIX-5`, in a private directory.

    A loopback TCP port on a login node can be read by every user of it; a socket in a 0700
    directory only by its owner. Raises KernelkitError for too long a path.
    """
    if len(os.fsencode(prefix)) + 2 > _LONGEST_SOCKET_PATH:
        raise KernelkitError(
            f"`{prefix.parent}` is too long for a socket: at most {_LONGEST_SOCKET_PATH} bytes.",
            hint="Set JUPYTER_RUNTIME_DIR to a shorter directory of yours.",
        )
    ports = {f"{channel}_port": number for number, channel in enumerate(CHANNELS, 1)}
    return {
        "transport": "ipc", "ip": str(prefix), "key": key, "signature_scheme": scheme, **ports,
    }  # fmt: skip


def endpoint(connection: Connection, channel: str) -> str:
    """The zmq address of a channel, as jupyter_client builds it."""
    port = connection[f"{channel}_port"]
    if connection["transport"] == "ipc":
        return f"ipc://{connection['ip']}-{port}"
    return f"tcp://{connection['ip']}:{port}"


@dataclass
class Sockets:
    """One socket a channel; `close` never waits for unsent messages."""

    shell: zmq.Socket[bytes]
    control: zmq.Socket[bytes]
    stdin: zmq.Socket[bytes]
    iopub: zmq.Socket[bytes]
    hb: zmq.Socket[bytes]

    def __iter__(self) -> Iterator[tuple[str, zmq.Socket[bytes]]]:
        return ((name, getattr(self, name)) for name in CHANNELS)

    def close(self) -> None:
        """Close them all."""
        for _, socket in self:
            with contextlib.suppress(zmq.ZMQError):
                socket.close(linger=0)


# Messages kept here for a slow front end, of whatever size. Few, because none is dropped while it
# reads: those that come next stay in the kernel's own socket, which keeps 1,000.
_MESSAGES = 64
# Messages of the kernel's output that are read ahead, while they are small: as many as a client
# reads ahead, because a kernel drops what comes in a burst and is not taken.
_READ_AHEAD = 1_000

_LOCAL_TYPES = {
    "shell": zmq.ROUTER, "control": zmq.ROUTER, "stdin": zmq.ROUTER, "iopub": zmq.XPUB,
    "hb": zmq.ROUTER,
}  # fmt: skip
_REMOTE_TYPES = {
    "shell": zmq.DEALER, "control": zmq.DEALER, "stdin": zmq.DEALER, "iopub": zmq.SUB,
    "hb": zmq.DEALER,
}  # fmt: skip


def bind_local(context: zmq.Context[zmq.Socket[bytes]], connection: Connection) -> Sockets:
    """Bind the front end's side; port 0 takes a free port, which `bound_ports` then tells."""
    made = {}
    for channel, kind in _LOCAL_TYPES.items():
        socket = context.socket(kind)
        socket.linger = 0
        if kind == zmq.ROUTER:
            # Without this a client that comes back with its identity is refused.
            socket.router_handover = True
        if kind == zmq.XPUB:
            socket.xpub_verbose = True
            socket.sndhwm = _MESSAGES
        _encrypt_server(socket, connection)
        socket.bind(endpoint(connection, channel))
        made[channel] = socket
    return Sockets(**made)


def _encrypt_server(socket: zmq.Socket[bytes], connection: Connection) -> None:
    if secret := connection.get("curve_secretkey"):
        socket.curve_server = True
        socket.curve_secretkey = secret.encode()
        socket.curve_publickey = connection["curve_publickey"].encode()


def connect_remote(
    context: zmq.Context[zmq.Socket[bytes]], connection: Connection, identity: bytes
) -> Sockets:
    """Connect to the kernel. Shell and stdin share `identity`, so that `input()` finds its way:
    the kernel asks on stdin whoever sent the request on shell."""
    made = {}
    for channel, kind in _REMOTE_TYPES.items():
        socket = context.socket(kind)
        socket.linger = 0
        # A firewall forgets a connection that is quiet while the user reads.
        socket.tcp_keepalive = 1
        socket.tcp_keepalive_idle = 60
        if kind == zmq.DEALER:
            socket.identity = identity
        else:
            socket.setsockopt(zmq.SUBSCRIBE, b"")
            socket.rcvhwm = _READ_AHEAD
        if secret := connection.get("curve_secretkey"):
            # As jupyter_client does: one keypair for both sides, so that only who can read the
            # connection file is let in.
            socket.curve_secretkey = secret.encode()
            socket.curve_publickey = connection["curve_publickey"].encode()
            socket.curve_serverkey = connection["curve_publickey"].encode()
        if channel == "stdin":
            # Before it connects: an event that nobody listens for is lost.
            socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        socket.connect(endpoint(connection, channel))
        made[channel] = socket
    return Sockets(**made)
