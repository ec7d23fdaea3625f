"""What a cluster offers, from what real ones print; each part may be missing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernelkit.errors import SlurmUnavailable
from kernelkit.slurm import inventory_parse as accounts
from kernelkit.slurm import nodes_parse as nodes
from kernelkit.slurm.argv import FIELD, RECORD
from kernelkit.slurm.inventory import load_inventory
from kernelkit.slurm.offers import Inventory, NodeState

STRINGS = json.loads((Path(__file__).parents[1] / "fixtures/slurm-strings.json").read_text())

# --- as Slurm 22.05 printed it ------------------------------------------------------------------

PARTITION = (
    "PartitionName=gpu AllowGroups=ALL AllowAccounts=physics,chemistry AllowQos=ALL AllocNodes=ALL "
    "Default=NO QoS=N/A DefaultTime=01:00:00 DisableRootJobs=NO ExclusiveUser=NO GraceTime=0 "
    "Hidden=NO MaxNodes=2 MaxTime=1-00:00:00 MinNodes=0 LLN=NO MaxCPUsPerNode=UNLIMITED "
    "Nodes=node[1-2] PriorityJobFactor=1 PriorityTier=10 RootOnly=NO ReqResv=NO OverSubscribe=NO "
    "OverTimeLimit=NONE PreemptMode=CANCEL State=UP TotalCPUs=16 TotalNodes=2 "
    "SelectTypeParameters=NONE JobDefaults=(null) DefMemPerNode=UNLIMITED MaxMemPerNode=8000 "
    "TRES=cpu=16,mem=32000M,node=2,billing=16"
)
DYNAMIC = (
    "PartitionName=dynamic Nodes=(null) DefMemPerNode=UNLIMITED MaxMemPerNode=UNLIMITED "
    "MaxTime=UNLIMITED Default=YES TRES=(null) ResumeTimeout=GLOBAL PowerDownOnIdle=NO State=UP"
)
RESERVATION = (
    "ReservationName=course StartTime=1795365715 EndTime=1795372915 Duration=02:00:00 Nodes=node3 "
    "NodeCnt=1 CoreCnt=4 Features=(null) PartitionName=(null) Flags=IGNORE_JOBS,SPEC_NODES "
    "TRES=cpu=4 Users=ada Groups=(null) Accounts=(null) Licenses=(null) State=ACTIVE "
    "BurstBuffer=(null) Watts=n/a MaxStartDelay=(null)"
)
CACHED = (
    "Current Association Manager state\nAssociation Records\n"
    "ClusterName=kk1 Account=physics UserName= Partition= Priority=0 ID=3 DefAssoc=No MaxJobs=\n"
    "ClusterName=kk1 Account=chemistry UserName=ada(1001) Partition= Priority=0 ID=6 DefAssoc=No "
    "GrpWall=N(0.00) MaxJobs=1(0) MaxWallPJ=30 MaxTRESPJ=\n"
    "ClusterName=kk1 Account=physics UserName=ada(1001) Partition= ID=7 DefAssoc=Yes MaxJobs=\n"
)


def node_row(**fields: str) -> str:
    row = {
        "NodeHost": "n1", "Partition": "gpu", "Available": "up", "Time": "1-00:00:00",
        "DefaultTime": "1:00:00", "StateLong": "idle", "CPUsState": "0/8/0/8", "Memory": "16000",
        "AllocMem": "0", "Gres": "(null)", "GresUsed": "gpu:0", "Features": "(null)",
        "Reason": "none",
    } | fields  # fmt: skip
    assert list(row) == list(nodes._NODE_FIELDS)
    return "".join(value + FIELD for value in row.values()) + RECORD + "\n"


# --- node states ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "state", "flags"),
    [
        ("idle", "idle", ()),
        ("alloc#", "allocated", ("powering up",)),
        ("idle#", "idle", ("powering up",)),
        ("idle%", "idle", ("powering down",)),
        ("drain~", "drain", ("powered down",)),
        ("down*", "down", ("not responding",)),
        ("idle*", "down", ("not responding",)),
        ("fail*", "down", ("not responding", "failing")),
        ("drng", "drain", ("draining",)),
        ("comp", "allocated", ("completing",)),
        ("resv", "idle", ("reserved",)),
        ("plnd", "idle", ("planned",)),
        ("mix-", "mixed", ("planned",)),
        ("maint*", "down", ("not responding", "maintenance")),
        ("alloc+", "allocated", ()),
        ("mix~", "mixed", ("powered down",)),
        ("mixed@", "mixed", ("reboot",)),
        ("IDLE+CLOUD+POWERED_DOWN", "idle", ("cloud", "powered down")),
        ("IDLE+CLOUD+POWERED_DOWN+NOT_RESPONDING", "down",
         ("cloud", "powered down", "not responding")),
        ("DOWN+CLOUD+REBOOT", "down", ("cloud", "reboot")),
        ("MAINTENANCE+DRAIN", "drain", ("maintenance",)),
        ("IDLE+DRAIN", "drain", ()),
        ("IDLE*+DRAIN", "down", ("not responding",)),
        ("drained*", "down", ("not responding",)),
        ("gone fishing", "unknown", ()),
        ("", "unknown", ()),
    ],
)  # fmt: skip
def test_node_states(printed: str, state: NodeState, flags: tuple[str, ...]) -> None:
    assert nodes.parse_node_state(printed) == (state, flags)


@pytest.mark.parametrize("printed", STRINGS["node_states"])
def test_every_state_of_a_real_cluster_is_known(printed: str) -> None:
    state, _ = nodes.parse_node_state(printed)
    assert state != "unknown"
    usable = nodes.parse_nodes(node_row(StateLong=printed, Gres="gpu:1"))[0][0].is_free
    word = printed.lower()
    if any(bad in word for bad in ("drain", "drng", "down*", "fail", "maint", "inval", "alloc")):
        assert not usable


# --- nodes ---------------------------------------------------------------------------------------


def test_a_node_in_two_partitions_counts_once() -> None:
    gres = {"Gres": "gpu:a100:4(S:0-1)", "GresUsed": "gpu:a100:3(IDX:0,2-3)"}
    printed = node_row(**gres, CPUsState="6/2/0/8", AllocMem="15000", StateLong="mixed")
    printed += node_row(**gres, Partition="long*", CPUsState="6/2/0/8", StateLong="mixed")
    (node,), partitions, bad = nodes.parse_nodes(printed)
    assert bad == 0
    assert node.partitions == ("gpu", "long")
    assert [(p.name, p.is_default, p.max_time) for p in partitions] == [
        ("gpu", False, 86400),
        ("long", True, 86400),
    ]
    (gpus,) = node.gpus
    assert (gpus.kind, gpus.total, gpus.free, gpus.per_node) == ("a100", 4, 1, 4)
    assert (node.cpus, node.cpus_idle) == (8, 2)


@pytest.mark.parametrize(
    ("gres", "used", "free"),
    [
        ("gpu:rtx3090:8", "gpu:rtx3090:2(IDX:0-1)", 6),
        ("gpu:8", "gpu:2(IDX:0-1)", 6),
        ("gpu:rtx3090:8", "gpu:2(IDX:0-1)", 6),
        ("gpu:8", "gpu:(null):2(IDX:0-1)", 6),
        ("gpu:tesla:4", "gpu:tesla:0(IDX:N/A)", 4),
        ("gpu:a100:1,gpu:a100_3g.20gb:2", "gpu:a100:1(IDX:0),gpu:a100_3g.20gb:1(IDX:1)", 1),
        ("gpu:4,shard:20", "gpu:0(IDX:N/A),shard:0", 4),
        ("(null)", "gpu:0", 0),
        ("gpu:2", "gpu:3", 0),
    ],
)
def test_free_gpus(gres: str, used: str, free: int) -> None:
    ((node,), _, _) = nodes.parse_nodes(node_row(Gres=gres, GresUsed=used, StateLong="mixed"))
    assert sum(gpus.free for gpus in node.gpus) == free


@pytest.mark.parametrize("state", ["drained", "down*", "maint", "reserved", "idle*", "idle@"])
def test_what_cannot_be_had_is_not_free(state: str) -> None:
    ((node,), _, _) = nodes.parse_nodes(node_row(Gres="gpu:4", StateLong=state))
    assert (node.gpus[0].total, node.gpus[0].free, node.cpus_idle, node.memory_free) == (4, 0, 0, 0)


def test_a_reason_may_hold_anything() -> None:
    ((node,), _, bad) = nodes.parse_nodes(node_row(Reason="bad disk\nsee ticket|7", StateLong="x"))
    assert (node.reason, bad) == ("bad disk\nsee ticket|7", 0)


def test_a_cut_answer_is_counted() -> None:
    whole = node_row() + node_row(NodeHost="n2")
    for end in range(len(node_row()) + 1, len(whole) - 1):
        found, _, bad = nodes.parse_nodes(whole[:end])
        assert (len(found), bad) == (1, 1)


# --- partitions, reservations, accounts ------------------------------------------------------------


def test_partitions() -> None:
    gpu, dynamic = accounts.parse_partitions(f"{PARTITION}\n{DYNAMIC}\n")
    assert (gpu.name, gpu.max_time, gpu.default_time, gpu.max_nodes) == ("gpu", 86400, 3600, 2)
    assert (gpu.accounts, gpu.qos, gpu.max_memory_per_node) == (("physics", "chemistry"), (), 8000)
    assert (gpu.max_cpus_per_node, gpu.is_default) == (None, False)
    assert (dynamic.is_default, dynamic.max_time, dynamic.max_memory_per_node) == (True, None, None)


def test_reservations() -> None:
    (mine,) = accounts.parse_reservations(RESERVATION, "ada", [])
    assert (mine.name, mine.is_ours, mine.nodes, mine.start) == (
        "course",
        True,
        "node3",
        1795365715,
    )
    (other,) = accounts.parse_reservations(RESERVATION, "eve", ["physics"])
    assert not other.is_ours
    assert accounts.parse_reservations("No reservations in the system\n", "ada", []) == ()


def test_associations() -> None:
    printed = "kk1|physics||express,normal||||\nkk1|chemistry|gpu|normal|normal|1|1-00:00:00|\nother|x|||||| \n"
    physics, chemistry = accounts.parse_associations(
        printed, cluster="kk1", default_account=accounts.parse_default_account("ada|physics\n")
    )
    assert (physics.is_default, physics.qos, physics.max_jobs) == (
        True,
        ("express", "normal"),
        None,
    )
    assert (chemistry.partition, chemistry.max_jobs, chemistry.max_time) == ("gpu", 1, 86400)


def test_the_controllers_copy_of_associations() -> None:
    chemistry, physics = accounts.parse_cached_associations(CACHED, "ada")
    assert (chemistry.account, chemistry.max_jobs, chemistry.max_time) == ("chemistry", 1, 1800)
    assert (physics.account, physics.is_default, physics.qos) == ("physics", True, None)
    assert accounts.parse_cached_associations(CACHED, "eve") == ()


def test_qos() -> None:
    normal, express = accounts.parse_qos("normal|||||\nexpress|00:30:00|gres/gpu=1|cpu=8|2|5\n")
    assert (normal.name, normal.max_time) == ("normal", None)
    assert (express.max_time, express.max_tres_per_user, express.max_jobs_per_user) == (
        1800,
        "gres/gpu=1",
        2,
    )


# What a command prints is decoded with replacement, so it has no lone surrogate.
text = st.text(
    st.one_of(
        st.sampled_from("=|,+*~()0123456789 \n" + FIELD + RECORD),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=80,
)


@given(text)
def test_any_text_has_a_value(printed: str) -> None:
    assert nodes.parse_node_state(printed)[0] in get_args(NodeState)
    nodes.parse_nodes(printed)
    nodes.parse_nodes(
        node_row(Gres=printed.replace(FIELD, ""), GresUsed="gpu:1").replace("n1", "n")
    )
    accounts.parse_partitions(printed + "\nPartitionName=x MaxTime=" + printed)
    accounts.parse_reservations("ReservationName=x " + printed, "ada", ["x"])
    accounts.parse_associations(printed, cluster="c")
    accounts.parse_cached_associations(printed, "ada")
    accounts.parse_qos(printed)
    accounts.parse_config(printed)
    accounts.parse_default_account(printed)


@given(st.dictionaries(st.sampled_from(nodes._NODE_FIELDS), text))
def test_any_node_has_a_value(fields: dict[str, str]) -> None:
    clean = {key: value.replace(FIELD, "").replace(RECORD, "") for key, value in fields.items()}
    found, _, bad = nodes.parse_nodes(node_row(**clean))
    assert bad == 0
    assert all(gpus.free <= gpus.total for node in found for gpus in node.gpus)
    assert msgspec.json.encode(found)


# --- each part alone -------------------------------------------------------------------------------


class Printed:
    """Answers queries by their beginning; what is not there fails."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers

    async def ask(self, command: Sequence[str]) -> str:
        joined = " ".join(command)
        for words, answer in self.answers.items():
            if words.replace("_", " ") in joined.replace("_", " "):
                return answer
        raise SlurmUnavailable("Access/permission denied")


WHOLE = {
    "sinfo": node_row(Gres="gpu:a100:4", GresUsed="gpu:a100:1(IDX:0)", Features="a100,nvlink")
    + node_row(NodeHost="n2", Gres="gpu:a100:2", StateLong="drained"),
    "show_partition": PARTITION,
    "show_reservation": RESERVATION,
    "show_config": "ClusterName = kk1\nSLURM_VERSION = 22.05.8\n"
    "AccountingStorageType = accounting_storage/slurmdbd\n",
    "show_assoc_user": "kk1|physics||normal||||\n",
    "show_user": "ada|physics\n",
    "show_qos": "normal|||||\n",
}


def loaded(**answers: str) -> Inventory:
    return asyncio.run(load_inventory(Printed(**answers), "ada"))


def test_the_whole() -> None:
    found = loaded(**WHOLE)
    assert found.problems == ()
    (gpu,) = found.partitions
    assert (gpu.nodes, gpu.cpus, gpu.node_memory) == ({"idle": 1, "drain": 1}, 16, 16000)
    (a100,) = gpu.gpus
    assert (a100.total, a100.free, a100.per_node) == (6, 3, 4)
    assert gpu.features == ("a100", "nvlink")
    assert (found.cluster, found.version, found.accounting) == ("kk1", "22.05.8", "slurmdbd")
    assert (found.default_account, found.reservations[0].is_ours) == ("physics", True)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Inventory) == found


@pytest.mark.parametrize("missing", WHOLE)
def test_a_part_that_fails_costs_no_other(missing: str) -> None:
    whole = loaded(**WHOLE)
    found = loaded(**{key: text for key, text in WHOLE.items() if key != missing})
    assert missing in ("show_user", "show_qos") or found.problems
    for part in ("nodes", "associations", "qos", "reservations"):
        there = len(getattr(found, part)) == len(getattr(whole, part))
        responsible = {"nodes": "sinfo", "associations": "show_assoc_user", "qos": "show_qos",
                       "reservations": "show_reservation"}  # fmt: skip
        assert there or responsible[part] == missing
    # Partitions are known from sinfo as well as from scontrol.
    assert [partition.name for partition in found.partitions] == ["gpu"]


def test_nothing_at_all() -> None:
    found = loaded()
    assert (found.partitions, found.nodes, found.accounting) == ((), (), "unknown")
    assert len(found.problems) == 5
    assert all("denied" in problem or "Accounts" in problem for problem in found.problems)


def test_without_slurmdbd_the_controller_is_asked() -> None:
    found = loaded(show_assoc_mgr=CACHED)
    assert found.accounting == "controller"
    assert [association.account for association in found.associations] == ["chemistry", "physics"]
    assert found.default_account == "physics"


def test_a_cluster_without_accounting_says_so() -> None:
    found = loaded(show_config="AccountingStorageType   = accounting_storage/none\n")
    assert found.accounting == "none"
    assert any("keeps no accounts" in problem for problem in found.problems)
