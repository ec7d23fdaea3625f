"""`kernelkit cluster`: what Slurm offers this user, for filling in a request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from .output import Cell, note, print_pairs, print_table, print_text, verb, warn

if TYPE_CHECKING:
    from ..slurm.offers import GpuCount, Inventory, Node, Partition, Reservation

_STYLES = {"idle": "green", "mixed": "yellow", "drain": "red", "down": "red"}


def show_cluster(found: Inventory) -> None:
    """Print partitions, accounts, QOS and reservations, or all of one partition with its nodes."""
    told = f"{found.cluster or 'This cluster'}, Slurm {found.version or 'of unknown version'}"
    note(f"{told}, at {time.strftime('%H:%M', time.localtime(found.taken))}", "dim")
    for problem in found.problems:
        warn(problem)
    _print(
        ("Partition", "State", "Limit", "Nodes", "CPUs free", "Node memory", "GPUs free",
         "Features"),
        [_partition(partition) for partition in found.partitions],
    )  # fmt: skip
    if len(found.partitions) == 1:
        print_pairs(list(_rules(found.partitions[0])))
        _print(
            ("Node", "State", "CPUs free", "Memory free", "GPUs free", "Features", "Why"),
            [_node(node) for node in found.nodes],
        )
    _print(
        ("Account", "Partition", "QOS", "Jobs", "Limit"),
        [
            (
                _marked(mine.account, mine.is_default),
                mine.partition,
                ",".join(mine.qos) if mine.qos is not None else "?",
                _number(mine.max_jobs),
                _limit(mine.max_time),
            )
            for mine in found.associations
        ],
    )
    _print(
        ("QOS", "Limit", "Jobs", "A user at most", "A job at most"),
        [
            (
                qos.name,
                _limit(qos.max_time),
                _number(qos.max_jobs_per_user),
                qos.max_tres_per_user,
                qos.max_tres_per_job,
            )
            for qos in found.qos
        ],
    )
    _print(
        ("Reservation", "State", "From", "To", "Nodes", "For you"),
        [_reservation(reservation) for reservation in found.reservations],
    )


def _print(headings: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> None:
    if rows:
        print_text()
        print_table(headings, rows)


def _partition(found: Partition) -> tuple[str | Cell, ...]:
    return (
        _marked(found.name, found.is_default),
        Cell(found.state, "" if found.state == "UP" else "red"),
        _limit(found.max_time),
        ", ".join(f"{count} {state}" for state, count in sorted(found.nodes.items())),
        f"{found.cpus_idle}/{found.cpus}",
        _memory(found.node_memory),
        _gpus(found.gpus),
        ",".join(found.features),
    )


def _rules(found: Partition) -> Iterator[tuple[str, str]]:
    """What one partition asks of a job; without what it does not limit."""
    from ..slurm.requests import duration_text

    texts = {
        "Time limit if none is asked for": _limit(found.default_time) if found.default_time else "",
        "Longest time limit": duration_text(found.max_time) if found.max_time else "",
        "Nodes at least": str(found.min_nodes) if found.min_nodes > 1 else "",
        "Nodes at most": _number(found.max_nodes),
        "CPUs a node at most": _number(found.max_cpus_per_node),
        "Memory a node at most": _memory(found.max_memory_per_node or 0),
        "Memory a CPU at most": _memory(found.max_memory_per_cpu or 0),
        "Accounts": ", ".join(found.accounts),
        "Accounts refused": ", ".join(found.denied_accounts),
        "QOS": ", ".join(found.qos),
        "QOS refused": ", ".join(found.denied_qos),
        "Reservation": "needed" if found.needs_reservation else "",
    }
    yield from ((name, text) for name, text in texts.items() if text)


def _node(found: Node) -> tuple[str | Cell, ...]:
    state = " ".join([found.state, *(f"({flag})" for flag in found.flags)])
    return (
        found.name,
        Cell(state, _STYLES.get(found.state, "")),
        f"{found.cpus_idle}/{found.cpus}",
        f"{_memory(found.memory_free)}/{_memory(found.memory)}",
        _gpus(found.gpus),
        ",".join(found.features),
        found.reason,
    )


def _reservation(found: Reservation) -> tuple[str, ...]:
    ours = "yes" if found.is_ours else "no"
    return (found.name, found.state, _day(found.start), _day(found.end), found.nodes, ours)


def _marked(name: str, is_default: bool) -> str:
    # As sinfo marks the default partition.
    return f"{name}*" if is_default else name


def _gpus(counts: Iterable[GpuCount]) -> str:
    return ", ".join(f"{count.free}/{count.total} {count.kind}".rstrip() for count in counts)


def _memory(megabytes: int) -> str:
    """Rounded down, so that what is shown may be asked for."""
    if not megabytes:
        return ""
    return f"{megabytes // 1024}G" if megabytes >= 1024 else f"{megabytes}M"


def _limit(seconds: int | None) -> str:
    from ..slurm.requests import duration_text

    return "" if seconds is None else duration_text(seconds)


def _number(count: int | None) -> str:
    return "" if count is None else str(count)


def _day(seconds: int | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else ""


def of_partition(found: Inventory, name: str) -> Inventory:
    """The inventory of one partition alone. Raises NotFound."""
    import difflib

    import msgspec

    from ..errors import NotFound

    partition = found.partition(name)
    if partition is None:
        names = [partition.name for partition in found.partitions]
        near = difflib.get_close_matches(name, names, 1)
        hint = f"Did you mean `{near[0]}`?" if near else f"There are {', '.join(names) or 'none'}."
        raise NotFound(f"There is no partition `{name}` that you may use.", hint=hint)
    nodes = tuple(node for node in found.nodes if name in node.partitions)
    return msgspec.structs.replace(found, partitions=(partition,), nodes=nodes)


@verb("cluster", show=show_cluster)
@click.argument("partition", required=False)
def command(partition: str | None) -> Inventory:
    """Show what Slurm offers you: partitions, GPUs, accounts, QOS, reservations.

    \b
    kernelkit cluster           every partition that you may use
    kernelkit cluster gpu       one of them, with its limits and nodes

    `free` is what nobody has at this moment; * marks the default. What this Slurm keeps to
    itself, or has no database for, is said.
    """
    from ..errors import SlurmUnavailable
    from ..slurm.client import Slurm
    from ..slurm.inventory import load_inventory

    found = asyncio.run(load_inventory(Slurm()))
    # Its configuration is no secret anywhere: whoever cannot read that has no Slurm to ask.
    if not (found.partitions or found.version):
        raise SlurmUnavailable(
            "Slurm does not answer here.",
            hint="Run it on a login node of the cluster, or try again.",
            detail="\n".join(found.problems),
        )
    return of_partition(found, partition) if partition else found
