"""Resources -> the argument vectors of Slurm's commands; pure, nothing is run here.

Options go on the command line and the script to standard input: a newline in a job name within
`#SBATCH` lines would run code, and quoting does not help there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..errors import InvalidName, UsageError
from ..model import Resources
from ..names import path_text, printable

# squeue, sinfo and sacct print these as given: one between fields, one before each job.
FIELD = "\x1f"
RECORD = "\x1e"

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,:=@+/-]{0,254}")
# Features are combined: `[rack1|rack2]`, `(a100|h100)&nvlink`, `[rack1*2&rack2*4]`.
_CONSTRAINT = re.compile(r"[A-Za-z0-9_(\[][A-Za-z0-9_.,:=&|*()\[\]@+/-]{0,254}")
_TIME = re.compile(
    r"[0-9]{1,9}|[0-9]{1,6}(:[0-9]{1,2}){1,2}|[0-9]{1,6}-[0-9]{1,2}(:[0-9]{1,2}){0,2}"
    r"|UNLIMITED|INFINITE"
)
_MEMORY = re.compile(r"[0-9]{1,15}[KMGT]?")
_JOB_NAME = re.compile(r"[A-Za-z0-9_.@+-]{1,100}")
# Long options alone: a short one that wants a value would take the next entry for it.
_EXTRA = re.compile(r"(--[a-z][a-z0-9-]+)(=[^\n\r\0]*)?")

# Options that would take the job out of our hands: its script, output, name, environment or
# cluster. sbatch understands every unambiguous beginning of them as well (getopt_long).
_OURS = frozenset(
    {
        "--wrap", "--parsable", "--output", "--error", "--input", "--job-name", "--export",
        "--export-file", "--get-user-env", "--array", "--wait", "--requeue", "--no-requeue",
        "--test-only", "--signal", "--chdir", "--workdir", "--open-mode", "--uid", "--gid",
        "--quiet", "--help", "--usage", "--version", "--clusters",
    }
)  # fmt: skip


def check_resources(resources: Resources) -> None:
    """Check every value before it reaches a command line. Raises InvalidName and UsageError."""
    for _, error in find_faults(resources):
        raise error


def find_faults(resources: Resources) -> Iterator[tuple[str, UsageError]]:
    """What is wrong with a request as text: the key of `Resources`, and the error."""
    for option, value in _words(resources):
        if not (_CONSTRAINT if option == "constraint" else _WORD).fullmatch(value):
            yield option, _invalid(value, option, f"Write it as for `sbatch --{option}`.")
    if resources.time is not None and not _TIME.fullmatch(resources.time):
        hint = "Write minutes, `H:MM:SS` or `D-HH:MM:SS`, such as `2:00:00`."
        yield "time", _invalid(resources.time, "time limit", hint)
    amounts = {key: getattr(resources, key) for key in ("mem", "mem_per_cpu", "mem_per_gpu")}
    given = {key: value for key, value in amounts.items() if value is not None}
    for key, value in given.items():
        if not _MEMORY.fullmatch(value):
            hint = "Write a number with K, M, G or T, such as `16G`."
            yield key, _invalid(value, "amount of memory", hint)
    if len(given) > 1:
        yield (
            list(given)[1],
            UsageError(
                "`mem`, `mem-per-cpu` and `mem-per-gpu` exclude one another.",
                hint="Give one of them.",
            ),
        )
    for entry in resources.extra:
        if (error := _extra_fault(entry)) is not None:
            yield "extra", error


def _invalid(value: str, what: str, hint: str) -> InvalidName:
    return InvalidName(f"`{printable(value)[:80]}` is not a valid {what}.", hint=hint)


def _words(resources: Resources) -> list[tuple[str, str]]:
    named = (
        ("partition", resources.partition),
        ("gres", resources.gres),
        ("account", resources.account),
        ("qos", resources.qos),
        ("constraint", resources.constraint),
        ("reservation", resources.reservation),
    )
    return [(name, value) for name, value in named if value is not None]


def _extra_fault(entry: str) -> UsageError | None:
    found = _EXTRA.fullmatch(entry)
    if not found:
        return InvalidName(
            f"`{printable(entry)[:80]}` is not an sbatch option in full.",
            hint="Write `--option=value` or `--option`, one an entry.",
        )
    option = found.group(1)
    if any(ours.startswith(option) for ours in _OURS):
        return UsageError(
            f"`{option}` is set by kernelkit itself.", hint="Leave it out of the extra options."
        )
    return None


def request_options(resources: Resources) -> list[str]:
    """The options of a request, as sbatch takes them. Raises what `check_resources` raises."""
    check_resources(resources)
    found = [f"--{option}={value}" for option, value in _words(resources)]
    numbers = (
        ("time", resources.time),
        ("mem", resources.mem),
        ("mem-per-cpu", resources.mem_per_cpu),
        ("mem-per-gpu", resources.mem_per_gpu),
        ("cpus-per-task", resources.cpus),
    )
    found += [f"--{option}={value}" for option, value in numbers if value is not None]
    # Site plug-ins and SBATCH_* of a user's shell change the defaults, so both are always said.
    found.append(f"--nodes={resources.nodes or 1}")
    found.append(f"--ntasks={resources.ntasks or resources.nodes or 1}")
    return [*found, *resources.extra]


def submit_argv(resources: Resources, *, job_name: str, log: str, directory: str) -> list[str]:
    """`sbatch` for a job whose script comes on standard input; prints `ID` or `ID;CLUSTER`.

    `log` is the file for the batch step's output, `directory` where it starts.
    """
    return [
        "sbatch", "--parsable", "--no-requeue", "--export=ALL",
        f"--job-name={_job_name(job_name)}", f"--output={_pattern(log)}", "--open-mode=append",
        f"--chdir={path_text(directory)}", *request_options(resources),
    ]  # fmt: skip


def _pattern(path: str) -> str:
    # sbatch expands %j and the like in file names, and drops backslashes.
    if "\\" in path_text(path):
        raise InvalidName(f"`{path}` cannot be a log: Slurm reads `\\`.", hint="Use another path.")
    return path.replace("%", "%%")


def _job_name(name: str) -> str:
    if not _JOB_NAME.fullmatch(name):
        raise InvalidName(f"`{printable(name)[:80]}` is not a valid job name.")
    return name


def test_argv(resources: Resources) -> list[str]:
    """`sbatch --test-only`: checks a request and estimates its start without submitting it."""
    return ["sbatch", "--test-only", "--export=ALL", *request_options(resources)]


def cancel_argv(job_ids: Sequence[str]) -> list[str]:
    """`scancel` of whole jobs."""
    return ["scancel", *map(_job_id, job_ids)]


def signal_argv(job_id: str, signal: str) -> list[str]:
    """`scancel` that signals only the batch step: plain `scancel -s` passes it by."""
    if signal not in ("USR1", "USR2", "TERM"):
        raise UsageError(f"`{signal}` is not a signal that a job of ours understands.")
    return ["scancel", "--batch", f"--signal={signal}", _job_id(job_id)]


def _job_id(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise InvalidName(f"`{printable(text)[:40]}` is not a job id.", hint="It is a number.")
    return text


# What squeue is asked for, by the name of the `Job` field it fills; the name last, because it may
# hold anything. `%S` is the expected start of a pending job and the real one of a running job;
# with SLURM_TIME_FORMAT=%s it is in seconds.
QUEUE_FIELDS = {
    "id": "%i", "state": "%T", "reason": "%r", "partition": "%P", "nodes": "%N", "start": "%S",
    "end": "%e", "limit": "%l", "submitted": "%V", "gres": "%b", "account": "%a", "name": "%j",
}  # fmt: skip


def queue_argv(job_ids: Sequence[str] = ()) -> list[str]:
    """One `squeue` for all jobs of this user, pending ones included, a record a job.

    `--me` is a query of one user; `--name` would make the controller send every job. Without
    `--all` a job is left out while its partition is hidden, or closed to the user's groups: Slurm
    24.11 takes such a job, and it would wait for ever, unseen.
    """
    chosen = [f"--jobs={','.join(map(_job_id, job_ids))}"] if job_ids else []
    form = RECORD + "".join(code + FIELD for code in QUEUE_FIELDS.values())
    return ["squeue", "--me", "--all", "--noheader", "--states=all", f"--format={form}", *chosen]


HISTORY_FIELDS = ("JobIDRaw", "State", "ExitCode", "Start", "End", "NodeList", "Reason", "JobName")


def history_argv(job_ids: Sequence[str]) -> list[str]:
    """`sacct` of jobs that squeue no longer knows; needs slurmdbd."""
    return [
        "sacct", "--allocations", "--noheader", "--parsable2", f"--delimiter={FIELD}",
        f"--format={','.join(HISTORY_FIELDS)}", f"--jobs={','.join(map(_job_id, job_ids))}",
    ]  # fmt: skip
