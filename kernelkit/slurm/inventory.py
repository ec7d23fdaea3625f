"""Asking a cluster what it offers: each part by itself, so that one which fails costs no other."""

from __future__ import annotations

import asyncio
import os
import pwd
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from ..errors import SlurmUnavailable
from . import inventory_parse as text
from . import nodes_parse
from .offers import Accounting, Association, GpuCount, Inventory, Node, Partition


class Asks(Protocol):
    """What is asked; `client.Slurm` is one."""

    async def ask(self, command: Sequence[str]) -> str:
        """What a query prints. Raises SlurmUnavailable."""
        ...


class _Asking:
    """Asks, and collects what could not be had."""

    def __init__(self, slurm: Asks) -> None:
        self._slurm = slurm
        self.problems: list[str] = []

    async def ask(self, command: Sequence[str], missing: str = "") -> str:
        """What the query prints; nothing, and the problem noted as `missing`, when it fails."""
        try:
            return await self._slurm.ask(command)
        except SlurmUnavailable as error:
            if missing:
                self.problems.append(f"{missing}: {error.message}")
            return ""


async def load_inventory(slurm: Asks, user: str = "") -> Inventory:
    """What the cluster offers `user` (this process's user by default); never raises.

    Seven or eight short queries at once, meant to be kept for minutes. Called by the server for
    the form, and by commands.
    """
    user = user or _user()
    asking = _Asking(slurm)
    nodes_text, partitions_text, config_text, reservations_text, accounts = await asyncio.gather(
        asking.ask(nodes_parse.NODES_ARGV, "Nodes and GPUs are not known"),
        asking.ask(text.PARTITIONS_ARGV, "Limits of partitions are not known"),
        asking.ask(text.CONFIG_ARGV, "Slurm's configuration is not known"),
        asking.ask(text.RESERVATIONS_ARGV, "Reservations are not known"),
        _ask_accounts(asking, user),
    )
    nodes, seen, unreadable = nodes_parse.parse_nodes(nodes_text)
    if unreadable:
        asking.problems.append(f"{unreadable} lines about nodes could not be read.")
    config = text.parse_config(config_text)
    accounting, associations = _associations(accounts, user, config, asking.problems)
    partitions = text.parse_partitions(partitions_text) or seen
    charged = {found.account for found in associations}
    return Inventory(
        taken=int(time.time()),
        version=config.get("SLURM_VERSION", ""),
        cluster=config.get("ClusterName", ""),
        partitions=tuple(_with_nodes(found, nodes) for found in partitions),
        nodes=nodes,
        associations=associations,
        qos=text.parse_qos(accounts.qos),
        reservations=text.parse_reservations(reservations_text, user, charged),
        accounting=accounting,
        problems=tuple(asking.problems),
    )


# --- accounts ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Accounts:
    """What was printed of accounts, by whom."""

    slurmdbd: str
    default: str
    qos: str
    controller: str


async def _ask_accounts(asking: _Asking, user: str) -> _Accounts:
    slurmdbd, default, qos = await asyncio.gather(
        asking.ask(text.associations_argv(user)),
        asking.ask(text.default_account_argv(user)),
        asking.ask(text.QOS_ARGV),
    )
    controller = "" if slurmdbd else await asking.ask(text.cached_associations_argv(user))
    return _Accounts(slurmdbd, default, qos, controller)


def _associations(
    printed: _Accounts, user: str, config: Mapping[str, str], problems: list[str]
) -> tuple[Accounting, tuple[Association, ...]]:
    default = text.parse_default_account(printed.default)
    cluster = config.get("ClusterName", "")
    found = text.parse_associations(printed.slurmdbd, cluster=cluster, default_account=default)
    if found:
        return "slurmdbd", found
    found = text.parse_cached_associations(printed.controller, user)
    if found:
        problems.append("QOS are not known: the accounting database does not answer here.")
        return "controller", found
    if config.get("AccountingStorageType", "").endswith(("/none", "(null)")):
        problems.append("This Slurm keeps no accounts, so there are no accounts or QOS to choose.")
        return "none", ()
    if printed.slurmdbd or printed.qos:
        problems.append(f"`{user}` has no account on this cluster.")
        return "slurmdbd", ()
    problems.append("Accounts and QOS are not known: neither slurmdbd nor the controller says.")
    return "unknown", ()


# --- what a partition's nodes have -------------------------------------------------------------------


def _with_nodes(partition: Partition, nodes: Iterable[Node]) -> Partition:
    mine = [node for node in nodes if partition.name in node.partitions]
    return msgspec.structs.replace(
        partition,
        nodes=dict(Counter(str(node.state) for node in mine)),
        cpus=sum(node.cpus for node in mine),
        cpus_idle=sum(node.cpus_idle for node in mine),
        node_cpus=max((node.cpus for node in mine), default=0),
        node_memory=max((node.memory for node in mine), default=0),
        gpus=sum_gpus(count for node in mine for count in node.gpus),
        features=tuple(sorted({feature for node in mine for feature in node.features})),
    )


def sum_gpus(counts: Iterable[GpuCount]) -> tuple[GpuCount, ...]:
    """GPUs of several nodes by type; `per_node` is the most that one has."""
    found: dict[str, GpuCount] = {}
    for count in counts:
        old = found.get(count.kind, GpuCount(kind=count.kind, total=0, free=0, per_node=0))
        found[count.kind] = GpuCount(
            kind=count.kind,
            total=old.total + count.total,
            free=old.free + count.free,
            per_node=max(old.per_node, count.per_node),
        )
    return tuple(found[kind] for kind in sorted(found))


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return os.environ.get("USER", str(os.getuid()))
