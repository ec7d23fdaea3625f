"""A kernel's environment in batch jobs, and kernels that a program inside a job starts in others."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from command_line import kernelkit
from job_kernels import Kernels
from slurm import Cluster
from test_clients import CELL, printed, write_notebook


def ended(cluster: Cluster, job: str, log: Path) -> str:
    """The output of a job that must succeed."""
    state = cluster.wait_for_state(job, "COMPLETED", "FAILED", timeout=90)
    assert state == "COMPLETED", log.read_text(errors="replace")
    return log.read_text()


def test_a_script_in_the_environment_and_with_the_request_of_a_kernel(
    cluster: Cluster, tmp_path: Path
) -> None:
    made = kernelkit(
        *("create", "--python", sys.executable, "--set", "GREETING=hello world", "--no-test"),
        *("--as", "mine", "--on-slurm", "--partition", "gpu", "--gres", "gpu:2"),
    )
    assert made.code == 0, made.err
    name, script = "mine", tmp_path / "it's a script.py"
    script.write_text(
        "import os, sys\n"
        "print(*map(os.environ.get, ('SLURMD_NODENAME', 'CUDA_VISIBLE_DEVICES', 'GREETING')))\n"
        "print(sys.argv[1:])\n"
    )
    shown = kernelkit("batch", "--print", "--time", "5", name, str(script), "--epochs", "$(id)")
    assert "--gres=gpu:2" in shown.err and "--time=5" in shown.err
    assert "'$(id)'" in shown.out
    assert cluster.queue() == []

    log = tmp_path / "log"
    words = ("batch", "--json", "--output", str(log), name, str(script), "--epochs", "$(id)")
    job = kernelkit(*words).json["job"]
    assert ended(cluster, job, log) == "node1 0,1 hello world\n['--epochs', '$(id)']\n"


def test_papermill_in_a_batch_job(kernels: Kernels, cluster: Cluster, tmp_path: Path) -> None:
    """By the kernel's own papermill, in the job; and by one in a job, as under Open OnDemand,
    whose kernel is a job of its own."""
    own = kernels.put("own", partition="cpu")
    elsewhere = kernels.put("module", partition="gpu", gres="gpu:1")
    source = write_notebook(tmp_path / "in.ipynb", CELL, SEEN)
    jobs, logs = [], []
    for kernel in ("python3", elsewhere):
        target, log = tmp_path / f"{kernel}.ipynb", tmp_path / f"{kernel}.log"
        words = ("papermill", str(source), str(target), "--kernel", kernel, "-l", "python")
        poison = " ".join(f"export {name}={value};" for name, value in POISON.items())
        command = f"{poison} exec {sys.executable} -m {shlex.join(words)}"
        done = kernelkit(
            "batch", "--json", "--output", str(log), "--extra=--nodelist=node3", own, "bash", "-c",
            command,
        )  # fmt: skip
        assert done.code == 0, done.out
        jobs.append(done.json["job"])
        logs.append(log)
    for job, log in zip(jobs, logs, strict=True):
        ended(cluster, job, log)
    inside, seen = printed(tmp_path / "python3.ipynb")
    assert inside.split() == [jobs[0], "node3"]
    assert len(json.loads(seen)) == len(POISON)
    other, seen = printed(tmp_path / f"{elsewhere}.ipynb")
    assert other.split()[0] not in jobs
    assert other.split()[1] == "node1"
    assert json.loads(seen) == []


# What such a session has in its environment; SLURM_CPU_BIND alone makes a kernel three times slower.
POISON = {
    "SLURM_EXPORT_ENV": "NONE",
    "SLURM_GET_USER_ENV": "1",
    "SLURM_CPU_BIND": "quiet,mask_cpu:0x1",
    "SBATCH_PARTITION": "closed",
}
SEEN = f"import json, os; print(json.dumps(sorted(set({sorted(POISON)}) & set(os.environ))))"
