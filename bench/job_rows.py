"""The table's rows about kernels in Slurm jobs."""

from __future__ import annotations

from collections.abc import Iterator

import job_costs
import job_starts
import job_verbs
from job_costs import Commands
from job_starts import BY_HAND, HERE, OURS, RESTARTED, RESTARTED_HERE, Crowd
from measure import Samples, ratio
from place import JOB, LOCAL, Place, nodes_apart, slurm_place
from real import Parts
from row import Row
from server_rows import answer_row

ANSWER_GOAL = 0.2  # seconds
CELL_GOAL = 1.1
RESTART_GOAL = INTERRUPT_GOAL = 1.2
MANY_GOAL = 1.1
STALL_GOAL = 0.050  # seconds
MEMORY_GOAL = 5  # MB
LISTING_GOAL = 0.3  # seconds


def job_rows(parts: Parts, rounds: int) -> Iterator[Row]:
    """Bring the place up, and measure one subject after the other."""
    with slurm_place(parts) as place:
        with place.server("starts") as server:
            yield _answer(job_starts.to_an_answer(place, server, rounds))
            yield _cell(job_starts.to_the_first_cell(place, server, max(5, rounds // 2)))
            restarts, interrupts = job_verbs.compare(place, server, rounds)
            yield _verb(
                "restart to the next cell",
                restarts,
                RESTART_GOAL,
                "a command of Slurm's wakes the supervisor",
            )
            yield _verb(
                "interrupt of a busy loop",
                interrupts,
                INTERRUPT_GOAL,
                "the request and the end of the cell go through the relay and CurveZMQ",
            )
        with nodes_apart(place), place.server("many") as server:
            server.prefer(place.cluster)
            crowd = job_starts.many_at_once(place, server, job_starts.MANY_ROUNDS)
            yield from _crowd(place, crowd)
        with place.server("commands", counted=True) as server:
            for count in sorted({1, 5, place.many} if place.many > 5 else {1, place.many}):
                yield _commands(job_costs.commands(place, server, count))
        with place.server("memory") as server:
            yield from _memory(place, job_costs.memory(place, server))


def queue_rows(parts: Parts, rounds: int) -> Iterator[Row]:
    """What a page that lists a long queue waits for."""
    with slurm_place(parts) as place, place.server("listing") as server:
        found = job_costs.listing(place, server, rounds)
        what = f"list of {job_costs.JOBS} kernels whose jobs wait"
        yield answer_row(
            what, found["jobs"], found["nothing"], LISTING_GOAL, "each run's record is read"
        )


def _answer(found: dict[str, Samples]) -> Row:
    ours = found[OURS]
    return Row(
        "POST of a kernel to `kernel_info` answered, partition full",
        ours.describe(),
        f"a local kernel: {found[LOCAL].describe()}",
        f"{ours.median * 1000:.0f} ms",
        f"<= {ANSWER_GOAL * 1000:.0f} ms",
        ours.median <= ANSWER_GOAL,
        "sbatch is waited for, so that a refusal is the answer to the POST",
    )


def _cell(found: dict[str, Samples]) -> Row:
    slower = ratio(found[OURS], found[BY_HAND])
    return Row(
        "job started on its node to the first cell executed",
        found[OURS].describe(),
        f"sbatch script by hand: {found[BY_HAND].describe()}",
        f"{slower:.2f} x",
        f"<= {CELL_GOAL} x",
        slower <= CELL_GOAL,
        "launch.sh proves its layers, and a hand-over follows the kernel's first answer",
    )


def _verb(what: str, found: dict[str, Samples], goal: float, cause: str) -> Row:
    slower = ratio(found[JOB], found[LOCAL])
    return Row(
        f"{what}, in a job",
        found[JOB].describe(),
        f"a local kernel: {found[LOCAL].describe()}",
        f"{slower:.2f} x",
        f"<= {goal} x",
        slower <= goal,
        cause,
    )


def _crowd(place: Place, crowd: Crowd) -> Iterator[Row]:
    slower = ratio(crowd.seconds[OURS], crowd.seconds[BY_HAND])
    yield Row(
        f"{place.many} kernels started at once, each with a cell executed",
        crowd.seconds[OURS].describe(),
        f"as many sbatch scripts by hand: {crowd.seconds[BY_HAND].describe()}",
        f"{slower:.2f} x",
        f"<= {MANY_GOAL} x",
        slower <= MANY_GOAL,
        "supervisor.sh, the proof of the layers and CurveZMQ take their part of a node's processor",
    )
    for when, name, here in (
        ("meanwhile", OURS, HERE),
        (f"while {place.many} kernels restart at once", RESTARTED, RESTARTED_HERE),
    ):
        for stalls, what, judged in (
            (crowd.own_stalls, "its wait for a processor left out", True),
            (crowd.stalls, "whatever it waited for", False),
        ):
            yield _stall(f"{when}, of all rounds, {what}", stalls, name, here, judged)


def _stall(what: str, stalls: dict[str, list[float]], name: str, here: str, judged: bool) -> Row:
    ours, local, idle = (max(stalls[each]) for each in (name, here, BY_HAND))
    return Row(
        f"longest stall of the server's event loop {what}",
        f"{ours * 1000:.0f} ms",
        f"as many local kernels and none of ours: {local * 1000:.0f} ms; a server with nothing to do "
        f"while those by hand start: {idle * 1000:.0f} ms",
        f"{(ours - local) * 1000:+.0f} ms, {(ours - idle) * 1000:+.0f} ms",
        f"<= {STALL_GOAL * 1000:.0f} ms" if judged else "",
        ours <= STALL_GOAL if judged else None,
        "twenty requests at once are one turn of the loop, and each takes jupyter_server several ms "
        "before it comes to us",
    )


def _commands(found: Commands) -> Row:
    count = found.kernels
    met = (
        found.start["sbatch"] == count
        and found.minute["squeue"] <= 2
        and found.end["scancel"] == count
        and not found.minute["sbatch"] + found.minute["scancel"] + found.minute["sacct"]
    )
    return Row(
        f"Slurm's commands for {count} kernel{'s' * (count > 1)}",
        f"{_words(found.start)} to start; {_words(found.minute)} in an idle minute; "
        f"{_words(found.end)} to end",
        "",
        "",
        f"{count} sbatch, 1 squeue an interval, {count} scancel",
        met,
        "see the log of commands",
    )


def _words(calls: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in calls.items() if count) or "none"


def _memory(place: Place, found: job_costs.Memory) -> Iterator[Row]:
    for what, size in (("waits", found.held), ("runs", found.running)):
        yield Row(
            f"memory of the server for each kernel whose job {what}, of {place.many}",
            f"{size / 1e6:.1f} MB",
            f"a local kernel: {found.local / 1e6:.1f} MB",
            f"{size / 1e6:.1f} MB",
            f"<= {MEMORY_GOAL} MB",
            size / 1e6 <= MEMORY_GOAL,
            "libzmq's contexts",
        )
