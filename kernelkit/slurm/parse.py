"""What Slurm's commands print -> values; never raises for what a cluster may print.

Recorded outputs of real clusters are in the tests. Text is decoded with replacement before it
gets here, because job names may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .argv import FIELD, HISTORY_FIELDS, QUEUE_FIELDS
from .states import Job, job_state

_JOB_ID_LINE = re.compile(r"(\d+)(?:;(\S+))?")
_UNKNOWN = frozenset({"", "N/A", "NONE", "None", "(null)", "Unknown", "UNKNOWN", "Invalid"})


def parse_job_id(stdout: str) -> str | None:
    """The id that `sbatch --parsable` printed: the last line that is one.

    Sites print banners before it, and plug-ins after it.
    """
    for line in reversed(stdout.splitlines()):
        if found := _JOB_ID_LINE.fullmatch(line.strip()):
            return found.group(1)
    return None


def parse_queue(stdout: str) -> tuple[dict[str, Job], int]:
    """The jobs of `argv.queue_argv` by id, and how many lines could not be read.

    A truncated line is counted, not guessed at: the caller then treats absence as unknown.
    """
    jobs: dict[str, Job] = {}
    bad = 0
    for line in stdout.splitlines():
        if not line.strip():
            continue
        fields = line.split(FIELD)
        if len(fields) != len(QUEUE_FIELDS) or not re.match(r"\d+", fields[0]):
            bad += 1
            continue
        row = dict(zip(QUEUE_FIELDS, (f.strip() for f in fields), strict=True))
        jobs[row["id"]] = Job(
            id=row["id"],
            name=row["name"],
            state=job_state(row["state"]),
            reason=_known(row["reason"]),
            partition=row["partition"],
            nodes=_known(row["nodes"]),
            start=parse_seconds(row["start"]),
            end=parse_seconds(row["end"]),
            time_limit=parse_duration(row["limit"]),
            submitted=parse_seconds(row["submitted"]),
            gres=_known(row["gres"]),
            account=_known(row["account"]),
        )
    return jobs, bad


def parse_history(stdout: str) -> dict[str, Job]:
    """The jobs of `argv.history_argv` by id; `CANCELLED by 1000` keeps who in `reason`."""
    jobs = {}
    for line in stdout.splitlines():
        fields = line.split(FIELD)
        if len(fields) < len(HISTORY_FIELDS) or not fields[0].isdigit():
            continue
        row = dict(zip(HISTORY_FIELDS, fields, strict=False))
        state, _, by = row["State"].partition(" by ")
        jobs[row["JobIDRaw"]] = Job(
            id=row["JobIDRaw"],
            name=row["JobName"],
            state=job_state(state),
            reason=f"by uid {by}" if by else _known(row["Reason"]),
            nodes=_known(row["NodeList"]),
            start=parse_seconds(row["Start"]),
            end=parse_seconds(row["End"]),
            exit_code=row["ExitCode"],
        )
    return jobs


def _known(text: str) -> str:
    return "" if text in _UNKNOWN else text


def parse_seconds(text: str) -> int | None:
    """Seconds since 1970 as SLURM_TIME_FORMAT=%s prints them; None for N/A and the like."""
    return int(text) if text.isascii() and text.isdigit() else None


def parse_duration(text: str) -> int | None:
    """Seconds in a Slurm duration; None where there is no limit or no answer.

    Slurm reads a bare number as minutes, `M:S`, `H:M:S`, `D-H`, `D-H:M` and `D-H:M:S`.
    """
    found = re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?", text.strip())
    if not found:
        return None
    days, *parts = found.groups()
    numbers = [int(p) for p in parts if p is not None]
    if days is not None:
        hours, minutes, seconds = (numbers + [0, 0])[:3]
        return ((int(days) * 24 + hours) * 60 + minutes) * 60 + seconds
    if len(numbers) == 3:
        return (numbers[0] * 60 + numbers[1]) * 60 + numbers[2]
    return numbers[0] * 60 + (numbers[1] if len(numbers) == 2 else 0)


# --- generic resources -----------------------------------------------------------------------------


def split_outside(text: str, separator: str = ",") -> list[str]:
    """`text` split at separators that stand outside parentheses and brackets.

    `gpu:a100:3(IDX:0,2-3),mps:0` has two parts, `cs[100,101]` one.
    """
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        if character in "([":
            depth += 1
        elif character in ")]":
            depth = max(0, depth - 1)
        elif character == separator and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [part for part in (*parts, text[start:]) if part]


@dataclass(frozen=True)
class Gpus:
    """GPUs of one type; `kind` is empty where the site names none. MIG profiles are types."""

    kind: str
    count: int


def parse_gpus(text: str) -> tuple[Gpus, ...]:
    """The GPUs in a Gres, GresUsed or TRES text, by type.

    `shard` and `mps` are the same GPUs again, `gpu_mem` is none. In a TRES text the untyped
    total stands beside the typed ones, and only the typed count.
    """
    if not text or text == "(null)":
        return ()
    typed: dict[str, int] = {}
    plain = 0
    for part in split_outside(text):
        name, kind, count = _gres(part)
        if name != "gpu":
            continue
        if kind:
            typed[kind] = typed.get(kind, 0) + count
        else:
            plain += count
    is_tres = "gres/" in text or "gres:" in text
    if plain and not (is_tres and typed):
        typed[""] = plain
    return tuple(Gpus(kind, count) for kind, count in sorted(typed.items()))


def _gres(part: str) -> tuple[str, str, int]:
    """(name, type, count) of one entry such as `gpu:a100:4(S:0-3)` or `gres/gpu:h100=1`."""
    bare = re.sub(r"\((?!null\)).*", "", part).strip()
    bare = re.sub(r"^gres[/:]", "", bare)
    text, equals, amount = bare.partition("=")
    pieces = [p for p in text.split(":") if p not in ("(null)", "no_consume")]
    if equals:
        count = amount
    elif len(pieces) > 1 and pieces[-1].isdigit():
        count = pieces.pop()
    else:
        count = "1"
    name = pieces[0] if pieces else ""
    return name, ":".join(pieces[1:]), int(count) if count.isdigit() else 0


def expand_hosts(text: str) -> tuple[str, ...]:
    """The host names of a host list: `c[3101-3102,4101],d1` -> c3101, c3102, c4101, d1.

    Widths are kept (`nid00[08-10]`). At most 10,000 names; a list with more ends there.
    """
    names: list[str] = []
    for part in split_outside(text):
        for name in _expand(part):
            names.append(name)
            if len(names) >= 10_000:
                return tuple(names)
    return tuple(names)


def _expand(part: str) -> Iterator[str]:
    found = re.search(r"\[([^\[\]]*)\]", part)
    if not found:
        yield part
        return
    before, after = part[: found.start()], part[found.end() :]
    for piece in found.group(1).split(","):
        low, dash, high = piece.partition("-")
        if dash and low.isdigit() and high.isdigit() and int(high) - int(low) <= 10_000:
            for number in range(int(low), int(high) + 1):
                yield from _expand(f"{before}{str(number).zfill(len(low))}{after}")
        else:
            yield from _expand(f"{before}{piece}{after}")


# --- refusals --------------------------------------------------------------------------------------

# What sbatch says of a refused request, and the key of `Resources` to change. Slurm's own
# sentences, from slurm_strerror (src/common/slurm_errno.c) of 22.05 to 25.11.
_REFUSALS: Sequence[tuple[str, str]] = (
    (r"Invalid account or account/partition", "account"),
    (r"Invalid qos", "qos"),
    (r"invalid partition", "partition"),
    (r"Requested time limit is invalid|time limit", "time"),
    (r"Invalid generic resource|Requested GRES|gres", "gres"),
    (r"Memory specification|memory", "mem"),
    (r"Node count specification|More nodes requested", "nodes"),
    (r"More processors requested|CPU count", "cpus"),
    (r"Invalid feature specification|feature", "constraint"),
    (r"reservation", "reservation"),
    (r"QOSMax\w*GRES|QOSMinGRES", "gres"),
    (r"AssocMax|AssocGrp|QOSMax|QOSGrp|violates accounting/QOS policy", "qos"),
)


def parse_refusal(stderr: str) -> tuple[str, str]:
    """Slurm's own sentence about a refused request, and the field to change (maybe empty)."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [re.sub(r"^\w+: (error: )?", "", line) for line in lines if "error:" in line]
    sentence = errors[-1] if errors else (lines[-1] if lines else "")
    everything = "\n".join(errors or lines)
    for pattern, field in _REFUSALS:
        if re.search(pattern, everything, re.IGNORECASE):
            return sentence, field
    return sentence, ""


_START_ESTIMATE = re.compile(r"to start at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|\d+)")


def parse_estimate(stderr: str) -> str | None:
    """When `sbatch --test-only` expects a job to start, as it printed it; None if it does not."""
    found = _START_ESTIMATE.search(stderr)
    return found.group(1) if found else None
