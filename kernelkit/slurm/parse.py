"""What Slurm's commands print -> values; never raises for what a cluster may print.

Recorded outputs of real clusters are in the tests. Text is decoded with replacement before it
gets here, because job names may hold anything.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .argv import FIELD, HISTORY_FIELDS, QUEUE_FIELDS, RECORD
from .states import Job, job_state

_JOB_ID_LINE = re.compile(r"([0-9]{1,18})(?:;(\S+))?")
# A record begins with a job id: 17, 17_3 (array), 17_[1-9%2] (array in the queue), 17+1 (het).
_RECORD_START = re.compile(RECORD + r"(?=[0-9][0-9_+,%.\[\]-]*" + FIELD + ")")
# `str.strip` would take the separators for white space.
_SPACE = " \t\r\n"
# `None assigned` is sacct's word for the nodes of a job that never ran.
_UNKNOWN = frozenset(
    {"", "N/A", "NONE", "None", "None assigned", "(null)", "Unknown", "UNKNOWN", "Invalid"}
)


def parse_job_id(stdout: str) -> str | None:
    """The id that `sbatch --parsable` printed: the last line that is one.

    Sites print banners before it, and plug-ins after it.
    """
    for line in reversed(stdout.splitlines()):
        if found := _JOB_ID_LINE.fullmatch(line.strip()):
            return found.group(1)
    return None


def parse_queue(stdout: str) -> tuple[dict[str, Job], int]:
    """The jobs of `argv.queue_argv` by id, and how many records could not be read.

    A truncated record is counted, not guessed at: the caller then treats absence as unknown.
    The name comes last, and every record ends in a separator, so that a name may hold line
    breaks and separators of its own.
    """
    before, *records = _RECORD_START.split(stdout)
    jobs: dict[str, Job] = {}
    bad = 1 if before.strip(_SPACE) else 0
    for record in records:
        job = _queued(record)
        if job is None:
            bad += 1
        else:
            jobs[job.id] = job
    return jobs, bad


def _queued(record: str) -> Job | None:
    *fields, end = record.split(FIELD)
    last = len(QUEUE_FIELDS) - 1
    if end != "\n" or len(fields) < len(QUEUE_FIELDS):
        return None
    values = [*(text.strip(_SPACE) for text in fields[:last]), FIELD.join(fields[last:])]
    row = dict(zip(QUEUE_FIELDS, values, strict=True))
    return Job(
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


def parse_history(stdout: str) -> dict[str, Job]:
    """The jobs of `argv.history_argv` by id; `CANCELLED by 1000` keeps who in `reason`.

    What a name that holds a line break spills onto further lines does not begin with an id.
    """
    jobs = {}
    for line in stdout.split("\n"):
        fields = line.split(FIELD)
        if len(fields) < len(HISTORY_FIELDS) or parse_seconds(fields[0]) is None:
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
    return parse_number(text)


def parse_number(text: str) -> int | None:
    """A whole number in ASCII digits; None for anything else (`int` reads `²` and `+1` its way)."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def parse_words(text: str) -> tuple[str, ...]:
    """The words of a list with commas, without Slurm's words for nothing."""
    return tuple(part for part in text.split(",") if part and part not in _UNKNOWN)


def parse_duration(text: str) -> int | None:
    """Seconds in a Slurm duration; None where there is no limit or no answer.

    Slurm reads a bare number as minutes, `M:S`, `H:M:S`, `D-H`, `D-H:M` and `D-H:M:S`.
    """
    found = re.fullmatch(
        r"(?:([0-9]{1,9})-)?([0-9]{1,9})(?::([0-9]{1,9}))?(?::([0-9]{1,9}))?", text.strip()
    )
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


# --- generic resources ----------------------------------------------------------------------------


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
    elif len(pieces) > 1 and parse_number(pieces[-1]) is not None:
        count = pieces.pop()
    else:
        count = "1"
    name = pieces[0] if pieces else ""
    return name, ":".join(pieces[1:]), parse_number(count) or 0


HOST_LIMIT = 10_000


def expand_hosts(text: str) -> tuple[str, ...]:
    """The host names of a host list: `c[3101-3102,4101],d1` -> c3101, c3102, c4101, d1.

    Widths are kept (`nid00[08-10]`). At most 10,000 names; a list with more ends there.
    """
    expanded = itertools.chain.from_iterable(map(_expand, split_outside(text)))
    return tuple(itertools.islice(expanded, HOST_LIMIT))


def _expand(part: str) -> Iterator[str]:
    """Every name of one part; a part with several brackets counts through the last one first."""
    # No cluster's names have more dimensions than five; the rest of the text stays as it is.
    pieces = re.split(r"\[([^\[\]]*)\]", part, maxsplit=5)
    choices = [
        list(itertools.islice(_numbers(piece), HOST_LIMIT)) if index % 2 else [piece]
        for index, piece in enumerate(pieces)
    ]
    yield from map("".join, itertools.product(*choices))


def _numbers(text: str) -> Iterator[str]:
    for piece in text.split(","):
        low_text, dash, high_text = piece.partition("-")
        low, high = parse_number(low_text), parse_number(high_text)
        if dash and low is not None and high is not None and low <= high:
            yield from (str(number).zfill(len(low_text)) for number in range(low, high + 1))
        else:
            yield piece


# --- start estimates ------------------------------------------------------------------------------

_START_ESTIMATE = re.compile(r"to start at ([0-9]{1,18}) ")


def parse_estimate(stderr: str) -> int | None:
    """When `sbatch --test-only` expects a job to start; None if it does not say.

    sbatch prints it with SLURM_TIME_FORMAT=%s, in seconds since 1970.
    """
    found = _START_ESTIMATE.search(stderr)
    return int(found.group(1)) if found else None
