"""What a real cluster offers its user: with accounting and without, hidden and half down."""

from __future__ import annotations

import asyncio

import pytest
from slurm import Cluster

from kernelkit.model import Resources
from kernelkit.slurm.client import Slurm
from kernelkit.slurm.inventory import load_inventory
from kernelkit.slurm.offers import GpuCount, Inventory, Partition
from kernelkit.slurm.requests import Check, check_request


def load() -> Inventory:
    return asyncio.run(load_inventory(Slurm()))


def partition(name: str, inventory: Inventory | None = None) -> Partition:
    found = (inventory or load()).partition(name)
    assert found is not None
    return found


def check(**request: object) -> Check:
    async def main() -> Check:
        slurm = Slurm()
        return await check_request(slurm, Resources(**request), await load_inventory(slurm))  # type: ignore[arg-type]

    return asyncio.run(main())


def test_partitions_this_user_may_use(cluster: Cluster) -> None:
    found = load()
    names = [partition.name for partition in found.partitions]
    assert names == ["cpu", "gpu", "short", "full", "scavenger", "closed"]
    assert "staff" in cluster.run("sinfo", "--all", "--noheader", "--format=%R").stdout
    assert found.default_partition is not None
    assert found.default_partition.name == "cpu"
    gpu, short = partition("gpu", found), partition("short", found)
    assert (gpu.max_time, gpu.default_time, gpu.max_nodes) == (86400, 3600, None)
    assert (short.max_time, short.default_time) == (600, 300)
    assert (gpu.nodes, gpu.node_cpus, gpu.node_memory) == ({"idle": 2}, 8, 16000)
    assert gpu.gpus == (
        GpuCount(kind="a100", total=4, free=4, per_node=4),
        GpuCount(kind="v100", total=2, free=2, per_node=2),
    )
    assert set(gpu.features) == {"a100", "nvlink", "v100", "infiniband"}
    assert (partition("closed", found).state, partition("full", found).max_cpus_per_node) == (
        "DOWN",
        1,
    )
    assert found.version == cluster.version


def test_what_is_taken_is_not_free(cluster: Cluster) -> None:
    job = cluster.submit("--partition=gpu", "--gres=gpu:a100:3", "--cpus-per-task=2")
    cluster.wait_for_state(job, "RUNNING")
    gpu = partition("gpu")
    assert [(g.kind, g.total, g.free) for g in gpu.gpus] == [("a100", 4, 1), ("v100", 2, 2)]
    assert (gpu.nodes, gpu.cpus_idle) == ({"mixed": 1, "idle": 1}, 14)
    cluster.cancel()


def test_nodes_that_are_drained_or_down(fragile_cluster: Cluster) -> None:
    fragile_cluster.do("drain", "node1")
    fragile_cluster.do("node-down", "node3")
    found = load()
    assert {node.name: node.state for node in found.nodes} == {
        "node1": "drain",
        "node2": "idle",
        "node3": "down",
    }
    assert next(node for node in found.nodes if node.name == "node1").reason == "a test"
    assert {g.kind: (g.total, g.free) for g in partition("gpu", found).gpus} == {
        "a100": (4, 0),
        "v100": (2, 2),
    }
    assert partition("cpu", found).cpus_idle == 8


def test_a_reservation(fragile_cluster: Cluster) -> None:
    assert load().reservations == ()
    fragile_cluster.do("reserve", "node3")
    (course,) = load().reservations
    assert (course.name, course.nodes, course.is_ours, course.state) == (
        "course",
        "node3",
        True,
        "ACTIVE",
    )
    assert course.end is not None
    assert course.start is not None
    assert course.end - course.start == 7200
    assert check(reservation="lecture").problems[0].field == "reservation"
    assert check(reservation="course").problems == ()


def test_without_accounting(cluster: Cluster) -> None:
    found = load()
    assert (found.accounting, found.associations, found.qos) == ("none", (), ())
    assert found.problems == (
        "This Slurm keeps no accounts, so there are no accounts or QOS to choose.",
    )


def test_with_accounting(accounting: Cluster) -> None:
    found = load()
    assert (found.accounting, found.problems) == ("slurmdbd", ())
    chemistry, physics = sorted(found.associations, key=lambda association: association.account)
    assert (chemistry.account, chemistry.max_jobs, chemistry.qos) == ("chemistry", 1, ("normal",))
    assert (physics.account, physics.is_default) == ("physics", True)
    assert set(physics.qos or ()) == {"normal", "express", "onegpu"}
    qos = {qos.name: qos for qos in found.qos}
    assert (qos["express"].max_time, qos["express"].max_jobs_per_user) == (1800, 2)
    assert qos["onegpu"].max_tres_per_user == "gres/gpu=1"
    for request, field in (
        ({"account": "geology"}, "account"),
        ({"account": "chemistry", "qos": "express"}, "qos"),
        ({"qos": "express", "time": "2:00:00"}, "time"),
        ({"partition": "gpu", "qos": "onegpu", "gres": "gpu:2"}, "gres"),
    ):
        assert [problem.field for problem in check(**request).problems] == [field]

    # The controller goes on with what the database told it last.
    accounting.do("stop-dbd")
    found = load()
    assert found.accounting == "controller"
    assert {association.account for association in found.associations} == {"physics", "chemistry"}
    assert [problem for problem in found.problems if "does not answer" in problem] == [
        "QOS are not known: the accounting database does not answer here."
    ]
    assert check(partition="cpu", account="physics").problems == ()
    assert [problem.field for problem in check(account="geology").problems] == ["account"]


def test_a_site_that_hides_everything(fragile_cluster: Cluster) -> None:
    """PrivateData: what is hidden is said, and nothing is held against a request for it."""
    fragile_cluster.do("variant-on", "private")
    found = load()
    assert (found.partitions, found.nodes) == ((), ())
    assert [problem for problem in found.problems if "denied" in problem]
    answer = check(partition="gpu", gres="gpu:1")
    assert answer.problems == ()
    assert answer.start is not None


def test_a_controller_that_is_away(fragile_cluster: Cluster) -> None:
    fragile_cluster.do("stop-ctld")
    found = load()
    assert (found.partitions, found.accounting) == ((), "unknown")
    assert len(found.problems) >= 4
    assert check(partition="gpu").note


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        # These Slurm itself would take (EnforcePartLimits=NO), to wait for ever.
        ({"time": "2-0"}, "time"),
        ({"partition": "short", "time": "1:00:00"}, "time"),
        ({"partition": "closed"}, "partition"),
        ({"partition": "gpu", "nodes": 3}, "nodes"),
        ({"cpus": 9}, "cpus"),
        ({"partition": "full", "cpus": 2}, "cpus"),
        ({"ntasks": 99}, "ntasks"),
        # And these not.
        ({"partition": "staff"}, "partition"),
        ({"partition": "gpu", "gres": "gpu:v100:3"}, "gres"),
        ({"partition": "full", "gres": "gpu:1"}, "gres"),
        ({"mem": "17G"}, "mem"),
        ({"constraint": "nosuch"}, "constraint"),
        ({"partition": "gpu", "constraint": "a100&v100"}, "constraint"),
        ({"reservation": "nosuch"}, "reservation"),
    ],
)
def test_a_request_that_cannot_run_names_its_field(
    cluster: Cluster, request_: dict[str, object], field: str
) -> None:
    found = check(**request_)
    assert [problem.field for problem in found.problems] == [field]
    assert cluster.queue() == []


def test_a_request_that_can_run_has_a_start(cluster: Cluster) -> None:
    found = check(partition="gpu,cpu", gres="gpu:a100:4", time="1:00:00", mem="8G", cpus=4)
    assert (found.problems, found.note) == ((), "")
    assert found.start is not None
