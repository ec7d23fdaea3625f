"""The programs that start kernels, none of which knows of Slurm."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jupyter_kernel_test
import nbformat
import pexpect
import pytest
from driving import TIMEOUT, run_notebook
from job_kernels import Kernels
from jupyter_client.manager import AsyncKernelManager
from slurm import Cluster, wait_for
from test_conformance import Python

CELL = "import os; print(os.environ['SLURM_JOB_ID'], os.environ['SLURMD_NODENAME'])"


@contextmanager
def released_when_seen(cluster: Cluster) -> Iterator[None]:
    """The partition `full` is, until a kernel's job was seen to wait for it."""

    def release(filler: str) -> None:
        wait_for("a job to wait", lambda: "PENDING" in [row[2] for row in cluster.queue()])
        cluster.cancel(filler)

    with cluster.filled() as filler:
        thread = threading.Thread(target=release, args=(filler,))
        thread.start()
        try:
            yield
        finally:
            thread.join()


def test_nbclient_waits_for_the_job(kernels: Kernels, cluster: Cluster, tmp_path: Path) -> None:
    name = kernels.put("module", partition="full")
    with released_when_seen(cluster):
        where, second = run_notebook(name, tmp_path, CELL, "print(6 * 7)")
    assert where.split()[1] == "node3"
    assert second == "42\n"


def test_an_asynchronous_manager(kernels: Kernels, cluster: Cluster) -> None:
    async def drive() -> tuple[str, str]:
        manager = AsyncKernelManager(kernel_name=kernels.put("module"))
        await manager.start_kernel()
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=TIMEOUT)
            await client.execute("x = 1", reply=True, timeout=TIMEOUT)
            await manager.restart_kernel()
            await client.wait_for_ready(timeout=TIMEOUT)
            reply = await client.execute("x", reply=True, timeout=TIMEOUT)
            return str(reply["content"]["ename"]), str(await manager.is_alive())
        finally:
            client.stop_channels()
            await manager.shutdown_kernel()

    assert asyncio.run(drive()) == ("NameError", "True")


def write_notebook(path: Path, *cells: str) -> Path:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbformat.write(notebook, path)
    return path


def printed(path: Path) -> list[str]:
    """What each cell of a notebook printed."""
    cells = nbformat.read(path, as_version=4).cells
    return ["".join(o.get("text", "") for o in cell.outputs) for cell in cells]


def jupyter(*words: str | Path) -> None:
    """Run a program of this environment as a user does."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_papermill(kernels: Kernels, cluster: Cluster, tmp_path: Path) -> None:
    name = kernels.put("module", partition="full")
    source = write_notebook(tmp_path / "in.ipynb", "answer = 1", "print(answer)", CELL)
    notebook = nbformat.read(source, as_version=4)
    notebook.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, source)
    target = tmp_path / "out.ipynb"
    with released_when_seen(cluster):
        jupyter("papermill", source, target, "--kernel", name, "-l", "python", "-p", "answer", "42")
    assert "42\n" in printed(target)
    assert any("node3" in text for text in printed(target))


def test_nbconvert(kernels: Kernels, cluster: Cluster, tmp_path: Path) -> None:
    name = kernels.put("module", partition="gpu", gres="gpu:1")
    source = write_notebook(tmp_path / "in.ipynb", CELL)
    option = f"--ExecutePreprocessor.kernel_name={name}"
    jupyter("nbconvert", "--to", "notebook", "--execute", option, "--output", "out", source)
    assert printed(tmp_path / "out.ipynb")[0].split()[1] == "node1"


def test_jupyter_console(kernels: Kernels, cluster: Cluster) -> None:
    name = kernels.put("module", partition="full")
    words = ["-m", "jupyter_console", "--simple-prompt", "--kernel", name]
    with released_when_seen(cluster):
        child = pexpect.spawn(
            sys.executable,
            words,
            encoding="utf-8",
            timeout=TIMEOUT,
            env={**os.environ, "TERM": "dumb"},
        )
        child.expect(r"In \[1\]: ")
    child.sendline(CELL)
    child.expect(r"\d+ node3")
    child.sendline("print(input('name? '))")
    child.expect(r"name\? ")
    child.sendline("me")
    child.expect("me")
    child.sendline("exit")
    child.expect(pexpect.EOF)
    child.close()
    # The console asks the kernel alone to end, and leaves.
    wait_for("the job to end", lambda: live_jobs(cluster) == [], 20)


def live_jobs(cluster: Cluster) -> list[str]:
    return [row[0] for row in cluster.queue() if row[2] != "COMPLETING"]


def test_a_client_that_just_leaves(kernels: Kernels, cluster: Cluster) -> None:
    code = (
        "from jupyter_client.manager import KernelManager\n"
        "import sys; m = KernelManager(kernel_name=sys.argv[1]); m.start_kernel()"
    )
    name = kernels.put("module")
    subprocess.run([sys.executable, "-c", code, name], check=True, timeout=60)
    wait_for("the running job to end", lambda: live_jobs(cluster) == [], 20)
    with cluster.filled() as filler:
        name = kernels.put("module", "waits", partition="full", config={"wait": "never"})
        subprocess.run([sys.executable, "-c", code, name], check=True, timeout=60)
        assert live_jobs(cluster) == [filler]


class Queued(Python):
    """The suite starts while the job waits: what it asks first is held."""

    filler = ""
    cluster: Cluster

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()  # type: ignore[misc]
        assert "PENDING" in [row[2] for row in cls.cluster.queue()]
        cls.cluster.cancel(cls.filler)


@pytest.mark.parametrize("kind", [Python, Queued])
def test_conformance(kind: type[Python], kernels: Kernels, cluster: Cluster) -> None:
    if kind is Python:
        kernels.put("module", Python.kernel_name)
        problems, skipped, ran = conformance(kind)
    else:
        kernels.put("module", Python.kernel_name, partition="full", config={"wait": "never"})
        with cluster.filled() as filler:
            problems, skipped, ran = conformance(kind, filler=filler, cluster=cluster)
    assert not problems, "\n".join(problems)
    assert skipped <= {"History range not supported"}
    assert ran >= 11


def conformance(kind: type[Python], **attributes: Any) -> tuple[list[str], set[str], int]:
    """What failed, the reasons of what was skipped, and how many tests there were."""
    bases = (kind, jupyter_kernel_test.KernelTests)
    suite_class = type(f"Conformance{kind.__name__}", bases, attributes)
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(suite_class)
    result = unittest.TestResult()
    suite.run(result)
    problems = [f"{test}:\n{text}" for test, text in (*result.failures, *result.errors)]
    return problems, {why for _, why in result.skipped}, result.testsRun


# --- the order of calls, which jupyter_client does not promise ------------------------------------

RECORDER = """
import asyncio, json, os, signal, sys
from jupyter_client.ioloop import AsyncIOLoopKernelManager
from kernelkit.running import provisioner

calls = []

class Recorder(provisioner.SlurmProvisioner):
    pass

def recording(name):
    original = getattr(provisioner.SlurmProvisioner, name)
    async def call(self, *args, **kwargs):
        restart = kwargs.get("restart", args[0] if args and isinstance(args[0], bool) else None)
        calls.append(name if restart is None else f"{name}({restart})")
        return await original(self, *args, **kwargs)
    return call

for name in ("pre_launch", "launch_kernel", "post_launch", "shutdown_requested", "terminate",
             "kill", "cleanup"):
    setattr(Recorder, name, recording(name))

from jupyter_client.provisioning import KernelProvisionerFactory as Factory
Factory._get_provisioner = lambda self, name: None
original = Factory.create_provisioner_instance
def create(self, kernel_id, kernel_spec, parent):
    config = kernel_spec.metadata["kernel_provisioner"]["config"]
    return Recorder(kernel_id=kernel_id, kernel_spec=kernel_spec, parent=parent, **config)
Factory.create_provisioner_instance = create

async def ready(manager):
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    return client

async def main(kernel):
    found = {}
    def told(name):
        found[name] = calls[:]
        calls.clear()
    manager = AsyncIOLoopKernelManager(kernel_name=kernel)
    await manager.start_kernel()
    client = await ready(manager)
    told("start")
    await manager.restart_kernel()
    await client.wait_for_ready(timeout=60)
    told("restart")
    pid = (await client.execute("import os; print(os.getpid())", reply=True, timeout=60))
    client.execute("import os; os.kill(os.getpid(), 9)")
    while "post_launch" not in calls and "launch_kernel" not in calls:
        await asyncio.sleep(0.05)
    while "post_launch" not in calls:
        await asyncio.sleep(0.05)
    await client.wait_for_ready(timeout=60)
    told("crash")
    client.stop_channels()
    await manager.shutdown_kernel()
    told("shutdown")
    print(json.dumps(found))

asyncio.run(main(sys.argv[1]))
"""

LAUNCH = ["pre_launch", "launch_kernel", "post_launch"]
ORDER = {
    "start": LAUNCH,
    "restart": ["shutdown_requested(True)", "cleanup(True)", *LAUNCH],
    "crash": ["kill(False)", "cleanup(True)", *LAUNCH],
    "shutdown": ["shutdown_requested(False)", "cleanup(False)"],
}


def call_order(python: str, kernel: str) -> dict[str, list[str]]:
    done = subprocess.run(
        [python, "-c", RECORDER, kernel], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_the_order_of_calls(kernels: Kernels, cluster: Cluster) -> None:
    assert call_order(sys.executable, kernels.put("module")) == ORDER


@pytest.mark.slow
def test_the_order_of_calls_of_the_oldest_supported(
    kernels: Kernels, cluster: Cluster, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = str(tmp_path / "venv/bin/python")
    root = str(Path(__file__).parents[2])
    pip = [python, "-m", "pip", "install", "-qq", "jupyter_client==8.6.0", "--editable", root]
    subprocess.run(pip, check=True)
    assert call_order(python, kernels.put("module")) == ORDER
