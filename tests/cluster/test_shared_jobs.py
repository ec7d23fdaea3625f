"""Kernels that share one job: divided GPUs, one ends and another comes, and the job with the last."""

from __future__ import annotations

import json

import pytest
from command_line import kernelkit
from job_kernels import Kernels
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
