"""VS Code's way: argv of the kernelspec with `--f=FILE` at its end, and ports chosen beforehand."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from job_kernels import Kernels
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from relaying import iopub_of, printed_by
from slurm import Cluster, wait_for
from supervised import run_cell


def launch(kernels: Kernels, name: str) -> tuple[subprocess.Popen[bytes], Path]:
    """The kernel as VS Code starts it, and the file with the ports that were chosen."""
    spec = json.loads((kernels.directory(name) / "kernel.json").read_text())
    file = Path(os.environ["JUPYTER_RUNTIME_DIR"]) / "v1.json"
    write_connection_file(str(file), key=b"of-the-front-end", transport="tcp", ip="127.0.0.1")
    at = spec["argv"].index("-f")
    argv = [*spec["argv"][:at], *spec["argv"][at + 2 :], f"--f={file}"]
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE), file


@contextmanager
def launched(
    kernels: Kernels, name: str
) -> Iterator[tuple[subprocess.Popen[bytes], BlockingKernelClient]]:
    """The kernel as VS Code starts it, and a client of it."""
    process, file = launch(kernels, name)
    client = BlockingKernelClient()
    client.load_connection_file(str(file))
    try:
        # A client takes a kernel for dead that does not listen a second after it came.
        wait_for("the launcher to listen", lambda: listens(client.hb_port))
        client.start_channels()
        client.wait_for_ready(timeout=60)
        yield process, client
    finally:
        client.stop_channels()
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def live_jobs(cluster: Cluster) -> list[tuple[str, str, str, str]]:
    return [row for row in cluster.queue() if row[2] != "COMPLETING"]


@pytest.mark.parametrize("kind", ["module", "portable"])
def test_argv_alone_is_a_kernel_on_a_node(kind: str, kernels: Kernels, cluster: Cluster) -> None:
    name = kernels.put(kind, partition="gpu", gres="gpu:1")
    with launched(kernels, name) as (process, client):
        where = (
            "import os; print(os.environ['SLURMD_NODENAME'], os.environ['CUDA_VISIBLE_DEVICES'])"
        )
        assert run_cell(client, where) == "node1 0\n"
        client.shutdown()
        assert process.wait(30) == 0
        assert live_jobs(cluster) == []


def test_it_answers_while_the_job_waits(kernels: Kernels, cluster: Cluster) -> None:
    name = kernels.put("module", partition="full")
    with cluster.filled() as filler, launched(kernels, name) as (process, client):
        assert [row[2] for row in cluster.queue() if row[0] != filler] == ["PENDING"]
        held = client.execute("print('held')")
        cluster.cancel(filler)
        reply = client._recv_reply(held, timeout=60)
        assert reply["content"]["status"] == "ok"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert live_jobs(cluster) == []


@pytest.mark.parametrize("how", ["signal", "message"])
def test_an_interrupt_reaches_the_node(how: str, kernels: Kernels, cluster: Cluster) -> None:
    with launched(kernels, kernels.put("module")) as (process, client):
        loop = client.execute("kept = 42\nprint('go', flush=True)\nwhile True: pass")
        printed_by(client, loop, "go\n")
        if how == "signal":
            process.send_signal(signal.SIGINT)
        else:
            client.control_channel.send(client.session.msg("interrupt_request", {}))
        assert client._recv_reply(loop, timeout=60)["content"]["ename"] == "KeyboardInterrupt"
        iopub_of(client, loop)  # until then ipykernel aborts what comes
        assert run_cell(client, "print(kept)") == "42\n"


def test_a_refusal_is_told_on_stderr(kernels: Kernels, cluster: Cluster) -> None:
    name = kernels.put("module", partition="nowhere")
    process, _ = launch(kernels, name)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert b"nowhere" in said and b"Traceback" not in said
    assert live_jobs(cluster) == []


def test_a_killed_launcher_leaves_a_run_that_ends_with_its_lease(
    kernels: Kernels, cluster: Cluster
) -> None:
    name = kernels.put("module", config={"lease": 30})
    with launched(kernels, name) as (process, client):
        assert run_cell(client, "print(1)") == "1\n"
        process.kill()
        process.wait()
    wait_for("the lease to end", lambda: live_jobs(cluster) == [], 60)
