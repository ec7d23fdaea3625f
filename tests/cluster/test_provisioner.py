"""Kernels in jobs through jupyter_client: every kind of layer, and what can go wrong at a start."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import kernelkit
from driving import CELLS, TIMEOUT, Running
from job_kernels import UNSEEN, Kernels
from jupyter_client.manager import KernelManager
from jupyter_core.utils import run_sync
from quotas import files_limited_to
from slurm import Cluster, wait_for

from kernelkit.errors import KernelFailed, NotFound, RecipeError, StorageFull, SubmitRejected
from kernelkit.running.kernel_state import KernelState
from kernelkit.running.provisioner import SlurmProvisioner


@contextmanager
def started(name: str, **options: Any) -> Iterator[Running]:
    """A kernel of that name with a client; it is shut down afterwards."""
    manager = KernelManager(kernel_name=name)
    manager.start_kernel(**options)
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=TIMEOUT)
        yield Running(manager, client, Path())
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def job_of(kernel: Running) -> str:
    """The kernel's job."""
    provisioner = kernel.manager.provisioner
    assert isinstance(provisioner, SlurmProvisioner) and provisioner._keeper
    return provisioner._keeper.run.job_id


def state_of(kernel: Running) -> KernelState:
    """How the kernel's run stands."""
    provisioner = kernel.manager.provisioner
    assert isinstance(provisioner, SlurmProvisioner) and provisioner._keeper
    return provisioner._keeper.state


SEEN = {
    "module": ["layer_python"],
    "environment-modules": ["layer_python"],
    "venv": ["layer_venv"],
    "conda": ["layer_conda"],
    "image": ["layer_demo"],
    "folder": ["layer_demo", "layer_packages"],
    "wrapper": ["layer_demo"],
    "function": ["layer_demo"],
    "r": [],
    "bash": ["layer_bash_kernel"],
    "ipykernel6": ["layer_ipykernel6"],
}


@pytest.mark.parametrize("kind", SEEN)
def test_a_layer_on_a_node(kind: str, kernels: Kernels, cluster: Cluster) -> None:
    name = kernels.put(kind, partition="gpu", gres="gpu:1")
    language = {"r": "r", "bash": "bash"}.get(kind, "python")
    cells = CELLS[language]
    with started(name) as kernel:
        assert kernel.prove(language)["layers"] == SEEN[kind]
        if language == "python":
            assert kernel.run(WHERE) == "node1 0\n"
            answered = kernel.run("print(input('name? '))", stdin=lambda prompt: prompt + "me")
            assert answered == "name? me\n"
        kernel.run(cells.remember)
        ended = kernel.interrupt(cells.loop)
        assert ended["status"] != "ok"
        if language == "python":
            assert ended["ename"] == "KeyboardInterrupt"
        assert kernel.run(cells.recall).strip() == "42"

        job = job_of(kernel)
        kernel.restart()
        assert "42" not in kernel.execute(cells.recall)[1], "a restart kept the variables"
        assert job_of(kernel) == job
        assert cluster.state(job) == "RUNNING"


@pytest.mark.parametrize(
    ("kind", "language", "encrypted"), [("own-pyzmq", "python", True), ("unencrypted", "r", False)]
)
def test_a_site_whose_nodes_see_no_python_of_kernelkits(
    kind: str, language: str, encrypted: bool, kernels: Kernels, cluster: Cluster
) -> None:
    kernels.configure(**UNSEEN)
    name = kernels.put(kind)
    cells = CELLS[language]
    with started(name) as kernel:
        kernel.run(cells.remember)
        assert kernel.interrupt(cells.loop)["status"] != "ok"
        assert kernel.run(cells.recall).strip() == "42"
        (run,) = kernels.runs
        running = cluster.processes()
        assert running and not any(sys.executable in line for line in running), running
        assert any("launch.sh --run python3" in line for line in running) is encrypted
        seed = json.loads((run / "connection-1.json").read_text())
        assert ("curve_publickey" in seed) is encrypted
        assert (run / "forwarder").exists() is encrypted
    said = kernelkit("show", name).out
    assert ("not encrypted between server and node" in said) is not encrypted


def test_a_manager_that_lost_its_patience_does_not_end_the_next_kernel(
    kernels: Kernels, cluster: Cluster
) -> None:
    with started(kernels.put("module")) as kernel:
        (run,) = kernels.runs
        provisioner = kernel.manager.provisioner
        assert isinstance(provisioner, SlurmProvisioner) and provisioner._keeper
        keeper = provisioner._keeper
        # As a manager restarts a kernel that ends just as it is given up.
        kernel.client.shutdown(restart=True)
        run_sync(provisioner.shutdown_requested)(restart=True)
        wait_for(
            "the next kernel", lambda: (keeper.state.phase, keeper.state.start) == ("running", 2)
        )
        run_sync(provisioner.terminate)(restart=True)
        run_sync(provisioner.launch_kernel)([])
        kernel.client.wait_for_ready(timeout=60)
        assert kernel.run("print(6 * 7)") == "42\n"
        assert (run / "requests").read_text() == "1 relaunch 2 4\n2 signal TERM 1\n"
        assert "start=2\n" in (run / "status").read_text()


def test_a_restart_asks_for_the_next_kernel_before_the_former_one_has_ended(
    kernels: Kernels, cluster: Cluster
) -> None:
    with started(kernels.put("module")) as kernel:
        kernel.run("import atexit, os, time; atexit.register(time.sleep, 1); print(os.getpid())")
        (run,) = kernels.runs
        asked: list[str] = []

        def look() -> None:
            wait_for("a request", lambda: (run / "requests").read_text())
            asked.append((run / "status").read_text())

        watcher = threading.Thread(target=look)
        watcher.start()
        kernel.restart()
        watcher.join()
        assert "phase=running" in asked[0] and "start=1\n" in asked[0], "it began too late"
        assert (run / "requests").read_text() == "1 relaunch 2 4\n", "one request is enough"
        assert kernel.run("print(6 * 7)") == "42\n"
        assert "start=2\n" in (run / "status").read_text()


def test_a_kernel_that_followed_and_died_is_followed_by_another(
    kernels: Kernels, cluster: Cluster
) -> None:
    """A restart that got no further than its request to end, and then a crash."""
    with started(kernels.put("module")) as kernel:
        (run,) = kernels.runs
        kernel.manager.request_shutdown(restart=True)
        wait_for("kernel 2", lambda: "start=2\n" in (run / "status").read_text())
        manager = kernel.manager
        wait_for("it to be joined", lambda: state_of(kernel).start == 2)
        assert not manager.is_alive(), "the manager asked for the end of kernel 1, and has seen it"
        manager.signal_kernel(9)
        wait_for("its end", lambda: state_of(kernel).phase == "exited")
        manager.restart_kernel(now=True)
        kernel.client.wait_for_ready(timeout=TIMEOUT)
        assert "start=3\n" in (run / "status").read_text()
        assert kernel.run("print(6 * 7)") == "42\n"


def test_a_full_quota_ends_no_kernel(kernels: Kernels, cluster: Cluster) -> None:
    with started(kernels.put("module", config={"lease": 30})) as kernel:
        (run,) = kernels.runs
        kernel.run("x = 42")
        pid = kernel.run("import os; print(os.getpid())")
        with files_limited_to(0):
            renewed = (run / "lease").stat().st_mtime_ns
            wait_for("another renewal", lambda: (run / "lease").stat().st_mtime_ns > renewed)
            with pytest.raises(StorageFull, match="quota"):
                kernel.manager.signal_kernel(signal.SIGINT)
            with pytest.raises(StorageFull, match="quota"):
                kernel.manager.restart_kernel(now=True)
            assert state_of(kernel).phase == "running" and kernel.manager.is_alive()
            assert kernel.run("print(x, os.getpid())") == f"42 {pid}"
        kernel.restart()
        assert "42" not in kernel.execute("print(x)")[1]
        assert len(cluster.queue()) == 1


WHERE = "import os; print(os.environ['SLURMD_NODENAME'], os.environ['CUDA_VISIBLE_DEVICES'])"


def test_a_request_that_slurm_refuses(kernels: Kernels, cluster: Cluster) -> None:
    name = kernels.put("module", partition="nowhere")
    with pytest.raises(SubmitRejected, match="invalid partition specified: nowhere") as refused:
        KernelManager(kernel_name=name).start_kernel()
    assert refused.value.field == "partition"
    assert cluster.queue() == []


def test_a_config_that_means_nothing_is_refused(kernels: Kernels, cluster: Cluster) -> None:
    name = kernels.put("module", config={"partitoin": "gpu"})
    with pytest.raises(RecipeError, match="partitoin"):
        KernelManager(kernel_name=name).start_kernel()
    assert cluster.queue() == []


def test_a_layer_that_a_node_lacks(kernels: Kernels, cluster: Cluster) -> None:
    name = kernels.put("module")
    script = kernels.directory(name) / "launch.sh"
    script.write_text(script.read_text().replace("python/3.11", "python/9.99"))
    with pytest.raises(KernelFailed, match=r"exit code 65(.|\n)*the module `python/9.99`"):
        KernelManager(kernel_name=name).start_kernel()


def test_a_kernel_that_never_answers(kernels: Kernels, cluster: Cluster) -> None:
    kernels.configure(start_timeout=2)
    name = kernels.put("module", partition="full")
    script = kernels.directory(name) / "launch.sh"
    script.write_text("#!/bin/bash\necho thinking\nexec sleep 600\n")
    # The time that the job waits does not count.
    with cluster.filled() as filler:
        began = time.monotonic()

        def release() -> None:
            wait_for("a job to wait", lambda: "PENDING" in [row[2] for row in cluster.queue()])
            wait_for("the timeout to pass", lambda: time.monotonic() > began + 3)
            cluster.cancel(filler)

        thread = threading.Thread(target=release)
        thread.start()
        with pytest.raises(KernelFailed, match=r"did not answer within 2 s(.|\n)*thinking"):
            KernelManager(kernel_name=name).start_kernel()
        assert not thread.is_alive()
        thread.join()


def test_a_second_kernel_in_the_same_job(kernels: Kernels, cluster: Cluster) -> None:
    first = kernels.put("module", "first", partition="gpu", gres="gpu:2", config={"gpus": "0"})
    with started(first) as one:
        job = job_of(one)
        second = kernels.put("image", "second", config={"in_job": job, "gpus": "1"})
        with started(second) as two:
            assert job_of(two) == job
            assert (one.run(WHERE), two.run(WHERE)) == ("node1 0\n", "node1 1\n")
            two.restart()
            assert two.run(WHERE) == "node1 1\n"
        assert one.run("print('still here')") == "still here\n"
        assert cluster.state(job) == "RUNNING"
    third = kernels.put("module", "third", config={"in_job": job})
    with pytest.raises(NotFound, match="can take another kernel"):
        KernelManager(kernel_name=third).start_kernel()


def test_a_kept_kernel_needs_no_client(kernels: Kernels, cluster: Cluster) -> None:
    name = kernels.put("module", config={"keep": True, "lease": 30})
    code = (
        "from jupyter_client.manager import KernelManager\n"
        "import sys; m = KernelManager(kernel_name=sys.argv[1]); m.start_kernel()"
    )
    subprocess.run([sys.executable, "-c", code, name], check=True, timeout=60)
    (row,) = cluster.queue()
    (run,) = kernels.runs
    assert row[2] == "RUNNING"
    assert (run / "keep").exists()
    assert "phase=running" in (run / "status").read_text()
    cluster.cancel(row[0])


MPI = """
from mpi4py import MPI
import os
world = MPI.COMM_WORLD
print(world.reduce(world.rank), world.size, sorted(set(world.gather(os.environ["SLURMD_NODENAME"]) or [])))
"""


def test_mpi_over_two_nodes_from_a_cell(kernels: Kernels, cluster: Cluster, tmp_path: Path) -> None:
    kernels.shelf.parts.need("mpi")
    program = tmp_path / "program.py"
    program.write_text(MPI)
    kernel = kernels.put("mpi", partition="gpu", nodes=2, ntasks=4)
    script = kernels.directory(kernel) / "launch.sh"
    with started(kernel) as running:
        said = running.run(f"!srun -n 4 {script} --run python3 {program} 2>&1")
        found = running.run(
            "import multiprocessing as m\nwith m.Pool(2) as p: print(p.map(abs, [-1]))"
        )
    assert "6 4 ['node1', 'node2']" in said
    assert found == "[1]\n"


def test_the_command_line_knows_it(
    kernels: Kernels, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = kernels.put("r", partition="full")
    listed = {k["name"]: k["state"] for k in kernelkit("list", "--json").json["kernels"]}
    assert name in listed
    shown = kernelkit("show", "--json", name).json["job"]
    assert shown["sbatch"][:2] == ["sbatch", "--partition=full"]
    assert "--partition=full" in kernelkit("show", name).out

    with cluster.filled() as filler:
        thread = threading.Thread(
            target=lambda: (
                wait_for("it", lambda: "PENDING" in [row[2] for row in cluster.queue()]),
                cluster.cancel(filler),
            )
        )
        thread.start()
        tested = kernelkit("test", "--json", "--on-slurm", name)
        thread.join()
    assert "IRkernel" in json.dumps(tested.json), tested.err
    assert "interrupt a cell" in tested.json["steps"]


def test_a_kernel_that_was_not_tested_tells_its_language_while_it_waits(
    kernels: Kernels, cluster: Cluster
) -> None:
    with cluster.filled():
        for kind, expected in {
            "r": ("R", ".r"),
            "bash": ("bash", ".sh"),
            "module": ("python", ".py"),
        }.items():
            name = kernels.put(kind, partition="full", config={"wait": "never"})
            with started(name) as kernel:
                info = kernel.client.kernel_info(reply=True, timeout=TIMEOUT)["content"][
                    "language_info"
                ]
                assert (info["name"], info["file_extension"]) == expected
