"""Slurm's commands on a real cluster: submitted, refused, found, signalled, ended."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from slurm import Cluster, wait_for

import kernelkit
from kernelkit.errors import SlurmUnavailable, SubmitRejected
from kernelkit.model import Resources
from kernelkit.slurm import client
from kernelkit.slurm.client import QueueAnswer, Slurm

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def submit(
    slurm: Slurm,
    directory: Path,
    script: str = "sleep 600",
    *,
    name: str = "kernelkit-0123456789ab",
    resources: Resources | None = None,
    **passed: str,
) -> str:
    return run(
        slurm.submit(
            resources or Resources(),
            f"#!/bin/bash\n{script}\n",
            job_name=name,
            log=str(directory / "log"),
            directory=str(directory),
            passed=passed,
        )
    )


def ended(cluster: Cluster, job: str) -> str:
    return cluster.wait_for_state(job, "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT")


# --- submitted -------------------------------------------------------------------------------------


def test_a_job_runs_our_script_where_we_say(cluster: Cluster, home: Path) -> None:
    # A pattern of sbatch, and what a shell would do something with.
    directory = home / "100%j $(id) 'x'"
    directory.mkdir()
    (directory / "log").write_text("before\n")
    resources = Resources(partition="gpu", gres="gpu:v100:1", time="5", mem="100M", cpus=2)
    script = 'pwd; echo "$SLURM_CPUS_PER_TASK $CUDA_VISIBLE_DEVICES $SLURMD_NODENAME"'
    job = submit(Slurm(), directory, script, resources=resources)
    assert ended(cluster, job) == "COMPLETED"
    assert (directory / "log").read_text() == f"before\n{directory}\n2 0 node2\n"
    shown = cluster.show(job)
    assert (shown["Requeue"], shown["NumNodes"], shown["TimeLimit"]) == ("0", "1", "00:05:00")


def test_two_nodes(cluster: Cluster, home: Path) -> None:
    job = submit(
        Slurm(), home, "srun hostname", resources=Resources(nodes=2, ntasks=4, partition="gpu")
    )
    assert ended(cluster, job) == "COMPLETED"
    assert set((home / "log").read_text().split()) == {"node1", "node2"}


def test_a_variable_that_is_passed_on_arrives_as_it_is(cluster: Cluster, home: Path) -> None:
    value = "a,b='$(id)' \"x\" é\nsecond line"
    job = submit(Slurm(), home, 'printf %s "$GIVEN"', GIVEN=value)
    ended(cluster, job)
    assert (home / "log").read_text() == value


# --- refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resources", "field", "sentence"),
    [
        (Resources(partition="nosuch"), "partition", "nosuch"),
        (Resources(partition="staff"), "partition", "group not permitted"),
        (Resources(gres="gpu:h100:1"), "gres", "node configuration"),
        (Resources(gres="gpu:9"), "gres", "node configuration"),
        (Resources(gres="nosuch:1"), "gres", "generic resource"),
        (Resources(mem_per_gpu="1G"), "gres", "did not request any GPU"),
        (Resources(mem="900G"), "mem", "Memory specification"),
        (Resources(mem_per_cpu="900G"), "mem_per_cpu", "Memory specification"),
        (Resources(constraint="nosuch"), "constraint", "feature"),
        (Resources(constraint="a100&v100"), "constraint", "node configuration"),
        (Resources(reservation="nosuch"), "reservation", "reservation"),
        (Resources(extra=("--licenses=nosuch",)), "", "license"),
    ],
)
def test_a_refusal_names_the_field(
    cluster: Cluster, home: Path, resources: Resources, field: str, sentence: str
) -> None:
    if resources.partition == "staff" and cluster.version >= "24":
        pytest.skip("a newer Slurm lets such a job wait; the inventory finds it before")
    with pytest.raises(SubmitRejected) as caught:
        submit(Slurm(), home, resources=resources)
    assert caught.value.field == field
    assert sentence in caught.value.message
    assert cluster.queue() == []


@pytest.mark.parametrize(
    ("resources", "field"),
    [
        (Resources(partition="nosuch"), "partition"),
        (Resources(gres="gpu:9"), "gres"),
        (Resources(mem="900G"), "mem"),
        (Resources(nodes=9), "nodes"),
        (Resources(cpus=99), "cpus"),
        (Resources(ntasks=99), "ntasks"),
        (Resources(reservation="nosuch"), "reservation"),
    ],
)
def test_a_request_is_checked_without_a_job(
    cluster: Cluster, resources: Resources, field: str
) -> None:
    with pytest.raises(SubmitRejected) as caught:
        run(Slurm().test(resources))
    assert caught.value.field == field
    assert cluster.queue() == []


def test_an_estimate_is_a_moment(cluster: Cluster) -> None:
    now = int(cluster.run("date", "+%s").stdout)
    at_once = run(Slurm().test(Resources(partition="cpu")))
    assert at_once is not None
    assert now - 60 <= at_once <= now + 600
    with cluster.filled("--partition=gpu", "--nodes=2", "--exclusive", "--time=60"):
        later = run(Slurm().test(Resources(partition="gpu", gres="gpu:1")))
    assert later is not None
    assert later >= now + 3000


def test_accounts_and_limits_name_their_field(accounting: Cluster, home: Path) -> None:
    def refused(**request: Any) -> str:
        with pytest.raises(SubmitRejected) as caught:
            submit(Slurm(), home, resources=Resources(**request))
        return caught.value.field

    assert refused(account="nosuch") == "account"
    assert refused(account="geology") == "account"
    assert refused(qos="nosuch") == "qos"
    assert refused(account="chemistry", qos="express") == "qos"
    assert refused(qos="express", time="2:00:00") == "time"
    assert refused(qos="onegpu", gres="gpu:2") == "gres"
    assert accounting.queue() == []


# --- found, signalled, ended -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a|b", "a\nb\n", "\x1f", "é\udcff", "x" * 300, " "])
def test_the_queue_is_read_whatever_jobs_are_called(cluster: Cluster, name: str) -> None:
    job = cluster.submit(f"--job-name={name}", "--hold")
    answer = run(Slurm().queue())
    cluster.cancel()
    assert (answer.complete, answer.error) == (True, "")
    assert answer.jobs[job].phase == "pending"


def test_a_job_in_a_partition_that_is_not_listed_is_seen(cluster: Cluster, home: Path) -> None:
    job = submit(Slurm(), home, resources=Resources(partition="unlisted"))
    assert job not in cluster.run("squeue", "--me", "--noheader", "--format=%i").stdout
    assert run(Slurm().queue()).jobs[job].partition == "unlisted"
    cluster.cancel(job)


def test_a_job_is_found_by_its_name(cluster: Cluster, home: Path) -> None:
    slurm, name = Slurm(), f"kernelkit-{uuid4().hex[:12]}"
    job = submit(slurm, home, name=name, resources=Resources(extra=("--hold",)))
    assert run(slurm.find_by_name(name)) == job
    assert run(slurm.find_by_name(name[:-1])) is None
    run(slurm.cancel([job]))


def test_what_the_queue_says_of_a_job(cluster: Cluster, home: Path) -> None:
    slurm = Slurm()
    resources = Resources(partition="gpu", gres="gpu:a100:2", time="30")
    job = submit(slurm, home, resources=resources)
    cluster.wait_for_state(job, "RUNNING")
    found = run(slurm.queue()).jobs[job]
    assert (found.phase, found.partition, found.nodes) == ("running", "gpu", "node1")
    assert found.time_limit == 1800
    assert found.start is not None
    assert found.end == found.start + 1800
    assert "a100:2" in found.gres
    run(slurm.cancel([job]))
    ended(cluster, job)
    # --states=all still shows it until MinJobAge.
    assert run(slurm.queue()).jobs[job].state == "CANCELLED"


def test_cancelled_twice_and_after_its_end(cluster: Cluster, home: Path) -> None:
    slurm = Slurm()
    pending = submit(slurm, home, resources=Resources(extra=("--hold",)))
    running = submit(slurm, home)
    cluster.wait_for_state(running, "RUNNING")
    for _ in range(2):
        run(slurm.cancel([pending, running, "999999"]))
    ended(cluster, running)
    run(slurm.cancel([pending, running]))
    run(slurm.cancel([]))


def test_a_signal_reaches_the_batch_script_alone(cluster: Cluster, home: Path) -> None:
    slurm = Slurm()
    script = "trap 'echo looked' USR1; sleep 600 & echo ready; while :; do wait -n || :; done"
    job = submit(slurm, home, script)
    log = home / "log"
    wait_for("the script", lambda: log.exists() and "ready" in log.read_text())
    run(slurm.signal(job, "USR1"))
    wait_for("the signal", lambda: "looked" in log.read_text())
    assert cluster.state(job) == "RUNNING"
    run(slurm.cancel([job]))
    ended(cluster, job)
    run(slurm.signal(job, "USR1"))


# --- inside another job --------------------------------------------------------------------------------

ON_DEMAND = {
    "SLURM_EXPORT_ENV": "NONE", "SLURM_GET_USER_ENV": "1", "SBATCH_EXPORT": "NONE",
    "SLURM_CPU_BIND": "quiet,mask_cpu:0x1", "SBATCH_PARTITION": "closed", "SQUEUE_FORMAT": "%A",
    "SBATCH_REQUEUE": "1", "PMI_RANK": "7", "OMPI_COMM_WORLD_RANK": "7",
}  # fmt: skip


def test_a_server_inside_a_job_submits_clean_jobs(cluster: Cluster, home: Path) -> None:
    """As under Open OnDemand; a plain sbatch from the same place shows that it matters."""
    inner = home / "inner.py"
    inner.write_text(
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from kernelkit.slurm.client import Slurm\n"
        "from kernelkit.model import Resources\n"
        "here = Path(sys.argv[1])\n"
        "print(asyncio.run(Slurm().submit(Resources(partition='cpu', mem='64M'),\n"
        "    '#!/bin/bash\\nenv -0\\n', job_name='kernelkit-1', log=str(here / 'inner.log'),\n"
        "    directory=str(here))))\n"
    )
    lines = [f"export {name}='{value}'" for name, value in ON_DEMAND.items()]
    lines += [f"export PYTHONPATH='{Path(kernelkit.__file__).parents[1]}'"]
    lines += [f"'{sys.executable}' '{inner}' '{home}' >'{home}/id' 2>'{home}/err'"]
    lines += [f"echo '#!/bin/bash\nenv -0' | sbatch --partition=cpu --output='{home}/plain.log'"]
    outer = cluster.submit(
        "--partition=gpu", "--gres=gpu:2", f"--output={home}/outer.log", script="\n".join(lines)
    )
    assert ended(cluster, outer) == "COMPLETED", (home / "err").read_text()
    wait_for("both jobs", lambda: cluster.queue() == [])

    def variables(name: str) -> dict[str, str]:
        text = (home / name).read_text()
        return dict(part.split("=", 1) for part in text.split("\0") if "=" in part)

    ours, plain = variables("inner.log"), variables("plain.log")
    assert ours["SLURM_JOB_ID"] == (home / "id").read_text().strip() != outer
    assert ours["HOME"] == os.environ["HOME"]
    left = {name for name in ON_DEMAND if name in ours and ours[name] == ON_DEMAND[name]}
    assert left == set()
    assert "CUDA_VISIBLE_DEVICES" not in ours
    assert ours.get("SLURM_MEM_PER_NODE") == "64"
    # SBATCH_EXPORT=NONE alone makes a plain job lose the user's variables, and keeps the poison.
    assert "PYTHONPATH" not in plain
    assert plain.get("SLURM_GET_USER_ENV") == "1"


# --- a controller in trouble ---------------------------------------------------------------------------


def test_a_stopped_controller_is_not_a_refusal(fragile_cluster: Cluster, home: Path) -> None:
    slurm = Slurm()
    running = submit(slurm, home)
    pending = submit(slurm, home, resources=Resources(extra=("--hold",)), name="kernelkit-2")
    fragile_cluster.wait_for_state(running, "RUNNING")
    fragile_cluster.do("stop-ctld")

    async def ask_everything() -> tuple[object, ...]:
        # All at once: each of Slurm's commands tries for a quarter of a minute.
        return await asyncio.gather(
            slurm.queue(),
            slurm.submit(
                Resources(), "#!/bin/bash\n", job_name="kernelkit-3", log="/dev/null", directory="/"
            ),
            slurm.cancel([running]),
            slurm.test(Resources()),
            return_exceptions=True,
        )

    answer, *others = run(ask_everything())
    assert isinstance(answer, QueueAnswer)
    assert (dict(answer.jobs), answer.complete) == ({}, False)
    assert "contact" in answer.error
    assert [type(other) for other in others] == [SlurmUnavailable] * 3
    fragile_cluster.do("start-ctld")
    answer = run(slurm.queue())
    assert answer.complete
    living = {job.id for job in answer.jobs.values() if job.phase != "ended"}
    assert living == {running, pending}
    run(slurm.cancel([running, pending]))


def test_a_submission_whose_answer_got_lost_is_found(
    fragile_cluster: Cluster, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A controller that hangs has the request on its socket, and takes the job when it wakes."""
    monkeypatch.setattr(client, "SUBMIT_TIMEOUT", 2.0)
    monkeypatch.setattr(client, "QUERY_TIMEOUT", 2.0)
    slurm = Slurm()
    fragile_cluster.do("pause-ctld")
    name = f"kernelkit-{uuid4().hex[:12]}"
    with pytest.raises(SlurmUnavailable) as caught:
        submit(slurm, home, name=name)
    assert "not known" in caught.value.message
    fragile_cluster.do("continue-ctld")

    def found() -> bool:
        try:
            return run(slurm.find_by_name(name)) is not None
        except SlurmUnavailable:
            return False

    wait_for("the lost job", found)
    assert len([row for row in fragile_cluster.queue() if row[1] == name]) == 1
    fragile_cluster.cancel()
