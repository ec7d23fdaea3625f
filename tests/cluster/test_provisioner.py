"""Kernels in jobs through jupyter_client: every kind of layer, and the manager's whole contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from driving import CELLS, TIMEOUT, Running
from job_kernels import Kernels
from jupyter_client.manager import KernelManager
from slurm import Cluster

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


SEEN = {
    "module": ["layer_python"],
    "venv": ["layer_venv"],
    "conda": ["layer_conda"],
    "image": ["layer_demo"],
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
        assert kernel.interrupt(cells.loop)["status"] != "ok"
        assert kernel.run(cells.recall).strip() == "42"

        job = job_of(kernel)
        kernel.restart()
        assert "42" not in kernel.execute(cells.recall)[1], "a restart kept the variables"
        assert job_of(kernel) == job
        assert cluster.state(job) == "RUNNING"


WHERE = "import os; print(os.environ['SLURMD_NODENAME'], os.environ['CUDA_VISIBLE_DEVICES'])"
