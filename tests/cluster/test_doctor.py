"""What `kernelkit doctor` says of a real Slurm and of kernels that run in its jobs."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import kernelkit
from job_kernels import Kernels
from serving import Server
from slurm import Cluster, wait_for

Checks = dict[str, dict[str, str]]


def checks(*words: str, code: int | None = None) -> Checks:
    """The checks by name, without those of the Jupyters: others of this user may run here."""
    done = kernelkit("doctor", "--json", *words)
    assert code is None or done.code == code, done.out
    return {each["name"]: each for each in done.json["checks"] if each["name"] != "Jupyter"}


def test_a_cluster_that_answers(cluster: Cluster) -> None:
    ended = cluster.submit(script="true")
    cluster.wait_for_state(ended, "COMPLETED")
    job = cluster.submit()
    found = checks()
    cluster.cancel(job)
    assert found["Slurm"]["verdict"] == "ok"
    assert found["controller"]["message"] == "It answers; your jobs in the queue: 1."
    assert found["encryption"]["verdict"] == "ok"
    assert found["left behind"]["verdict"] == "ok"


def test_a_slurm_that_cannot_be_asked(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # One that is not there at all: squeue would look for it in the DNS, for a minute.
    (tmp_path / "slurm.conf").write_text("nonsense\n")
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
    found = checks(code=1)
    assert found["controller"]["verdict"] == "failed"
    assert "squeue" in found["controller"]["message"]
    assert found["left behind"]["verdict"] == "skipped"


def test_a_run_root_that_others_can_read(cluster: Cluster, home: Path) -> None:
    root = home / ".local/share/kernelkit/runs"
    root.mkdir(parents=True)
    root.chmod(0o755)
    found = checks(code=1)["run directory"]
    assert found["message"] == f"`{root}` can be entered by others."
    assert f"chmod 700 {root}" in found["hint"]


def test_a_kernel_in_jobs(kernels: Kernels, server: Server) -> None:
    kernels.put("module", "fine", partition="cpu", time="10")
    found = checks("fine")
    assert "failed" not in {each["verdict"] for each in found.values()}
    assert found["request"]["message"].startswith("Slurm accepts it; a job would start")
    (shown,) = [
        each["message"]
        for each in kernelkit("doctor", "--json", "fine").json["checks"]
        if f"process id {server.process.pid}," in each["message"]
    ]
    assert shown.endswith("shows it.")
    assert found["last run"]["verdict"] == "skipped"
    kernel_id = server.start("fine")
    server.page(kernel_id).run("1")
    assert "has not ended" in checks("fine")["last run"]["message"]
    server.delete(kernel_id)
    wait_for("its end", lambda: "has not ended" not in checks("fine")["last run"]["message"])
    # It was asked to end, so nothing is to be done.
    assert checks("fine")["last run"]["verdict"] == "ok"


def test_a_request_that_can_never_run(kernels: Kernels) -> None:
    kernels.put("module", "greedy", partition="nowhere", time="10")
    found = checks("greedy", code=1)["request"]
    assert found["verdict"] == "failed"
    assert "`nowhere`" in found["message"]
    assert "partition" in found["hint"]
