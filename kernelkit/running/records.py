"""What is written about a run, as values and as text; pure.

The files of a run directory, `<run_root>/<run id>/` (mode 0700; every file 0600):

    run.json            the record, `Run`; written before the job is submitted
    launch.sh           the kernel's launch.sh as it was then
    seed.json           the connection file to be; the node puts in its address and ports
    connection-N.json   the connection file of start N; the kernel puts in the ports it took
    cwd, environment, gpus   where the kernel starts, its variables (NAME=VALUE NUL …), its GPUs
    forwarder           words (each ended by NUL) that start running/forwarder.py before the kernel
    log                 what the kernel and the supervisor said
    status              `key=value` lines of the supervisor, replaced as a whole
    requests            `serial verb argument…` lines of the server, the newest last
    lease, keep         `seconds mark`: the mark changes while a server cares; keep: no lease

seed.json, connection-N.json and environment hold secrets, and are removed with the run's end.

`<run_root>/jobs/<job name>/` has an empty file for each run of that job, `idle` (seconds that the
job stays without a run), `closed` (the job takes up no further run) and `gpu-use` (see gpu_use).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from ..errors import InvalidName
from ..model import Resources
from ..names import printable

# A run's own life, as its record tells it; Slurm's view is slurm.states.JobPhase.
RunPhase = Literal["new", "queued", "running", "ending", "ended"]
_ORDER: dict[RunPhase, int] = {"new": 0, "queued": 1, "running": 2, "ending": 3, "ended": 4}

Wait = Literal["auto", "never", "always"]
StatusPhase = Literal["starting", "running", "exited", "ended"]

RUN_ID = re.compile(r"[0-9a-f]{12}")
JOB_NAME_PREFIX = "kernelkit-"

# Lines kept in `requests`: more than can be asked for between two looks of the supervisor.
_REQUESTS_KEPT = 32


class Server(Struct, frozen=True, kw_only=True):
    """The process that cares for a run. `started` is in clock ticks since `boot`'s boot, as
    /proc/PID/stat has it, so that a later process of the same number is another; `token` tells
    two owners in one process apart."""

    host: str
    boot: str
    pid: int
    started: int
    token: str


class Run(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One started kernel. `created` is in seconds since 1970, `lease` in seconds.

    `job_name` is unique to the job, so that a job whose id got lost is found again; a run that
    joined another's job has that job's name. `submits` counts calls of sbatch that may have made a
    job: more than one where Slurm lost the first. `idle` is how many seconds its job stays after
    its last run; a run `with_client` is of a program that ends it when it ends itself, and not of a
    server. `session` is Jupyter's name for the session that it was started in, JPY_SESSION_NAME.
    `end_code` says in one word (see `ends`) and `reason` in a sentence why the run ended.
    """

    id: Annotated[str, Meta(pattern="^[0-9a-f]{12}$")]
    kernel_name: str
    kernel_dir: str
    kernel_id: str
    job_name: Annotated[str, Meta(pattern="^[A-Za-z0-9_.@+-]{1,100}$")]
    created: float
    server: Server
    display_name: str = ""
    job_id: Annotated[str, Meta(pattern="^[0-9]{0,12}$")] = ""
    phase: RunPhase = "new"
    resources: Resources = Resources()
    cwd: str = ""
    session: str = ""
    lease: int = 900
    keep: bool = False
    wait: Wait = "auto"
    gpus: str = ""
    idle: int = 0
    with_client: bool = False
    submits: int = 0
    launches: int = 0
    reason: str = ""
    end_code: str = ""


def is_later(old: RunPhase, new: RunPhase) -> bool:
    """Whether a record may go from `old` to `new`; it never goes back."""
    return _ORDER[new] >= _ORDER[old]


def parse_run(data: bytes) -> Run | None:
    """A record; None for what is none."""
    try:
        return msgspec.json.decode(data, type=Run)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def render_run(run: Run) -> bytes:
    """The text of a record."""
    return msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n"


# --- what the supervisor says --------------------------------------------------------------------


class Status(Struct, frozen=True, kw_only=True):
    """What the supervisor last said. `start` counts the kernels it started, `serial` is the last
    request it acted on, `exit` bash's exit code of the last kernel (128 + n for signal n).

    `reason` says why a run is ending or has ended: `slurm` (scancel, time limit, preemption),
    `asked`, `lease` (no server cared), `exited` (nobody asked for another kernel), `address`,
    `files`, `requeued`.
    """

    phase: StatusPhase
    job: str = ""
    node: str = ""
    ip: str = ""
    start: int = 0
    pid: int = 0
    exit: int | None = None
    reason: str = ""
    serial: int = 0


_WORD = re.compile(r"[\x21-\x7e]{0,255}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_STATUS_PHASES = ("starting", "running", "exited", "ended")


# A file is mostly as it was at the last look, and there are many looks at many files.
@functools.lru_cache(maxsize=256)
def parse_status(data: bytes) -> Status | None:
    """The supervisor's status; None for a file that is empty, cut or not one."""
    text = data.decode("ascii", "replace")
    if not text.endswith("\n"):
        return None
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if found.get("phase") not in _STATUS_PHASES or "serial" not in found:
        return None
    words: dict[str, str] = {k: found[k] for k in ("job", "node", "ip", "reason") if k in found}
    numbers = {k: found[k] for k in ("start", "pid", "serial", "exit") if found.get(k)}
    if not all(_WORD.fullmatch(value) for value in words.values()):
        return None
    if not all(_NUMBER.fullmatch(value) for value in numbers.values()):
        return None
    fields: dict[str, Any] = {"phase": found["phase"]}
    fields.update(words)
    fields.update((name, int(value)) for name, value in numbers.items())
    return msgspec.convert(fields, Status)


PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


def render_seed(connection: Mapping[str, Any], *, picks_ports: bool = True) -> bytes:
    """The seed of a connection file from the manager's one: its keys, and no address or port.

    `picks_ports` is False for a kernel that cannot take port 0; the supervisor then chooses.
    """
    ports: dict[str, Any] = {
        name: 0 if picks_ports else f"@PORT{number}@" for number, name in enumerate(PORTS, 1)
    }
    seed = {
        name: value.decode("ascii") if isinstance(value, bytes) else value
        for name, value in connection.items()
    }
    seed |= {"transport": "tcp", "ip": "@IP@", **ports}
    return msgspec.json.format(msgspec.json.encode(seed), indent=2) + b"\n"


def parse_connection(data: bytes) -> dict[str, Any] | None:
    """The content of a connection file; None until it is whole and names every port."""
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(found, dict):
        return None
    for name in PORTS:
        port = found.get(name)
        if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
            return None
    texts = (found.get("ip"), found.get("key"), found.get("transport"))
    if not all(isinstance(text, str) for text in texts) or not found["ip"]:
        return None
    return found


# --- what the server asks ------------------------------------------------------------------------


def next_requests(before: bytes, *words: str | int) -> tuple[int, bytes]:
    """`requests` with one more line of `words`, and that line's serial number."""
    lines = [line for line in before.decode("ascii", "replace").splitlines() if _serial(line)]
    serial = max(map(_serial, lines), default=0) + 1
    lines.append(" ".join(map(str, (serial, *words))))
    return serial, ("\n".join(lines[-_REQUESTS_KEPT:]) + "\n").encode()


def _serial(line: str) -> int:
    number = line.partition(" ")[0]
    return int(number) if _NUMBER.fullmatch(number) else 0


def render_environment(variables: Mapping[str, str]) -> bytes:
    """`environment`: NAME=VALUE pairs, each ended by NUL, which no value can hold."""
    pairs: Sequence[str] = [f"{name}={value}\0" for name, value in sorted(variables.items())]
    return "".join(pairs).encode("utf-8", "surrogateescape")


def render_lease(seconds: int, mark: int) -> bytes:
    """`lease`; another `mark` tells the supervisor that somebody cares."""
    return f"{seconds} {mark}\n".encode()


_GPUS = re.compile(r"\d{1,3}(,\d{1,3})*")


def check_gpus(text: str) -> None:
    """Raise InvalidName for what are no positions among the GPUs of a job."""
    if text and not _GPUS.fullmatch(text):
        raise InvalidName(
            f"`{printable(text)[:40]}` are not positions of GPUs.", hint="Write `0` or `0,1`."
        )
