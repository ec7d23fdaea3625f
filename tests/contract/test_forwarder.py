"""The forwarder with real kernels: ends with them, keeps to private files, and knows its limits."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import zmq
from real import Parts
from relaying import (
    KEY,
    WAIT,
    RealKernel,
    Seen,
    connected,
    iopub_of,
    printed_by,
    started_relay,
    stream_text,
)
from waiting import wait_until

from kernelkit.running import forwarder

IPYKERNEL = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def connection_file(directory: Path, **changes: Any) -> Path:
    """A file as the supervisor puts it down: this node's address, ports 0."""
    public, secret = (key.decode() for key in zmq.curve_keypair())
    content = {
        "transport": "tcp", "ip": "127.0.0.1", "key": KEY, "signature_scheme": "hmac-sha256",
        "curve_publickey": public, "curve_secretkey": secret,
        **{f"{channel}_port": 0 for channel in forwarder.CHANNELS}, **changes,
    }  # fmt: skip
    path = directory / "connection-1.json"
    path.touch(0o600)
    path.write_text(json.dumps({n: v for n, v in content.items() if v is not None}))
    return path


def start(
    file: Path,
    command: list[str],
    *options: str,
    program: Sequence[str] = (forwarder.__file__,),
    **more: Any,
) -> subprocess.Popen[str]:
    """The forwarder as supervisor.sh starts it: leader of a process group."""
    return subprocess.Popen(
        [sys.executable, *program, *options, str(file), "--", *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, **more,
    )  # fmt: skip


def end_group(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def refusal(file: Path, *options: str, command: list[str] | None = None) -> tuple[int, str]:
    process = start(file, command or ["true"], *options)
    _, said = process.communicate(timeout=WAIT)
    return process.returncode, said


# --- files and arguments ---------------------------------------------------------------------------


def test_it_is_python_of_3_6() -> None:
    ast.parse(Path(forwarder.__file__).read_text(), feature_version=(3, 6))


def test_it_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(Path(forwarder.__file__).read_text())
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {n for n in names if n} - set(sys.stdlib_module_names) == {"zmq"}


def test_ports_for_a_kernel_are_none_that_others_are_given(tmp_path: Path) -> None:
    inner = forwarder.inner_connection({"key": KEY}, str(tmp_path), tcp=True)
    ports = {inner[f"{channel}_port"] for channel in forwarder.CHANNELS}
    given, _ = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert len(ports) == 5
    assert max(ports) < given


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"curve_secretkey": None}, 67, "nothing is sent in plain"),
        ({"key": ""}, 66, "a key"),
        ({"transport": "ipc"}, 66, "needs tcp"),
        ({"shell_port": "x"}, 66, "no connection file"),
        ({"ip": "192.0.2.1"}, 67, "no socket can be bound at `192.0.2.1`"),
    ],
)
def test_a_file_that_cannot_be_served_is_refused(
    tmp_path: Path, changes: dict[str, Any], code: int, words: str
) -> None:
    got, said = refusal(connection_file(tmp_path, **changes))
    assert (got, words in said) == (code, True), said
    assert "Traceback" not in said


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = connection_file(tmp_path)
    file.chmod(0o640)
    assert refusal(file)[0] == 66
    file.chmod(0o600)
    link = tmp_path / "link.json"
    link.symlink_to(file)
    assert refusal(link)[0] == 66


def test_a_python_without_pyzmq_is_refused_before_the_kernel_starts(tmp_path: Path) -> None:
    mark = tmp_path / "started"
    code, said = refusal(
        connection_file(tmp_path),
        *("--through", "/usr/bin/python3", "-I", "-S"),
        command=["touch", str(mark)],
    )
    assert code == 67
    assert "has no pyzmq" in said
    assert not mark.exists()


@pytest.mark.parametrize("words", [["--", "true"], ["file"], ["--what", "file", "--", "true"]])
def test_it_says_how_it_is_called(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, forwarder.__file__, *words], capture_output=True, text=True
    )
    assert done.returncode == 64
    assert "Traceback" not in done.stderr


# --- ends ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "code"),
    [(["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -KILL $$"], 137), (["/no/such"], 70)],
)
def test_it_ends_as_the_kernel_ends(tmp_path: Path, command: list[str], code: int) -> None:
    file = connection_file(tmp_path)
    assert refusal(file, command=command)[0] == code
    assert not Path(socket_directory(file)).exists()


def socket_directory(file: Path) -> str:
    """Where the sockets of a connection file's run are."""
    import hashlib

    return f"/tmp/kk-{hashlib.sha256(os.fsencode(file.parent)).hexdigest()[:12]}"


def children(process: subprocess.Popen[str]) -> set[int]:
    """What lives of its process group; nobody may have collected those that ended."""
    listing = subprocess.run(
        ["ps", "-o", "pid=,stat=", "-g", str(process.pid)], capture_output=True, text=True
    )
    rows = [line.split() for line in listing.stdout.splitlines()]
    return {int(pid) for pid, state in rows if not state.startswith("Z")}


def wait_for_ports(process: subprocess.Popen[str], file: Path) -> dict[str, Any]:
    while process.poll() is None:
        found = json.loads(file.read_text())
        if found["hb_port"]:
            return dict(found)
    raise AssertionError(process.communicate()[1])


def test_a_group_of_processes_goes_at_once(tmp_path: Path) -> None:
    file = connection_file(tmp_path)
    process = start(file, IPYKERNEL)
    wait_for_ports(process, file)
    assert len(children(process)) == 3
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=WAIT)
    # Each ends by itself, and none is waited for by whoever killed them.
    wait_until(lambda: not children(process))
    # The next start of the same run takes its place.
    again = start(file, ["true"])
    again.communicate(timeout=WAIT)
    assert not Path(socket_directory(file)).exists()


def test_a_killed_forwarder_takes_kernel_and_directory_along(tmp_path: Path) -> None:
    file = connection_file(tmp_path)
    # Its own words come to an end when the last of the three has closed them.
    process = start(file, IPYKERNEL)
    wait_for_ports(process, file)
    process.kill()
    process.communicate(timeout=WAIT)
    assert children(process) == set()
    assert not Path(socket_directory(file)).exists()


KILLED_AT_ONCE = """
import ctypes, os, signal, time
from kernelkit.running import forwarder

parent, load = os.getpid(), ctypes.CDLL

def late(name):
    while os.getppid() == parent:
        time.sleep(0.01)
    return load(name)

ctypes.CDLL = late
forwarder._spawn(["sleep", "600"])
os.kill(parent, signal.SIGKILL)
"""


def test_a_kernel_that_had_no_time_to_follow_a_killed_forwarder_does_not_start() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_AT_ONCE], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        # The kernel holds them open for as long as it lives.
        assert process.communicate(timeout=WAIT) == ("", "")
    finally:
        end_group(process)
    assert process.returncode == -signal.SIGKILL


# A process that takes its time between its fork and its program.
SLOW_FORKS = """
import os, sys, time
from kernelkit.running import forwarder

os.register_at_fork(after_in_child=lambda: time.sleep(1))
sys.exit(forwarder.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("program", [(forwarder.__file__,), ("-c", SLOW_FORKS)])
def test_term_is_passed_on(program: tuple[str, ...], tmp_path: Path) -> None:
    file = connection_file(tmp_path)
    process = start(file, ["sleep", "600"], program=program)
    try:
        wait_for_ports(process, file)
        process.terminate()
        process.wait(WAIT)
    finally:
        end_group(process)
    assert process.returncode == 143


def test_an_interrupt_of_the_group_comes_once(tmp_path: Path, stack: ExitStack) -> None:
    kernel = RealKernel(tmp_path, forward=[])
    stack.callback(kernel.end)
    seen = Seen()
    relay = stack.enter_context(started_relay(seen.events()))
    relay.splice(kernel.connection)
    client = stack.enter_context(connected(dict(relay.connection)))
    assert seen.joined.wait(WAIT)
    client.wait_for_ready(timeout=WAIT)
    loop = client.execute(
        "import time\ncount = 0\n"
        "try:\n    print('go', flush=True)\n    while True: time.sleep(0.05)\n"
        "except KeyboardInterrupt:\n    count += 1\n    time.sleep(0.5)\n"
        "print('interrupted', count)"
    )
    printed_by(client, loop, "go\n")
    os.killpg(kernel.process.pid, signal.SIGINT)
    assert stream_text(iopub_of(client, loop)) == "interrupted 1\n"


# --- kernels of other kinds ------------------------------------------------------------------------


def work_through(kernel: RealKernel, cells: dict[str, str]) -> None:
    """Run cells through relay, Curve and forwarder; each must print what stands beside it."""
    seen = Seen()
    with started_relay(seen.events()) as relay, connected(dict(relay.connection)) as client:
        client.wait_for_ready(timeout=WAIT)
        first, *rest = cells
        held = client.execute(first)
        relay.splice(kernel.connection)
        assert seen.joined.wait(WAIT)
        sent = [held, *map(client.execute, rest)]
        for expected, msg_id in zip(cells.values(), sent, strict=True):
            assert stream_text(iopub_of(client, msg_id)).strip() == expected
        client.shutdown()
        # ipykernel 7 now and then stands still after its reply, one thread of its own waiting for
        # another, until a supervisor ends it; IRkernel quits the moment it has given its reply to
        # zmq, and may take it along.
        wait_until(
            lambda: client.control_channel.msg_ready() or kernel.process.poll() is not None,
            what="neither a reply to shutdown nor an end",
        )


@pytest.mark.parametrize("options", [[], ["--tcp"]])
def test_r_speaks_through_it(
    tmp_path: Path, stack: ExitStack, need: Callable[..., None], parts: Parts, options: list[str]
) -> None:
    need("r")
    kernel = RealKernel(tmp_path, forward=options, argv=parts.r_kernel)
    stack.callback(kernel.end)
    work_through(kernel, {"x <- 6 * 7; cat(x)": "42", "cat(x + 1)": "43"})


def test_bash_speaks_through_it(
    tmp_path: Path, stack: ExitStack, need: Callable[..., None], parts: Parts
) -> None:
    need("bash-kernel")
    argv = [str(parts.bash_kernel_python), "-m", "bash_kernel", "-f"]
    kernel = RealKernel(tmp_path, forward=[], argv=argv)
    stack.callback(kernel.end)
    work_through(kernel, {"x=$((6 * 7)); echo $x": "42", "echo $((x + 1))": "43"})


def test_an_image_with_ipykernel_6_brings_its_own_pyzmq(
    tmp_path: Path, stack: ExitStack, need: Callable[..., None], parts: Parts
) -> None:
    need("apptainer", "image-ipykernel6")
    inside = [str(parts.apptainer_bin / "apptainer"), "exec", str(parts.image("ipykernel6.sif"))]
    argv = [*inside, "python3", "-m", "ipykernel_launcher", "-f"]
    kernel = RealKernel(tmp_path, forward=["--through", *inside, "python3"], argv=argv)
    stack.callback(kernel.end)
    cells = {"import ipykernel; print(ipykernel.version_info[0])": "6", "print(6 * 7)": "42"}
    work_through(kernel, cells)
