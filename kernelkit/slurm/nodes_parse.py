"""What sinfo says of nodes -> values; pure, and never raises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .argv import FIELD, RECORD
from .offers import GpuCount, Node, NodeState, Partition
from .parse import Gpus, parse_duration, parse_gpus, parse_number, parse_words

# Without `-a` sinfo leaves out the partitions that the user's groups cannot use. A suffix that is
# no number means unlimited width; without one, -O cuts every field at 20 characters.
_NODE_FIELDS = (
    "NodeHost", "Partition", "Available", "Time", "DefaultTime", "StateLong", "CPUsState", "Memory",
    "AllocMem", "Gres", "GresUsed", "Features", "Reason",
)  # fmt: skip
NODES_ARGV = (
    "sinfo", "--noheader", "--Node",
    "--Format=" + ",".join(f"{name}:{FIELD}" for name in _NODE_FIELDS) + RECORD,
)  # fmt: skip

_STATES: Mapping[str, NodeState] = {
    "idle": "idle", "planned": "idle", "plnd": "idle", "resv": "idle", "reserved": "idle",
    "pow_up": "idle", "powering_up": "idle", "power_up": "idle", "powered_down": "idle",
    "pow_dn": "idle", "power_down": "idle", "powering_down": "idle", "cloud": "idle",
    "mix": "mixed", "mixed": "mixed", "blocked": "mixed", "blk": "mixed",
    "alloc": "allocated", "allocated": "allocated", "comp": "allocated", "completing": "allocated",
    "drain": "drain", "drained": "drain", "draining": "drain", "drng": "drain", "maint": "drain",
    "maintenance": "drain", "reboot": "drain", "boot": "drain", "perfctrs": "drain", "npc": "drain",
    "down": "down", "fail": "down", "failing": "down", "failg": "down", "error": "down",
    "inval": "down", "invalid": "down", "no_respond": "down", "futr": "down", "future": "down",
    "not_responding": "down", "unk": "unknown", "unknown": "unknown",
}  # fmt: skip

# sinfo(1), NODE STATE CODES: what a sign after the state means.
_SIGNS = {
    "*": "not responding", "~": "powered down", "#": "powering up", "!": "powering down",
    "%": "powering down", "$": "maintenance", "@": "reboot", "^": "reboot", "-": "planned",
}  # fmt: skip
_FLAGS = {
    "not_responding": "not responding", "powered_down": "powered down", "power_down": "powered down",
    "pow_dn": "powering down", "powering_down": "powering down", "pow_up": "powering up",
    "power_up": "powering up", "powering_up": "powering up", "maint": "maintenance",
    "maintenance": "maintenance", "resv": "reserved", "reserved": "reserved", "plnd": "planned",
    "planned": "planned", "reboot": "reboot", "boot": "reboot", "reboot_issued": "reboot",
    "reboot_requested": "reboot", "comp": "completing", "completing": "completing",
    "cloud": "cloud", "fail": "failing", "failing": "failing", "inval": "invalid",
    "drng": "draining", "draining": "draining",
}  # fmt: skip
# The worst word decides: IDLE+DRAIN takes no jobs.
_RANK: tuple[NodeState, ...] = ("down", "drain", "allocated", "mixed", "idle", "unknown")


def parse_node_state(text: str) -> tuple[NodeState, tuple[str, ...]]:
    """A node's state and flags in what sinfo or scontrol print: `alloc#`, `IDLE+CLOUD`, `drng`."""
    flags = [_SIGNS[sign] for sign in text if sign in _SIGNS]
    states: list[NodeState] = []
    for word in re.findall(r"[a-z_]+", text.lower()):
        states += [_STATES[word]] if word in _STATES else []
        flags += [_FLAGS[word]] if word in _FLAGS else []
    state: NodeState = next((state for state in _RANK if state in states), "unknown")
    if "not responding" in flags:
        state = "down"
    return state, tuple(dict.fromkeys(flags))


def parse_nodes(stdout: str) -> tuple[tuple[Node, ...], tuple[Partition, ...], int]:
    """The nodes of NODES_ARGV, what it says of their partitions, and how much was not readable."""
    nodes: dict[str, dict[str, str]] = {}
    members: dict[str, list[str]] = {}
    partitions: dict[str, Partition] = {}
    *records, rest = stdout.split(RECORD)
    bad = 1 if rest.strip(" \t\r\n") else 0
    for record in records:
        fields = record.lstrip(" \t\r\n").split(FIELD)
        if len(fields) != len(_NODE_FIELDS) + 1:
            bad += 1
            continue
        row = dict(zip(_NODE_FIELDS, (text.strip(" \t") for text in fields), strict=False))
        name = row["Partition"].removesuffix("*")
        if name:
            partitions[name] = _partition_of(name, row)
        if row["NodeHost"]:
            nodes[row["NodeHost"]] = row
            members.setdefault(row["NodeHost"], []).append(name)
    made = (_node(row, tuple(filter(None, members[name]))) for name, row in nodes.items())
    return tuple(made), tuple(partitions.values()), bad


def _partition_of(name: str, row: Mapping[str, str]) -> Partition:
    return Partition(
        name=name,
        is_default=row["Partition"].endswith("*"),
        state="INACTIVE" if row["Available"] == "inact" else row["Available"].upper(),
        max_time=parse_duration(row["Time"]),
        default_time=parse_duration(row["DefaultTime"]),
    )


def _node(row: Mapping[str, str], partitions: tuple[str, ...]) -> Node:
    state, flags = parse_node_state(row["StateLong"])
    # CPUsState is allocated/idle/other/total.
    cpus = [parse_number(part) or 0 for part in row["CPUsState"].split("/")]
    allocated, idle, _, total = cpus if len(cpus) == 4 else (0, 0, 0, 0)
    memory = parse_number(row["Memory"].rstrip("+")) or 0
    is_free = Node(name="", partitions=(), state=state, flags=flags).is_free
    gpus = _gpu_counts(parse_gpus(row["Gres"]), parse_gpus(row["GresUsed"]), is_free)
    return Node(
        name=row["NodeHost"],
        partitions=partitions,
        state=state,
        flags=flags,
        reason="" if row["Reason"] in ("none", "(null)") else row["Reason"],
        cpus=total,
        cpus_idle=idle if is_free else 0,
        memory=memory,
        memory_free=max(0, memory - (parse_number(row["AllocMem"]) or 0)) if is_free else 0,
        gpus=gpus,
        features=parse_words(row["Features"]),
    )


def _gpu_counts(total: Iterable[Gpus], used: Iterable[Gpus], free: bool) -> tuple[GpuCount, ...]:
    totals = {gpus.kind: gpus.count for gpus in total}
    taken = {gpus.kind: gpus.count for gpus in used}
    # Some Slurms name the type in one of the two only; then all there is counts against all.
    if set(taken) - set(totals) and len(totals) == 1:
        taken = {next(iter(totals)): sum(taken.values())}
    return tuple(
        GpuCount(
            kind=kind,
            total=count,
            free=max(0, count - taken.get(kind, 0)) if free else 0,
            per_node=count,
        )
        for kind, count in totals.items()
        if count
    )
