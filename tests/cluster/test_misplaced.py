"""Nodes that see, or are seen by, less than they should: disks that are not shared, networks that end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from job_kernels import Kernels
from jupyter_client.manager import KernelManager
from slurm import Cluster, wait_for

from kernelkit.errors import KernelFailed

# Says where it listens, where nobody does, as soon as `go` is there.
DEAF = """#!/bin/bash
: >{directory}/started
until [ -e {directory}/go ]; do sleep 0.05; done
sed -i 's/"\\(shell\\|control\\|stdin\\|iopub\\|hb\\)_port": *0/"\\1_port": 9/g' "$2"
exec sleep 600
"""


def deaf_kernel(kernels: Kernels, directory: Path) -> str:
    """The name of a kernel on node3 that nobody can speak to."""
    kernels.configure(start_timeout=2)
    name = kernels.put("module", extra=["--nodelist=node3"])
    (kernels.directory(name) / "launch.sh").write_text(DEAF.format(directory=directory))
    return name


def test_a_port_that_nobody_listens_on(kernels: Kernels, cluster: Cluster, tmp_path: Path) -> None:
    name = deaf_kernel(kernels, tmp_path)
    (tmp_path / "go").touch()
    with pytest.raises(
        KernelFailed, match=r"cannot be reached at `198\.18\.\d+\.13`, port 9: .*refused"
    ):
        KernelManager(kernel_name=name).start_kernel()


def test_a_network_that_ends_between_server_and_node(
    kernels: Kernels, fragile_cluster: Cluster, tmp_path: Path
) -> None:
    name = deaf_kernel(kernels, tmp_path)

    def cut() -> None:
        wait_for("the kernel", (tmp_path / "started").exists)
        fragile_cluster.do("cut", "node3")
        (tmp_path / "go").touch()

    thread = threading.Thread(target=cut)
    thread.start()
    with pytest.raises(KernelFailed) as failed:
        KernelManager(kernel_name=name).start_kernel()
    thread.join()
    assert "The kernel on `node3` runs, but cannot be reached at `198.18." in str(failed.value)
    assert "port 9: no answer" in str(failed.value)


def test_a_run_root_that_the_nodes_do_not_share(kernels: Kernels, cluster: Cluster) -> None:
    root = cluster.directory / "node-local" / kernels.home.name
    kernels.configure(run_root=str(root), queue_interval=0.1)
    name = kernels.put("module", partition="cpu")
    with pytest.raises(KernelFailed) as failed:
        KernelManager(kernel_name=name).start_kernel()
    assert f"`{root}`" in str(failed.value) and "share" in str(failed.value), failed.value
