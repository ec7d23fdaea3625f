"""Whether a request can run on this cluster: by the inventory, then by Slurm itself."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Iterable, Iterator
from typing import Literal, Protocol

from msgspec import Struct, structs

from ..errors import SlurmUnavailable, SubmitRejected
from ..model import Resources
from .argv import find_faults
from .offers import Association, Inventory, Partition
from .parse import parse_duration, parse_gpus
from .refusals import change_hint
from .states import moment_in_words

# Seconds: the scheduler rounds its plans, and looks at the queue every so often.
_AT_ONCE = 60


class Problem(Struct, frozen=True, kw_only=True):
    """One thing to change: `field` is the key of `Resources`, empty where Slurm does not say.

    A warning is for what may pass, or what only Slurm itself can judge.
    """

    field: str
    message: str
    severity: Literal["error", "warning"] = "error"


class Check(Struct, frozen=True, kw_only=True):
    """What is wrong with a request, and when it would start if nothing is (s since 1970).

    `note` says why Slurm itself was not heard, where it was not.
    """

    problems: tuple[Problem, ...] = ()
    start: int | None = None
    note: str = ""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What keeps the request from ever running."""
        return tuple(found for found in self.problems if found.severity == "error")


class Tests(Protocol):
    """What is asked last; `client.Slurm` is one."""

    async def test(self, resources: Resources) -> int | None:
        """When a request would start. Raises SubmitRejected and SlurmUnavailable."""
        ...


async def check_request(slurm: Tests, resources: Resources, inventory: Inventory) -> Check:
    """All that is wrong with a request, by field; nothing is submitted. Never raises for Slurm's
    sake. Called by the form as one types, and by `install --on-slurm`.

    The inventory comes first: where EnforcePartLimits=NO, Slurm accepts a request beyond its
    partition's limits and lets it wait for ever, and --test-only calls it fine.
    """
    found = Check(problems=validate(resources, inventory))
    if found.errors:
        return found
    try:
        return structs.replace(found, start=await slurm.test(resources))
    except SubmitRejected as error:
        refusal = Problem(field=error.field, message=error.message)
        return Check(problems=(*found.problems, refusal))
    except SlurmUnavailable as error:
        return structs.replace(found, note=error.message)


async def check_afresh(resources: Resources) -> Check:
    """`check_request` with an inventory that is asked for now, as the command line does."""
    from .client import Slurm
    from .inventory import load_inventory

    slurm = Slurm()
    return await check_request(slurm, resources, await load_inventory(slurm))


def start_in_words(start: int) -> str:
    """`a job would start at once`, or `about` an estimated `start` (s since 1970)."""
    when = moment_in_words(start, time.time() + _AT_ONCE)
    return f"a job would start about {when}" if when else "a job would start at once"


def raise_errors(check: Check, *, hint: str = "") -> None:
    """Raises SubmitRejected for what keeps a request from ever running, with the first key to
    change; `hint` says what else can be done. Called before a kernel is made or started."""
    if not check.errors:
        return
    fields = dict.fromkeys(problem.field for problem in check.errors if problem.field)
    change = change_hint(*fields) if fields else ""
    raise SubmitRejected(
        " ".join(problem.message for problem in check.errors),
        field=next(iter(fields), ""),
        hint=f"{change} {hint}".strip(),
    )


def validate(resources: Resources, inventory: Inventory) -> tuple[Problem, ...]:
    """What the inventory says against a request; what it does not know is not held against it."""
    faults = [Problem(field=key, message=error.message) for key, error in find_faults(resources)]
    if faults:
        return tuple(faults)
    found = [Problem(field=key, message=message) for key, message in _against(resources, inventory)]
    return (*found, *_doubts(resources, inventory))


Found = Iterator[tuple[str, str]]


def _doubts(resources: Resources, inventory: Inventory) -> Iterator[Problem]:
    if resources.partition is None and inventory.partitions and not inventory.default_partition:
        # A site's job_submit plug-in may choose one.
        message = "This cluster has no default partition; one should be named."
        yield Problem(field="partition", message=message, severity="warning")
    known = list(_partitions(resources, inventory))
    closed = [found for found in known if found.state in ("DOWN", "DRAIN", "INACTIVE")]
    for partition in closed if len(closed) == len(known) else ():
        message = f"Partition `{partition.name}` starts no jobs now ({partition.state})."
        yield Problem(field="partition", message=message, severity="warning")


def _against(resources: Resources, inventory: Inventory) -> Found:
    known = list(_partitions(resources, inventory))
    yield from _unknown_partitions(resources, inventory)
    yield from _account_and_qos(resources, inventory, known)
    yield from _reservation(resources, inventory)
    # A job runs in any one of the partitions it names, so it must fit into one.
    against = [list(_in_partition(resources, partition, inventory)) for partition in known]
    yield from min(against, key=len, default=[])


def _partitions(resources: Resources, inventory: Inventory) -> Iterator[Partition]:
    if resources.partition is None:
        if inventory.default_partition is not None:
            yield inventory.default_partition
        return
    for name in resources.partition.split(","):
        if (found := inventory.partition(name)) is not None:
            yield found


def _unknown_partitions(resources: Resources, inventory: Inventory) -> Found:
    names = [partition.name for partition in inventory.partitions]
    if not names:
        return
    for name in (resources.partition or "").split(","):
        if name and name not in names:
            yield "partition", f"`{name}` is no partition that you may use.{_nearest(name, names)}"


def _nearest(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(names), 1)
    return f" Did you mean `{close[0]}`?" if close else ""


# --- accounts, QOS, reservations -------------------------------------------------------------------


def _account_and_qos(resources: Resources, inventory: Inventory, known: list[Partition]) -> Found:
    mine = inventory.associations
    account = resources.account or inventory.default_account
    accounts = sorted({found.account for found in mine})
    # Accounts are case-insensitive to Slurm, which stores them in lower case.
    if accounts and account and account.lower() not in map(str.lower, accounts):
        hint = _nearest(account, accounts) or f" Yours: {', '.join(accounts)}."
        yield "account", f"`{account}` is no account of yours.{hint}"
        return
    yield from _qos(resources, [f for f in mine if f.account.lower() == account.lower()])
    for partition in known[:1] if len(known) == 1 else []:
        closed = partition.accounts and account and account not in partition.accounts
        if closed or account in partition.denied_accounts:
            yield "account", f"Account `{account}` may not use partition `{partition.name}`."
        qos = resources.qos
        if qos and ((partition.qos and qos not in partition.qos) or qos in partition.denied_qos):
            yield "qos", f"QOS `{qos}` may not be used in partition `{partition.name}`."
    limits = {found.name: found.max_time for found in inventory.qos}
    yield from _longer(resources, limits.get(resources.qos or ""), f"QOS `{resources.qos}`")


def _qos(resources: Resources, associations: list[Association]) -> Found:
    lists = [found.qos for found in associations if found.qos is not None]
    allowed = sorted({name for names in lists for name in names})
    if resources.qos and allowed and resources.qos not in allowed:
        account = associations[0].account
        hint = _nearest(resources.qos, allowed) or f" There are {', '.join(allowed)}."
        yield "qos", f"`{resources.qos}` is no QOS of account `{account}`.{hint}"
    limits = [found.max_time for found in associations]
    if limits and None not in limits and not resources.qos:
        where = f"account `{associations[0].account}`"
        yield from _longer(resources, max(limit for limit in limits if limit is not None), where)


def _longer(resources: Resources, limit: int | None, where: str) -> Found:
    asked = parse_duration(resources.time or "")
    if limit is not None and asked is not None and asked > limit:
        yield "time", f"`{resources.time}` is longer than {where} allows ({duration_text(limit)})."


def _reservation(resources: Resources, inventory: Inventory) -> Found:
    names = [found.name for found in inventory.reservations]
    for name in (resources.reservation or "").split(","):
        # No list is no proof: a site may hide reservations (PrivateData).
        if name and names and name not in names:
            yield "reservation", f"There is no reservation `{name}`.{_nearest(name, names)}"


# --- what one partition gives ------------------------------------------------------------------------


def _in_partition(resources: Resources, partition: Partition, inventory: Inventory) -> Found:
    where = f"partition `{partition.name}`"
    if partition.needs_reservation and not resources.reservation:
        yield "reservation", f"{_capital(where)} is for jobs with a reservation."
    yield from _longer(resources, partition.max_time, where)
    yield from _node_count(resources, partition, where)
    if partition.nodes:
        yield from _node_size(resources, partition, where)
        yield from _gpus(resources, partition, inventory, where)
        yield from _features(resources, partition, where)


def _node_count(resources: Resources, partition: Partition, where: str) -> Found:
    asked = resources.nodes or 1
    there = sum(partition.nodes.values())
    most = min((n for n in (partition.max_nodes, there) if n), default=None)
    if most is not None and asked > most:
        yield "nodes", f"`{asked}` nodes are more than {where} gives ({most})."
    if resources.nodes is not None and asked < partition.min_nodes:
        yield "nodes", f"`{asked}` nodes are fewer than {where} asks for ({partition.min_nodes})."


def _node_size(resources: Resources, partition: Partition, where: str) -> Found:
    nodes = resources.nodes or 1
    cpus = resources.cpus or 1
    tasks = -(-(resources.ntasks or nodes) // nodes)
    most = min(n for n in (partition.max_cpus_per_node, partition.node_cpus) if n is not None)
    if most and cpus * tasks > most:
        key = "cpus" if cpus > 1 else "ntasks"
        yield key, f"`{cpus * tasks}` CPUs a node are more than {where} gives ({most})."
    memory = memory_megabytes(resources.mem or "")
    limits = (partition.max_memory_per_node, partition.node_memory)
    largest = min((n for n in limits if n), default=0)
    if memory and largest and memory > largest:
        yield "mem", f"`{resources.mem}` is more than {where} gives on a node ({largest}M)."
    each = memory_megabytes(resources.mem_per_cpu or "")
    if each and partition.node_memory and each * cpus * tasks > partition.node_memory:
        whole = f"({each * cpus * tasks}M, and it has {partition.node_memory}M)"
        yield "mem_per_cpu", f"`{resources.mem_per_cpu}` is too much for a node of {where} {whole}."


def _gpus(resources: Resources, partition: Partition, inventory: Inventory, where: str) -> Found:
    per_node = {gpus.kind.lower(): gpus.per_node for gpus in partition.gpus}
    for asked in parse_gpus(resources.gres or ""):
        kinds = ", ".join(sorted(filter(None, per_node)))
        if not per_node:
            others = sorted(p.name for p in inventory.partitions if p.gpus)
            hint = f" There are some in {', '.join(f'`{name}`' for name in others)}." * bool(others)
            yield "gres", f"{_capital(where)} has no GPUs.{hint}"
        elif asked.kind and asked.kind.lower() not in per_node:
            yield "gres", f"{_capital(where)} has no GPU `{asked.kind}`; there is {kinds}."
        else:
            most = per_node[asked.kind.lower()] if asked.kind else max(per_node.values())
            if asked.count > most:
                what = f"GPUs `{asked.kind}`" if asked.kind else "GPUs"
                message = f"`{asked.count}` {what} a node are more than {where} has ({most})."
                yield "gres", message


def _features(resources: Resources, partition: Partition, where: str) -> Found:
    for feature in re.findall(r"[A-Za-z_][^&|()\[\]*]*", resources.constraint or ""):
        only = "|" not in (resources.constraint or "")
        if only and partition.features and feature not in partition.features:
            near = _nearest(feature, partition.features)
            yield "constraint", f"No node of {where} has the feature `{feature}`.{near}"


# --- units -------------------------------------------------------------------------------------------

_UNITS = {"K": 1 / 1024, "": 1, "M": 1, "G": 1024, "T": 1024 * 1024}


def memory_megabytes(text: str) -> int | None:
    """Megabytes in `16G`; a bare number is megabytes. None for anything else."""
    found = re.fullmatch(r"([0-9]{1,15})([KMGT]?)", text)
    return int(int(found.group(1)) * _UNITS[found.group(2)]) if found else None


def _capital(text: str) -> str:
    # str.capitalize would lower the rest, and partitions are told apart by case.
    return text[:1].upper() + text[1:]


def duration_text(seconds: int) -> str:
    """`2:00:00` or `1-00:00:00`, as Slurm writes and reads it."""
    days, rest = divmod(seconds, 86400)
    clock = f"{rest // 3600}:{rest % 3600 // 60:02}:{rest % 60:02}"
    return f"{days}-{clock.zfill(8)}" if days else clock
