"""Listening between server and node, and knocking at the kernel's ports and sockets."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import zmq
from jupyter_client import BlockingKernelClient
from jupyter_client.session import Session
from relaying import KEY, WAIT, RealKernel, Seen, connected, iopub_of, started_relay

from kernelkit.errors import InsecureFile
from kernelkit.running.relay import Relay
from kernelkit.running.relay.endpoints import endpoint, local_connection

# A process of its own that forwards five ports of another address, and keeps all it sees.
EAVESDROPPER = """
import asyncio, sys
record, listen, target, *ports = sys.argv[1:]
seen = open(record, "wb", buffering=0)
async def copy(reader, writer):
    while data := await reader.read(65536):
        seen.write(data)
        writer.write(data)
        await writer.drain()
    writer.close()
async def meet(port, reader, writer):
    try:
        onward_reader, onward_writer = await asyncio.open_connection(target, port)
    except OSError:  # nobody listens yet: left open, it would cost zmq's handshake time of 30 s
        writer.close()
        return
    await asyncio.gather(copy(reader, onward_writer), copy(onward_reader, writer))
async def main():
    for port in ports:
        await asyncio.start_server(lambda r, w, p=port: meet(p, r, w), listen, int(port))
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
LISTENS = "127.0.0.3"
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


class Eavesdropped:
    """A kernel whose only way to the relay leads through somebody who listens."""

    def __init__(self, wire: str, directory: Path, stack: ExitStack) -> None:
        options: dict[str, Any] = {"curve": {"curve": True}, "forwarder": {"forward": []}}
        self.kernel = RealKernel(directory, **options.get(wire, {}))
        stack.callback(self.kernel.end)
        self._record = directory / "overheard"
        ports = [str(self.kernel.connection[name]) for name in PORTS]
        proxy = subprocess.Popen(
            [sys.executable, "-c", EAVESDROPPER, self._record, LISTENS, "127.0.0.1", *ports],
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(proxy.wait)
        stack.callback(proxy.kill)
        assert proxy.stdout and proxy.stdout.readline() == "ready\n"
        seen = Seen()
        self.relay: Relay = stack.enter_context(started_relay(seen.events()))
        self.relay.splice({**self.kernel.connection, "ip": LISTENS})
        assert seen.joined.wait(WAIT)
        self.client: BlockingKernelClient = stack.enter_context(
            connected(dict(self.relay.connection))
        )

    def talk(self) -> None:
        """Send a word and have another one printed that only the kernel can have made."""
        self.client.wait_for_ready(timeout=WAIT)
        done = self.client.execute("word = 'said-by-the-user'; print(word[::-1])")
        texts = [m["content"].get("text") for m in iopub_of(self.client, done)]
        assert "resu-eht-yb-dias\n" in texts

    def overheard(self) -> bytes:
        return self._record.read_bytes()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


WORDS = (b"said-by-the-user", b"resu-eht-yb-dias", b"execute_request", b"kernel_info", b"<IDS|MSG>")


@pytest.mark.parametrize("wire", ["curve", "forwarder"])
def test_an_eavesdropper_reads_nothing(wire: str, tmp_path: Path, stack: ExitStack) -> None:
    between = Eavesdropped(wire, tmp_path, stack)
    between.talk()
    heard = between.overheard()
    assert len(heard) > 2_000  # it did all pass there
    assert [word for word in WORDS if word in heard] == []
    assert KEY.encode() not in heard
    assert between.kernel.connection["curve_publickey"].encode() not in heard


def test_without_encryption_an_eavesdropper_reads_everything(
    tmp_path: Path, stack: ExitStack
) -> None:
    between = Eavesdropped("plain", tmp_path, stack)
    between.talk()
    heard = between.overheard()
    assert [word for word in WORDS if word in heard] == list(WORDS)


# --- strangers at the ports ------------------------------------------------------------------------


def knock(connection: dict[str, Any], keys: str, session: Session, code: str) -> list[list[bytes]]:
    """Ask the kernel to run `code`, and listen to it; what came back on any channel."""
    with zmq.Context() as context:
        shell, iopub = context.socket(zmq.DEALER), context.socket(zmq.SUB)
        iopub.setsockopt(zmq.SUBSCRIBE, b"")
        for channel, each in (("shell", shell), ("iopub", iopub)):
            each.linger = 0
            if keys != "none":
                public, secret = zmq.curve_keypair()
                server = connection["curve_publickey"].encode()
                each.curve_publickey, each.curve_secretkey = public, secret
                each.curve_serverkey = server if keys == "right" else zmq.curve_keypair()[0]
            each.connect(endpoint(connection, channel))
        session.send(shell, session.msg("execute_request", {"code": code, "silent": False}))
        received: list[list[bytes]] = []
        # As long as the honest client needs for several cells, which run in between.
        poller = zmq.Poller()
        for each in (shell, iopub):
            poller.register(each, zmq.POLLIN)
        for ready, _ in poller.poll(1_500):
            received.append(ready.recv_multipart())  # type: ignore[union-attr]
        return received


@pytest.mark.parametrize("wire", ["curve", "forwarder"])
@pytest.mark.parametrize("keys", ["none", "wrong"])
def test_a_stranger_without_the_keys_gets_no_byte_and_runs_nothing(
    wire: str, keys: str, tmp_path: Path, stack: ExitStack
) -> None:
    between = Eavesdropped(wire, tmp_path, stack)
    between.talk()
    between.client.execute(
        "import time\nfor n in range(100): print(n, flush=True); time.sleep(0.01)"
    )
    mark = tmp_path / "ran"
    session = Session(key=KEY.encode())  # even with the right signature
    assert knock(between.kernel.connection, keys, session, f"open({str(mark)!r}, 'w')") == []
    between.talk()
    assert not mark.exists()


@pytest.mark.parametrize("wire", ["curve", "forwarder"])
def test_what_is_signed_wrong_is_not_run(wire: str, tmp_path: Path, stack: ExitStack) -> None:
    between = Eavesdropped(wire, tmp_path, stack)
    mark = tmp_path / "ran"
    heard = knock(
        between.kernel.connection, "right", Session(key=b"wrong"), f"open({str(mark)!r}, 'w')"
    )
    between.talk()
    assert not mark.exists()
    assert all(b"execute_reply" not in b"".join(frames) for frames in heard)


def test_the_relay_sends_nothing_to_a_kernel_that_does_not_encrypt(
    tmp_path: Path, stack: ExitStack
) -> None:
    """A listener that speaks no Curve stands where the kernel should be."""
    fake = stack.enter_context(socket.socket())
    fake.bind(("127.0.0.1", 0))
    fake.listen()
    fake.settimeout(WAIT)
    public, secret = (key.decode() for key in zmq.curve_keypair())
    connection = {
        "transport": "tcp", "ip": "127.0.0.1", "key": KEY, "curve_publickey": public,
        "curve_secretkey": secret, **dict.fromkeys(PORTS, fake.getsockname()[1]),
    }  # fmt: skip
    relay = stack.enter_context(started_relay())
    client = stack.enter_context(connected(dict(relay.connection)))
    client.wait_for_ready(timeout=WAIT)
    client.execute("'said-by-the-user'")
    relay.splice(connection)
    meeting, _ = fake.accept()
    with meeting:
        meeting.settimeout(WAIT)
        # It may leave without a word where what it hears is there before it has begun to talk.
        heard = meeting.recv(1)
        # A greeting of ZMTP 3.1 that asks for no security (mechanism NULL).
        meeting.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32))
        while data := meeting.recv(65536):
            heard += data
    assert heard[:1] == b"\xff"  # it did begin to talk, and then left
    assert b"said-by-the-user" not in heard
    assert b"kernel_info" not in heard


# --- the local leg ---------------------------------------------------------------------------------

_CONNECT = (
    "import socket, sys\n"
    "try:\n"
    "    socket.socket(socket.AF_UNIX).connect(sys.argv[1])\n"
    "except OSError as error:\n"
    "    print(type(error).__name__)\n"
    "else:\n"
    "    print('connected')\n"
)


def connect_as(user: int | None, path: str) -> str:
    done = subprocess.run(
        ["/usr/bin/python3", "-c", _CONNECT, path],
        user=user, cwd="/", capture_output=True, text=True, check=True, timeout=WAIT,
    )  # fmt: skip
    return done.stdout.strip()


def test_the_local_sockets_are_only_for_their_owner(stack: ExitStack) -> None:
    relay = stack.enter_context(started_relay())
    path = endpoint(relay.connection, "shell").removeprefix("ipc://")
    directory = Path(path).parent
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert directory.stat().st_uid == os.getuid()
    assert connect_as(None, path) == "connected"
    if os.getuid() == 0:  # only root can try as somebody else; the modes say the same
        assert connect_as(65534, path) == "PermissionError"


def test_sockets_are_not_made_where_others_can_look(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(InsecureFile):
        local_connection(tmp_path, KEY, "hmac-sha256")


def test_the_forwarders_sockets_are_only_for_their_owner(tmp_path: Path, stack: ExitStack) -> None:
    before = set(Path("/tmp").glob("kk-*"))
    between = Eavesdropped("forwarder", tmp_path, stack)
    between.talk()
    asked = between.client.execute(
        "from ipykernel import get_connection_file; print(get_connection_file())"
    )
    texts = [m["content"].get("text", "") for m in iopub_of(between.client, asked)]
    file = Path("".join(texts).strip())
    assert file.parent not in before
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    inner = json.loads(file.read_text())
    assert inner["transport"] == "ipc"
    assert not [name for name in inner if name.startswith("curve")]
    if os.getuid() == 0:
        path = endpoint(inner, "shell").removeprefix("ipc://")
        assert connect_as(65534, path) == "PermissionError"


# --- keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", ["curve", "forwarder"])
def test_no_key_stands_in_any_argv_or_environment(
    wire: str, tmp_path: Path, stack: ExitStack
) -> None:
    between = Eavesdropped(wire, tmp_path, stack)
    between.talk()
    connection = between.kernel.connection
    secrets = [connection[name].encode() for name in ("curve_secretkey", "curve_publickey")]
    secrets.append(KEY.encode())
    looked = 0
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                content = (process / name).read_bytes()
            except OSError:
                continue  # another user's, or just gone
            looked += str(tmp_path).encode() in content
            assert [s for s in secrets if s in content] == [], f"{process}/{name}"
    assert looked  # the kernel's own command line was among them
    assert stat.S_IMODE(between.kernel.file.stat().st_mode) == 0o600
