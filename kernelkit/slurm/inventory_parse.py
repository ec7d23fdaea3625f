"""What scontrol and sacctmgr say of partitions, accounts, QOS and reservations -> values; pure.

Never raises. Text formats alone: `--json` changed with almost every release of Slurm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .offers import Association, Partition, Qos, Reservation
from .parse import parse_duration, parse_number, parse_seconds, parse_words

# --- partitions, reservations and configuration ----------------------------------------------------

PARTITIONS_ARGV = ("scontrol", "--oneliner", "show", "partition")
RESERVATIONS_ARGV = ("scontrol", "--oneliner", "show", "reservation")
CONFIG_ARGV = ("scontrol", "show", "config")


def parse_pairs(line: str) -> dict[str, str]:
    """The `Key=value` pairs of one line of scontrol; the first of a key that stands there twice."""
    found: dict[str, str] = {}
    for key, value in re.findall(r"(\S+?)=(\S*)", line):
        found.setdefault(key, "" if value in ("(null)", "N/A", "NONE") else value)
    return found


def _limit(text: str) -> int | None:
    """A limit; 0 and UNLIMITED are none."""
    return parse_number(text) or None


def parse_partitions(stdout: str) -> tuple[Partition, ...]:
    """The partitions of PARTITIONS_ARGV, without what their nodes have."""
    rows = map(parse_pairs, stdout.splitlines())
    return tuple(_partition(row) for row in rows if row.get("PartitionName"))


def _partition(row: Mapping[str, str]) -> Partition:
    def some(key: str) -> tuple[str, ...]:
        return () if row.get(key, "ALL") == "ALL" else parse_words(row[key])

    return Partition(
        name=row["PartitionName"],
        is_default=row.get("Default") == "YES",
        state=row.get("State", "UP"),
        max_time=parse_duration(row.get("MaxTime", "")),
        default_time=parse_duration(row.get("DefaultTime", "")),
        min_nodes=parse_number(row.get("MinNodes", "")) or 0,
        max_nodes=_limit(row.get("MaxNodes", "")),
        max_cpus_per_node=_limit(row.get("MaxCPUsPerNode", "")),
        max_memory_per_node=_limit(row.get("MaxMemPerNode", "")),
        max_memory_per_cpu=_limit(row.get("MaxMemPerCPU", "")),
        accounts=some("AllowAccounts"),
        denied_accounts=some("DenyAccounts"),
        qos=some("AllowQos"),
        denied_qos=some("DenyQos"),
        needs_reservation=row.get("ReqResv") == "YES",
    )


def parse_reservations(stdout: str, user: str, accounts: Iterable[str]) -> tuple[Reservation, ...]:
    """The reservations of RESERVATIONS_ARGV; `No reservations in the system` is none."""
    rows = map(parse_pairs, stdout.splitlines())
    return tuple(
        Reservation(
            name=row["ReservationName"],
            state=row.get("State", ""),
            start=parse_seconds(row.get("StartTime", "")),
            end=parse_seconds(row.get("EndTime", "")),
            nodes=row.get("Nodes", ""),
            partition=row.get("PartitionName", ""),
            is_ours=user in parse_words(row.get("Users", ""))
            or bool(set(accounts) & set(parse_words(row.get("Accounts", "")))),
        )
        for row in rows
        if row.get("ReservationName")
    )


def parse_config(stdout: str) -> dict[str, str]:
    """The settings of CONFIG_ARGV, `Key = value` a line."""
    pairs = (line.partition("=") for line in stdout.splitlines())
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}


# --- accounts and QOS ------------------------------------------------------------------------------

_ASSOC = ("Cluster", "Account", "Partition", "QOS", "DefaultQOS", "MaxJobs", "MaxWall", "MaxTRES")
_QOS = ("Name", "MaxWall", "MaxTRESPU", "MaxTRES", "MaxJobsPU", "MaxSubmitPU")
QOS_ARGV = ("sacctmgr", "--noheader", "--parsable2", "show", "qos", f"format={','.join(_QOS)}")


def associations_argv(user: str) -> tuple[str, ...]:
    """What slurmdbd knows of a user's accounts, limits of the parents included."""
    where = f"user={user}"
    form = f"format={','.join(_ASSOC)}"
    return ("sacctmgr", "--noheader", "--parsable2", "show", "assoc", where, form)


def default_account_argv(user: str) -> tuple[str, ...]:
    """Which account is charged when none is named."""
    form = "format=User,DefaultAccount"
    return ("sacctmgr", "--noheader", "--parsable2", "show", "user", user, form)


def cached_associations_argv(user: str) -> tuple[str, ...]:
    """The controller's copy, for where slurmdbd cannot be reached; it has no list of QOS."""
    return ("scontrol", "--oneliner", "show", "assoc_mgr", f"users={user}", "flags=assoc")


def _table(stdout: str, columns: tuple[str, ...]) -> Iterable[dict[str, str]]:
    for line in stdout.splitlines():
        fields = line.split("|")
        if len(fields) >= len(columns):
            yield dict(zip(columns, fields, strict=False))


def parse_associations(
    stdout: str, *, cluster: str, default_account: str = ""
) -> tuple[Association, ...]:
    """The associations of `associations_argv` on this cluster (any, when it has no name)."""
    return tuple(
        Association(
            account=row["Account"],
            partition=row["Partition"],
            qos=parse_words(row["QOS"]),
            default_qos=row["DefaultQOS"],
            is_default=row["Account"] == default_account,
            max_jobs=parse_number(row["MaxJobs"]),
            max_time=parse_duration(row["MaxWall"]),
            max_tres=row["MaxTRES"],
        )
        for row in _table(stdout, _ASSOC)
        if row["Account"] and row["Cluster"] in ("", cluster or row["Cluster"])
    )


def parse_default_account(stdout: str) -> str:
    """The account of `default_account_argv`."""
    return next((row["account"] for row in _table(stdout, ("user", "account"))), "")


def parse_cached_associations(stdout: str, user: str) -> tuple[Association, ...]:
    """The associations of `cached_associations_argv`; limits as `1(0)`, the limit and its use."""

    def number(text: str) -> str:
        return text.partition("(")[0]

    rows = map(parse_pairs, stdout.splitlines())
    return tuple(
        Association(
            account=row["Account"],
            partition=row.get("Partition", ""),
            is_default=row.get("DefAssoc") == "Yes",
            max_jobs=parse_number(number(row.get("MaxJobs", ""))),
            max_time=parse_duration(number(row.get("MaxWallPJ", ""))),
            max_tres=row.get("MaxTRESPJ", ""),
        )
        for row in rows
        if row.get("Account") and number(row.get("UserName", "")) == user
    )


def parse_qos(stdout: str) -> tuple[Qos, ...]:
    """The QOS of QOS_ARGV."""
    return tuple(
        Qos(
            name=row["Name"],
            max_time=parse_duration(row["MaxWall"]),
            max_tres_per_user=row["MaxTRESPU"],
            max_tres_per_job=row["MaxTRES"],
            max_jobs_per_user=parse_number(row["MaxJobsPU"]),
            max_submitted_per_user=parse_number(row["MaxSubmitPU"]),
        )
        for row in _table(stdout, _QOS)
        if row["Name"]
    )
