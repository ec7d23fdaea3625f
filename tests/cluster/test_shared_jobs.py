"""Kernels that share one job: divided GPUs, one ends and another comes, and the job with the last."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from command_line import kernelkit
from gpus import NAME, put_nvidia_smi
from job_kernels import Kernels
from serving import Server
from slurm import Cluster, wait_for
from test_provisioner import WHERE, job_of, started

from kernelkit.errors import InvalidName, NotFound, UsageError


def test_a_job_waits_for_its_next_kernel_and_a_launch_joins_it(
    kernels: Kernels, cluster: Cluster
) -> None:
    request = {"partition": "gpu", "gres": "gpu:2"}
    name = kernels.put("module", config={"idle": 600, "gpus": "0"}, **request)
    other = kernels.put("module", "other", partition="full")
    with started(name) as one:
        job = job_of(one)
        assert one.run(WHERE) == "node1 0\n"
        with started(other, kernelkit_options={"in_job": job, "gpus": "1"}) as two:
            assert (job_of(two), two.run(WHERE)) == (job, "node1 1\n")
            one.run("x = 42")
            # What a launch asked for stands for the restarts of that kernel, too.
            two.restart()
            assert two.run(WHERE) == "node1 1\n"
            assert one.run("print(x)") == "42\n"

    assert cluster.state(job) == "RUNNING"
    found = kernelkit("jobs", "--json").json
    assert (found["jobs_idle"], found["jobs_without_run"], found["runs"]) == ([job], [], [])
    assert kernelkit("cancel", "--orphans", "--json").json == {"cancelled": [], "jobs": []}
    with started(other, kernelkit_options={"in_job": job, "gpus": "0,1"}) as three:
        assert (job_of(three), three.run(WHERE)) == (job, "node1 0,1\n")
    assert kernelkit("cancel", job, "--json").json == {"cancelled": [], "jobs": [job]}
    wait_for("the job to end", lambda: cluster.state(job) != "RUNNING")
    with (
        pytest.raises(NotFound, match="can take another kernel"),
        started(other, kernelkit_options={"in_job": job}),
    ):
        pass


@pytest.mark.parametrize(
    ("options", "error", "why"),
    [
        ({"wire": "plain"}, UsageError, "no option `wire`"),
        ({"resources": {"partitoin": "gpu"}}, UsageError, "partitoin"),
        ({"resources": {"time": "soon"}}, UsageError, "soon"),
        ({"resources": "gpu"}, UsageError, "resources"),
        ({"gpus": "all"}, InvalidName, "positions of GPUs"),
        ({"lease": 1}, UsageError, "lease"),
    ],
)
def test_a_launch_that_asks_for_what_there_is_not(
    options: dict[str, object], error: type[Exception], why: str, kernels: Kernels, cluster: Cluster
) -> None:
    name = kernels.put("module")
    with pytest.raises(error, match=why), started(name, kernelkit_options=options):
        pass
    assert kernels.runs == []


def test_an_install_says_how_jobs_are_shared(kernels: Kernels, cluster: Cluster) -> None:
    directory = kernels.shelf.install(
        "sharing", "install", "python/3.11", "--in-job", "7", "--use-gpus", "0,1", "--idle", "600"
    )
    metadata = json.loads((directory / "kernel.json").read_text())["metadata"]
    config = metadata["kernel_provisioner"]["config"]
    assert (config["in_job"], config["gpus"], config["idle"]) == ("7", "0,1", 600)
    assert kernelkit("install", "python/3.11", "--on-slurm", "--use-gpus", "a").code == 2


def test_each_kernel_is_told_what_its_own_gpus_do(
    kernels: Kernels, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = put_nvidia_smi(tmp_path / "bin")
    # A job has its server's PATH.
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    kernels.configure(gpu_use_interval=3)
    name = kernels.put("own", partition="gpu", gres="gpu:a100:2")
    other = kernels.put("own", "other", partition="cpu")
    first = cluster.submit("--partition=gpu", "--gres=gpu:a100:1")
    cluster.wait_for_state(first, "RUNNING")
    server = Server(kernels.home, cluster, tmp_path / "server")
    try:
        job_runs: dict[str, Any] = {}

        def ask() -> dict[str, Any]:
            status, found = server.call("GET", "/kernelkit/jobs")
            assert status == 200, found
            return {run["kernel"]: run for run in found["runs"]}

        def running(kernel: str) -> bool:
            job_runs.update(ask())
            return kernel in job_runs and job_runs[kernel]["state"] == "running"

        def launch(kernel: str, **body: Any) -> str:
            status, found = server.call("POST", f"/kernelkit/kernels/{kernel}/launch", body)
            assert status == 201, found
            wait_for(kernel, lambda: running(kernel))
            return str(found["kernel_id"])

        mine = launch(name)
        job = job_runs[name]["job"]
        part = launch(other, in_job=job, gpus="1")
        without = launch(kernels.put("own", "without", partition="cpu"))

        def seen() -> bool:
            job_runs.update(ask())
            return bool(job_runs[name]["gpu_use"] and job_runs[other]["gpu_use"])

        wait_for("what the GPUs do", seen)
        both, one = (job_runs[kernel]["gpu_use"] for kernel in (name, other))
        assert [(gpu["number"], gpu["busy"], gpu["memory_used"]) for gpu in both["gpus"]] == [
            (0, 77, 22016),
            (1, 64, 42496),
        ]
        assert [(gpu["number"], gpu["busy"], gpu["name"]) for gpu in one["gpus"]] == [(0, 64, NAME)]
        assert job_runs["without"]["gpu_use"] is None
        asked = (programs / "asked").read_text().split("\n")
        assert set(asked) == {f"node1 {job}", ""}

        found = {run["kernel"]: run["gpu_use"] for run in kernelkit("jobs", "--json").json["runs"]}
        assert [gpu["busy"] for gpu in found[name]["gpus"]] == [77, 64]
        assert f"{NAME} 0: 77% 21.5/80.0G, 1: 64% 41.5/80.0G (" in kernelkit("jobs").out
        for kernel_id in (part, mine, without):
            server.delete(kernel_id)
    finally:
        server.stop()
        cluster.cancel(first)
