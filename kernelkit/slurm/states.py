"""A job's state: Slurm's words folded into the few that a kernel's life depends on."""

from __future__ import annotations

import re
import time
from typing import Literal

from msgspec import Struct

JobPhase = Literal["pending", "starting", "running", "ending", "ended", "unknown"]

# Slurm's base states (squeue(1), JOB STATE CODES) by what they mean for the kernel.
_PHASES: dict[str, JobPhase] = {
    "PENDING": "pending",
    "REQUEUED": "pending",
    "REQUEUE_HOLD": "pending",
    "REQUEUE_FED": "pending",
    "SPECIAL_EXIT": "pending",
    "RESV_DEL_HOLD": "pending",
    "CONFIGURING": "starting",
    "POWER_UP_NODE": "starting",
    "RUNNING": "running",
    "RESIZING": "running",
    "SIGNALING": "running",
    "SUSPENDED": "running",
    "STOPPED": "running",
    "COMPLETING": "ending",
    "STAGE_OUT": "ending",
    "COMPLETED": "ended",
    "CANCELLED": "ended",
    "FAILED": "ended",
    "TIMEOUT": "ended",
    "OUT_OF_MEMORY": "ended",
    "NODE_FAIL": "ended",
    "PREEMPTED": "ended",
    "BOOT_FAIL": "ended",
    "DEADLINE": "ended",
    "REVOKED": "ended",
    "LAUNCH_FAILED": "ended",
    "RECONFIG_FAIL": "ended",
}

_ORDER: dict[JobPhase, int] = {
    "unknown": 0, "pending": 1, "starting": 2, "running": 3, "ending": 4, "ended": 5,
}  # fmt: skip


class Job(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Slurm's view of one job at one moment; times in seconds since 1970, durations in seconds.

    `state` is Slurm's own base word (`PENDING`, `TIMEOUT` …). `start` is an estimate while the
    job is pending.
    """

    id: str
    state: str
    name: str = ""
    reason: str = ""
    partition: str = ""
    nodes: str = ""
    start: int | None = None
    end: int | None = None
    submitted: int | None = None
    time_limit: int | None = None
    gres: str = ""
    account: str = ""
    exit_code: str = ""

    @property
    def phase(self) -> JobPhase:
        """What the state means for a kernel; `unknown` for a word this version does not know."""
        return _PHASES.get(self.state, "unknown")


def job_state(text: str) -> str:
    """Slurm's base state in what it printed: CANCELLED in `CANCELLED by 1000` and `CANCELLED+`."""
    found = re.match(r"[A-Za-z_]+", text.strip())
    return found.group(0).upper() if found else ""


def is_later(old: JobPhase, new: JobPhase) -> bool:
    """Whether a kernel may go from `old` to `new`: its state never moves backwards.

    A requeued job is a new one to us, so `ended` is final; unknown changes nothing.
    """
    return new != "unknown" and _ORDER[new] >= _ORDER[old]


# Why a job waits, for people; squeue(1), JOB REASON CODES. The rest is shown as Slurm says it.
_REASONS = {
    "Priority": "other jobs come first",
    "Resources": "waiting for nodes to become free",
    "Dependency": "waiting for another job",
    "BeginTime": "not to start before its begin time",
    "JobHeldUser": "held by you",
    "JobHeldAdmin": "held by an administrator",
    "PartitionDown": "the partition is down",
    "PartitionInactive": "the partition takes no jobs at present",
    "PartitionNodeLimit": "more nodes than the partition allows",
    # Too many nodes or too long, where EnforcePartLimits=NO lets such a job in to wait for ever.
    "PartitionConfig": "it asks for more than its partition allows, and will not start",
    "PartitionTimeLimit": "longer than the partition allows",
    "QOSMaxJobsPerUserLimit": "you run as many jobs as your QOS allows",
    "QOSMaxCpuPerUserLimit": "you use as many CPUs as your QOS allows",
    "QOSMaxGRESPerUser": "you use as many GPUs as your QOS allows",
    "AssocGrpGRES": "your group uses as many GPUs as its account allows",
    "AssocGrpCpuLimit": "your group uses as many CPUs as its account allows",
    "AssocMaxJobsLimit": "you run as many jobs as your account allows",
    "MaxCpuRunMinsPerUser": "your running jobs hold all the CPU time you may have at once",
    "Licenses": "waiting for a licence",
    "Reservation": "waiting for its reservation",
    "ReqNodeNotAvail": "a node it needs is not available",
    "NodeDown": "a node it needs is down",
    "BadConstraints": "no node has what it asks for",
    "InvalidQOS": "its QOS is not valid",
    "InvalidAccount": "its account is not valid",
}


def reason_in_words(reason: str) -> str:
    """Why a job waits, in words; Slurm's own text where it says more or is not known here."""
    code, _, rest = reason.replace("_", " ", 1).partition(",")
    words = _REASONS.get(code.strip().strip("()"))
    if words is None:
        return reason.strip("()")
    return f"{words} ({rest.strip()})" if rest.strip() else words


# How a job ended, for people; squeue(1), JOB STATE CODES.
_ENDS = {
    "COMPLETED": "the job ended",
    "CANCELLED": "the job was cancelled",
    "FAILED": "the job failed",
    "TIMEOUT": "the time limit was reached",
    "OUT_OF_MEMORY": "the job used more memory than it asked for",
    "NODE_FAIL": "its node failed",
    "PREEMPTED": "a job of higher priority took its place",
    "BOOT_FAIL": "its node did not start",
    "DEADLINE": "its deadline passed",
    "REVOKED": "another cluster of the federation took it",
    "LAUNCH_FAILED": "its node could not start it",
    "RECONFIG_FAIL": "its node could not be set up for it",
}


def end_in_words(job: Job) -> str:
    """How a job ended, with Slurm's word: `the time limit was reached (TIMEOUT)`."""
    words = _ENDS.get(job.state, "the job ended")
    by = f" {job.reason}" if job.reason.startswith("by ") else ""
    return f"{words}{by} ({job.state})" if job.state else words


def state_in_words(job: Job, phase: JobPhase, now: float) -> str:
    """How a job stands, for people: `pending: other jobs come first, starts about 14:32`.

    `phase` is what is known, which may be more than `job` says; `now` in seconds since 1970.
    Times are told in this machine's time zone.
    """
    if phase == "ended":
        return end_in_words(job)
    if phase == "pending":
        why = f": {reason_in_words(job.reason)}" if job.reason else ""
        return f"pending{why}{_start_in_words(job.start, now)}"
    where = f" on {job.nodes}" if job.nodes else ""
    if phase == "starting":
        return f"its nodes are being prepared{where}"
    if job.state in ("SUSPENDED", "STOPPED"):
        return f"stopped for a while by Slurm{where} ({job.state})"
    if phase == "unknown":
        return f"in a state of its own ({job.state})" if job.state else "not known yet"
    return f"{phase}{where}"


def _start_in_words(start: int | None, now: float) -> str:
    when = moment_in_words(start, now) if start is not None else ""
    return f", starts about {when}" if when else ""


def moment_in_words(moment: int, now: float) -> str:
    """An estimated start on this machine's clock; empty when it is no time to come."""
    # The scheduler plans anew every minute or so; a start in the past is an old plan.
    if moment <= now or moment > now + 366 * 86400:
        return ""
    form = "%H:%M" if moment - now < 86400 else "%Y-%m-%d %H:%M"
    return time.strftime(form, time.localtime(moment))
