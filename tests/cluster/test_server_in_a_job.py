"""A server that is itself a job, as a session of Open OnDemand, and its kernel on another node."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path

from job_kernels import Kernels
from serving import TOKEN, Api
from slurm import Cluster, wait_for

SESSION = {
    "JUPYTER_TOKEN": TOKEN,
    "SBATCH_EXPORT": "NONE",
    "SBATCH_PARTITION": "closed",
    "SBATCH_REQUEUE": "1",
    "SQUEUE_FORMAT": "%A",
    "OF_THE_SESSION": "1",
}
# srun says so where a site binds tasks to CPUs; the nodes of the tests do not.
BINDING = "SLURM_CPU_BIND=quiet,mask_cpu:0x1 SLURM_CPU_BIND_TYPE=mask_cpu:"
REQUEST = {"partition": "gpu", "gres": "gpu:2", "cpus": 3, "nodes": 1}
CLEAN = (
    "--partition=gpu", "--gres=gpu:2", "--cpus-per-task=3", "--nodes=1", "--ntasks=1",
    "--open-mode=append",
)  # fmt: skip

# What says which job it is, not what the job may use.
OF_EACH_JOB = {
    "SLURM_JOBID", "SLURM_JOB_ID", "SLURM_JOB_NAME", "SLURM_SUBMIT_DIR", "SLURM_SUBMIT_HOST",
    "SLURM_TASK_PID", "SLURM_JOB_START_TIME", "SLURM_JOB_END_TIME",
}  # fmt: skip


class Session(Api):
    """A server in a job step on node3: sbatch itself sets SLURM_EXPORT_ENV and
    SLURM_GET_USER_ENV there, srun what is told to a step and to MPI."""

    host = "node3"

    def __init__(self, home: Path, cluster: Cluster, directory: Path) -> None:
        places = {name: value for name, value in os.environ.items() if name.startswith("JUPYTER_")}
        exported = {"HOME": str(home), "PATH": os.environ["PATH"], **places, **SESSION}
        self._variables, log = directory / "variables", directory / "log"
        server = [
            sys.executable, "-m", "jupyter_server", "--no-browser", "--ServerApp.port=0",
            f"--ServerApp.ip={self.host}", f"--ServerApp.root_dir={home}",
        ]  # fmt: skip
        step = f'export {BINDING}; env -0 >{shlex.quote(str(self._variables))}; exec "$@"'
        script = "".join(f"export {name}={shlex.quote(v)}\n" for name, v in exported.items())
        script += "exec srun --export=ALL " + shlex.join(["bash", "-c", step, "_", *server])
        self.job = cluster.submit(
            "--export=NONE", "--partition=cpu", f"--nodelist={self.host}", "--cpus-per-task=2",
            f"--output={log}", script=script,
        )  # fmt: skip
        runtime = Path(os.environ["JUPYTER_RUNTIME_DIR"])

        def file() -> Path | None:
            assert cluster.state(self.job) in ("PENDING", "RUNNING"), log.read_text()
            return next(
                (path for path in runtime.glob("jpserver-*.json") if path.stat().st_size), None
            )

        wait_for("the server's file", file)
        found = file()
        assert found
        self.port = json.loads(found.read_text())["port"]
        wait_for("the server to answer", self.answers)

    @property
    def variables(self) -> dict[str, str]:
        return parse(self._variables.read_text())


def parse(text: str) -> dict[str, str]:
    """What `env -0` wrote."""
    return dict(part.split("=", 1) for part in text.split("\0") if "=" in part)


def of_slurm(variables: dict[str, str]) -> dict[str, str]:
    """What says what a job may use, and how; by name."""
    prefixes = ("SLURM", "SBATCH", "SRUN", "SQUEUE", "PMI", "CUDA", "GPU_", "ROCR")
    return {
        name: value
        for name, value in variables.items()
        if name.startswith(prefixes) and name not in OF_EACH_JOB
    }


def test_its_kernel_has_what_a_job_from_a_login_has_and_ends_with_it(
    kernels: Kernels, cluster: Cluster, tmp_path: Path
) -> None:
    plain = tmp_path / "plain"
    job = cluster.submit(*CLEAN, f"--output={plain}", script="env -0")
    cluster.wait_for_state(job, "COMPLETED")
    expected = of_slurm(parse(plain.read_text()))
    assert expected["CUDA_VISIBLE_DEVICES"] == "0,1" and expected["SLURM_CPUS_ON_NODE"] == "3"

    session = Session(kernels.home, cluster, tmp_path)
    try:
        outer = session.variables
        assert outer["SLURM_EXPORT_ENV"] and outer["SLURM_GET_USER_ENV"] == "1", sorted(outer)
        assert {"SLURM_CPU_BIND", "SLURM_STEP_ID", "PMI_RANK"} <= outer.keys()
        page = session.page(session.start(kernels.put("module", **REQUEST)))
        found = json.loads(page.run("import json, os; print(json.dumps(dict(os.environ)))"))
        assert of_slurm(found) == expected
        assert found["SLURM_JOB_ID"] != outer["SLURM_JOB_ID"] == session.job
        assert (found["SLURMD_NODENAME"], found["SLURM_SUBMIT_HOST"]) == ("node1", "node3")
        assert "OF_THE_SESSION" not in found and "JUPYTER_TOKEN" not in found
    finally:
        cluster.cancel(session.job)
    # Its lease is a quarter of an hour; the server's end is told sooner than that.
    wait_for("the kernel's job to end", lambda: cluster.queue() == [])
    assert cluster.state(found["SLURM_JOB_ID"]) in ("CANCELLED", "COMPLETED")
