"""What a cluster offers one user, as values: partitions, nodes, GPUs, accounts, QOS, reservations.

Memory is in MB, times in seconds (since 1970 where they are moments); None means no limit or not
known, and `Inventory.problems` says which. The structs are also the REST payload of the form.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

# `drain` and `down` take no jobs; `unknown` is a word this version does not know.
NodeState = Literal["idle", "mixed", "allocated", "drain", "down", "unknown"]
Accounting = Literal["slurmdbd", "controller", "none", "unknown"]


class _Offer(Struct, frozen=True, kw_only=True):
    """Sent whole: a form wants every key."""


class GpuCount(_Offer, frozen=True):
    """GPUs of one type (empty where the site names none); `free` could be had at this moment."""

    kind: str
    total: int
    free: int
    # The most of them that one node has.
    per_node: int


class Node(_Offer, frozen=True):
    """One node; `flags` say more of its state in Slurm's words, such as `not responding`."""

    name: str
    partitions: tuple[str, ...]
    state: NodeState
    flags: tuple[str, ...] = ()
    reason: str = ""
    cpus: int = 0
    cpus_idle: int = 0
    memory: int = 0
    memory_free: int = 0
    gpus: tuple[GpuCount, ...] = ()
    features: tuple[str, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether a job could start here now, if it is small enough."""
        return self.state in ("idle", "mixed") and not set(self.flags) & _BUSY


# Flags that keep jobs away from a node whose base state is idle or mixed.
_BUSY = frozenset({"maintenance", "reserved", "not responding", "reboot", "powering down"})


class Partition(_Offer, frozen=True):
    """One partition that this user may submit to, and what its nodes have."""

    name: str
    is_default: bool = False
    # Slurm's word: UP, DOWN (takes jobs, starts none), DRAIN (takes none), INACTIVE (neither).
    state: str = "UP"
    max_time: int | None = None
    default_time: int | None = None
    min_nodes: int = 0
    max_nodes: int | None = None
    max_cpus_per_node: int | None = None
    max_memory_per_node: int | None = None
    max_memory_per_cpu: int | None = None
    # Accounts and QOS that may be used here; empty means any.
    accounts: tuple[str, ...] = ()
    denied_accounts: tuple[str, ...] = ()
    qos: tuple[str, ...] = ()
    denied_qos: tuple[str, ...] = ()
    needs_reservation: bool = False
    nodes: dict[str, int] = {}
    cpus: int = 0
    cpus_idle: int = 0
    # The largest node's.
    node_cpus: int = 0
    node_memory: int = 0
    gpus: tuple[GpuCount, ...] = ()
    features: tuple[str, ...] = ()


class Association(_Offer, frozen=True):
    """An account this user may charge, maybe in one partition only, and with which QOS.

    `qos` is None where it could not be asked for.
    """

    account: str
    partition: str = ""
    qos: tuple[str, ...] | None = None
    default_qos: str = ""
    is_default: bool = False
    max_jobs: int | None = None
    max_time: int | None = None
    max_tres: str = ""


class Qos(_Offer, frozen=True):
    """A quality of service and its limits for one job or one user."""

    name: str
    max_time: int | None = None
    max_tres_per_user: str = ""
    max_tres_per_job: str = ""
    max_jobs_per_user: int | None = None
    max_submitted_per_user: int | None = None


class Reservation(_Offer, frozen=True):
    """A reservation; `is_ours` is whether this user or one of the accounts may use it."""

    name: str
    state: str = ""
    start: int | None = None
    end: int | None = None
    nodes: str = ""
    partition: str = ""
    is_ours: bool = False


class Inventory(_Offer, frozen=True):
    """All of it, as of `taken` (seconds since 1970).

    A part that could not be had is empty, and `problems` says so in a sentence each.
    """

    taken: int
    version: str = ""
    cluster: str = ""
    partitions: tuple[Partition, ...] = ()
    nodes: tuple[Node, ...] = ()
    associations: tuple[Association, ...] = ()
    qos: tuple[Qos, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    accounting: Accounting = "unknown"
    problems: tuple[str, ...] = ()

    def partition(self, name: str) -> Partition | None:
        """The partition of that name."""
        return next((found for found in self.partitions if found.name == name), None)

    @property
    def default_partition(self) -> Partition | None:
        """Where a job goes that names none."""
        return next((found for found in self.partitions if found.is_default), None)

    @property
    def default_account(self) -> str:
        """The account that is charged when none is named; empty when not known."""
        return next((found.account for found in self.associations if found.is_default), "")
