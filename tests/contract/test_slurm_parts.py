"""The real Slurm behaves as its scripts say: a test that builds on it may rely on it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from real import Parts
from slurm import Cluster, wait_for

Need = Callable[..., None]

MPI_PROGRAM = """\
import sys
from mpi4py import MPI
world = MPI.COMM_WORLD
found = world.gather((world.rank, MPI.Get_processor_name(), sys.prefix))
if world.rank == 0:
    print(world.size)
    for rank, host, prefix in found:
        print(rank, host, prefix)
"""


def output_of(cluster: Cluster, job: str, path: Path) -> str:
    cluster.wait_for_state(job, "COMPLETED")
    return path.read_text()


@pytest.mark.parametrize("node", ["node1", "node2", "node3"])
def test_a_batch_job_runs_on_each_node(cluster: Cluster, tmp_path: Path, node: str) -> None:
    out = tmp_path / "out"
    script = 'id -u; hostname; echo "$SLURMD_NODENAME"; getent hosts node1 node2 node3 "$HOST"'
    host = os.uname().nodename
    job = cluster.submit(f"--nodelist={node}", f"--output={out}", script=f"HOST={host}\n{script}")
    uid, hostname, name, *hosts = output_of(cluster, job, out).splitlines()
    assert (int(uid), hostname, name) == (os.getuid(), node, node)
    # Nobody's name leads to loopback, as it would to the wrong host.
    assert len({line.split()[0] for line in hosts}) == 4
    assert not any(line.startswith("127.") for line in hosts)


@pytest.mark.parametrize("client", ["node2", "here"])
def test_a_node_is_reached_by_its_name(cluster: Cluster, tmp_path: Path, client: str) -> None:
    out = tmp_path / "out"
    server = (
        "import socket\n"
        'server = socket.create_server(("node1", 0))\n'
        "print(server.getsockname()[1], flush=True)\n"
        "print(server.accept()[0].recv(10).decode())"
    )
    job = cluster.submit("--nodelist=node1", f"--output={out}", script=f"python3 -c '{server}'")
    wait_for("the port", lambda: out.exists() and out.read_text().endswith("\n"))
    port = out.read_text().strip()
    greet = ("bash", "-c", f"echo -n hello >/dev/tcp/node1/{port}")
    cluster.run(*(greet if client == "here" else ("srun", f"--nodelist={client}", *greet)))
    assert output_of(cluster, job, out).split() == [port, "hello"]


def test_a_job_sees_the_gpus_that_slurm_gave_it(cluster: Cluster) -> None:
    def seen(*options: str) -> str:
        show = ("bash", "-c", "echo ${CUDA_VISIBLE_DEVICES-none}")
        return cluster.run("srun", *options, *show).stdout.strip()

    first = cluster.submit("--partition=gpu", "--gres=gpu:a100:2")
    cluster.wait_for_state(first, "RUNNING")
    assert cluster.show(first)["GRES"] == "gpu:a100:2(IDX:0-1)"
    assert seen("--partition=gpu", "--gres=gpu:a100:1") == "2"
    assert seen("--partition=gpu", "--gres=gpu:v100:2") == "0,1"
    assert seen("--nodelist=node1") == "none"
    cluster.cancel(first)


def test_gpus_and_features_are_told(cluster: Cluster) -> None:
    text = cluster.run("sinfo", "--noheader", "--Node", "--partition=cpu", "--format=%N|%G|%f")
    assert text.stdout.split() == [
        "node1|gpu:a100:4|a100,nvlink",
        "node2|gpu:v100:2|v100,infiniband",
        "node3|(null)|cpu",
    ]
    partitions = cluster.run("sinfo", "--noheader", "--format=%R").stdout.split()
    assert partitions == ["cpu", "gpu", "short", "full", "scavenger", "closed"]


def test_pending_jobs_tell_why(cluster: Cluster) -> None:
    with cluster.filled() as first:
        waiting = [cluster.submit("--partition=full"), cluster.submit("--partition=full")]
        closed = cluster.submit("--partition=closed")

        def reasons() -> dict[str, str]:
            return {job: reason for job, _, state, reason in cluster.queue() if state == "PENDING"}

        expected = {waiting[0]: "Resources", waiting[1]: "Priority", closed: "PartitionDown"}
        wait_for("the reasons", lambda: reasons() == expected)
        # An estimate of the start is the scheduler's, which makes its round every other second.
        wait_for("an estimate", lambda: cluster.show(waiting[0])["StartTime"] != "Unknown")
        assert first not in reasons()
        cluster.cancel(*waiting, closed)
    for job in (*waiting, closed):
        assert cluster.state(job) == "CANCELLED"


def test_a_full_gpu_partition(cluster: Cluster) -> None:
    with cluster.filled("--partition=gpu", "--gres=gpu:a100:4"):
        job = cluster.submit("--partition=gpu", "--gres=gpu:a100:1")
        wait_for("the reason", lambda: cluster.show(job)["Reason"] == "Resources")
        cluster.cancel(job)


def test_scancel_ends_a_job_that_ignores_it(cluster: Cluster, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    job = cluster.submit(script=f"trap '' TERM\ntouch {ready}\nwhile :; do sleep 600; done")
    wait_for("the trap", ready.exists)
    cluster.cancel(job)
    wait_for("the job's end", lambda: not cluster.queue())
    assert cluster.state(job) == "CANCELLED"


def test_without_accounting_sacct_says_so(cluster: Cluster) -> None:
    done = cluster.run("sacct", check=False)
    assert (done.returncode, done.stderr.strip()) == (1, "Slurm accounting storage is disabled")


def test_accounts_and_qos(accounting: Cluster) -> None:
    def refused(*options: str) -> str:
        done = accounting.run("sbatch", *options, "--wrap=true", check=False)
        assert done.returncode == 1
        return done.stderr

    found = accounting.run(
        "sacctmgr", "-nP", "show", "assoc", f"user={os.environ['USER']}", "format=account,qos"
    )
    assert sorted(found.stdout.split()) == ["chemistry|normal", "physics|express,normal,onegpu"]
    assert "Invalid account" in refused("--account=geology")
    assert "Invalid qos" in refused("--account=chemistry", "--qos=express")
    assert "QOSMaxGRESPerUser" in refused("--qos=onegpu", "--gres=gpu:2")
    assert "QOSMaxWallDurationPerJobLimit" in refused("--qos=express", "--time=02:00:00")
    job = accounting.submit(script="exit 3")
    accounting.wait_for_state(job, "FAILED")

    def told() -> str:
        argv = ("sacct", "-nPX", "-j", job, "-o", "state,exitcode,account")
        return accounting.run(*argv).stdout.strip()

    wait_for("sacct to know", lambda: told() == "FAILED|3:0|physics")


def test_private_data_hides_others_jobs_and_the_nodes(fragile_cluster: Cluster) -> None:
    fragile_cluster.do("variant-on", "private")
    assert fragile_cluster.run("sinfo", "--noheader", "--Node", check=False).stdout == ""


def test_a_lost_node_fails_its_job(fragile_cluster: Cluster, tmp_path: Path) -> None:
    out = tmp_path / "out"
    job = fragile_cluster.submit("--nodelist=node2", "--no-requeue", f"--output={out}")
    other = fragile_cluster.submit("--nodelist=node1", "--no-requeue")
    fragile_cluster.wait_for_state(job, "RUNNING")
    fragile_cluster.wait_for_state(other, "RUNNING")
    fragile_cluster.do("crash", "node2")
    fragile_cluster.do("node-down", "node1")
    for lost in (job, other):
        fragile_cluster.wait_for_state(lost, "NODE_FAIL")
    fragile_cluster.do("node-up", "node2")
    assert fragile_cluster.run("srun", "--nodelist=node2", "hostname").stdout.strip() == "node2"


def test_a_job_outlives_slurmd(fragile_cluster: Cluster, tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = f"until [ -e {go} ]; do sleep 0.1; done"
    job = fragile_cluster.submit("--nodelist=node3", script=script)
    fragile_cluster.wait_for_state(job, "RUNNING")
    fragile_cluster.do("kill-slurmd", "node3")
    assert fragile_cluster.state(job) == "RUNNING"
    fragile_cluster.do("node-up", "node3")
    go.touch()
    fragile_cluster.wait_for_state(job, "COMPLETED")


def test_jobs_outlive_the_controller(fragile_cluster: Cluster) -> None:
    running = fragile_cluster.submit("--nodelist=node3")
    fragile_cluster.wait_for_state(running, "RUNNING")
    pending = fragile_cluster.submit("--partition=closed")
    fragile_cluster.do("restart-ctld")
    assert fragile_cluster.state(running) == "RUNNING"
    assert fragile_cluster.state(pending) == "PENDING"
    fragile_cluster.do("kill-ctld")
    refused = fragile_cluster.run("squeue", "--me", check=False)
    assert refused.returncode == 1
    assert "Unable to contact slurm controller" in refused.stderr
    fragile_cluster.do("start-ctld")
    assert {job for job, *_ in fragile_cluster.queue()} == {running, pending}
    fragile_cluster.cancel(running, pending)


def test_a_higher_partition_preempts(cluster: Cluster) -> None:
    victim = cluster.submit("--partition=scavenger", "--nodelist=node2", "--exclusive")
    cluster.wait_for_state(victim, "RUNNING")
    job = cluster.submit("--partition=cpu", "--nodelist=node2", script="true")
    cluster.wait_for_state(job, "COMPLETED")
    assert cluster.state(victim) == "PREEMPTED"


def test_the_time_limit(cluster: Cluster) -> None:
    job = cluster.submit("--nodelist=node3")
    cluster.wait_for_state(job, "RUNNING")
    cluster.do("time-left", job, "1")
    # The controller looks at limits every 30 s.
    cluster.wait_for_state(job, "TIMEOUT", timeout=120)


def test_a_reservation(fragile_cluster: Cluster) -> None:
    fragile_cluster.do("reserve", "node3")
    done = fragile_cluster.run("srun", "--reservation=course", "hostname")
    assert done.stdout.strip() == "node3"


def test_a_nodes_own_disk(cluster: Cluster) -> None:
    mine = cluster.node_local / "mine"
    cluster.run("srun", "--nodelist=node1", "touch", mine)
    try:
        assert cluster.run("srun", "--nodelist=node1", "test", "-e", mine).returncode == 0
        assert cluster.run("srun", "--nodelist=node2", "test", "-e", mine, check=False).returncode
        assert not mine.exists()
    finally:
        cluster.run("srun", "--nodelist=node1", "rm", mine)


def test_the_administrator_takes_only_known_verbs(cluster: Cluster) -> None:
    for request in (["sh", "-c", "id"], ["node-down", "node1 state=idle"], ["variant-on", "../x"]):
        with pytest.raises(AssertionError, match="there is no"):
            cluster.do(*request)


@pytest.mark.parametrize(
    ("modules", "mpi"),
    [
        ("gcc/12.2 openmpi/4.1 python-mpi/3.11 mpi4py/3.1", "pmix"),
        ("mpich-mpi4py/4.1", "pmi2"),
    ],
)
def test_srun_starts_mpi_over_two_nodes(
    cluster: Cluster, parts: Parts, need: Need, tmp_path: Path, modules: str, mpi: str
) -> None:
    need("lmod", "modules", "mpi")
    program = tmp_path / "ranks.py"
    program.write_text(MPI_PROGRAM)
    out = tmp_path / "out"
    script = (
        f"source {parts.lmod_init}\nexport MODULEPATH={parts.lmod_tree}\nmodule load {modules}\n"
        f'echo "${{SLURM_MPI_TYPE:-pmi2}}"\nsrun -n 4 python {program}'
    )
    job = cluster.submit(
        "--nodes=2", "--ntasks=4", "--ntasks-per-node=2", f"--output={out}", script=script
    )
    kind, size, *ranks = output_of(cluster, job, out).splitlines()
    prefix = parts.software / "python-3.11"
    assert (kind, size) == (mpi, "4")
    hosts = ("node1", "node1", "node2", "node2")
    assert ranks == [f"{rank} {host} {prefix}" for rank, host in enumerate(hosts)]


def test_one_node_of_an_ordinary_user(one_node_cluster: Cluster, tmp_path: Path) -> None:
    (host,) = one_node_cluster.nodes
    out = tmp_path / "out"
    script = 'echo "$SLURMD_NODENAME $CUDA_VISIBLE_DEVICES"'
    job = one_node_cluster.submit("--gres=gpu:demo:2", f"--output={out}", script=script)
    assert output_of(one_node_cluster, job, out) == f"{host} 0,1\n"
    with one_node_cluster.filled():
        waiting = one_node_cluster.submit("--partition=full")
        wait_for("the reason", lambda: one_node_cluster.show(waiting)["Reason"] == "Resources")
        assert re.match(r"\d{4}-", one_node_cluster.show(waiting)["SubmitTime"])
        one_node_cluster.cancel(waiting)


def test_what_is_left_behind_is_found(cluster: Cluster, tmp_path: Path) -> None:
    done = tmp_path / "pid"
    # proctrack/linuxproc follows parents, so that a daemon is none of the job's.
    script = f"(setsid sleep 600 & echo $! >{done})"
    job = cluster.submit("--nodelist=node3", script=script)
    cluster.wait_for_state(job, "COMPLETED")
    (found,) = [line for line in cluster.left_over(patience=1) if "sleep 600" in line]
    assert found.split()[0] == "node3"
    os.kill(int(found.split()[1]), 9)
