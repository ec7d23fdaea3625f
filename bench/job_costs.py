"""What kernels in jobs cost others: Slurm's commands, and the server's memory."""

from __future__ import annotations

import time
from dataclasses import dataclass

from measure import Samples, show_progress, side_by_side
from place import FULL, JOB, LOCAL, Place, ProbedServer
from slurm import wait_for
from supervised import make_queued_runs, write_kernel

from kernelkit.running.runs import Runs
from kernelkit.site import load_site

JOBS = 200

MINUTE = 60.0
Calls = dict[str, int]


@dataclass(frozen=True)
class Commands:
    """How often each of Slurm's commands was run for `kernels` kernels, in each time of life."""

    kernels: int
    start: Calls
    minute: Calls
    end: Calls


def commands(place: Place, server: ProbedServer, count: int) -> Commands:
    """Start `count` kernels, leave them alone for a minute, end them."""
    seen = [server.slurm_calls()]
    kernels = [server.start(JOB) for _ in range(count)]
    for kernel in kernels:
        _run_a_cell(server, kernel)
    # The news that the last one runs is part of its start.
    _settle(server)
    seen.append(server.slurm_calls())
    for second in range(int(MINUTE)):
        show_progress(f"an idle minute of {count} kernels", second + 1, int(MINUTE))
        time.sleep(1)
    seen.append(server.slurm_calls())
    for kernel in kernels:
        server.delete(kernel)
    wait_for("the jobs to end", lambda: not place.cluster.queue())
    _settle(server)
    seen.append(server.slurm_calls())
    start, minute, end = (
        {name: after[name] - before[name] for name in after}
        for before, after in zip(seen, seen[1:], strict=False)
    )
    return Commands(count, start, minute, end)


def listing(place: Place, server: ProbedServer, rounds: int) -> dict[str, Samples]:
    """Seconds of the answer that lists `JOBS` kernels whose jobs wait, and of the shortest one."""
    runs = Runs(load_site().run_dir)
    make_queued_runs(runs, write_kernel(place.home / "kernel"), place.cluster, JOBS)

    def timer(path: str) -> float:
        start = time.perf_counter()
        status, found = server.call("GET", f"/kernelkit/{path}")
        seconds = time.perf_counter() - start
        assert status == 200, found
        assert path != "jobs" or len(found["runs"]) >= JOBS
        return seconds

    timers = {"jobs": lambda: timer("jobs"), "nothing": lambda: timer("tasks")}
    try:
        return side_by_side(timers, rounds=rounds, title=f"list of {JOBS} jobs")
    finally:
        place.cluster.cancel()


def _run_a_cell(server: ProbedServer, kernel: str) -> None:
    page = server.page(kernel)
    page.run("1")
    page.close()


def _settle(server: ProbedServer) -> None:
    """Until no command was run for ten seconds."""
    last, since = server.slurm_calls(), time.monotonic()
    while time.monotonic() - since < 10:
        time.sleep(0.5)
        if (now := server.slurm_calls()) != last:
            last, since = now, time.monotonic()


@dataclass(frozen=True)
class Memory:
    """Bytes that each kernel adds to the server's own memory."""

    held: float
    running: float
    local: float


def memory(place: Place, server: ProbedServer) -> Memory:
    """The server's growth by `place.many` kernels: of jobs that wait, of such that run, of none."""
    for kernel in (JOB, LOCAL):  # what is loaded with the first of a kind is not counted
        first = server.start(kernel)
        _run_a_cell(server, first)
        server.delete(first)
    with place.cluster.filled():
        held = _growth(place, server, FULL, runs=False)
    return Memory(
        held=held,
        running=_growth(place, server, JOB, runs=True),
        local=_growth(place, server, LOCAL, runs=True),
    )


def _growth(place: Place, server: ProbedServer, kernel: str, *, runs: bool) -> float:
    before = server.probe()["memory"]
    kernels = []
    for number in range(place.many):
        show_progress(f"memory of kernels ({kernel})", number + 1, place.many)
        kernels.append(server.start(kernel))
        if runs:
            _run_a_cell(server, kernels[-1])
    after = server.probe()["memory"]
    for each in kernels:
        server.delete(each)
    return float(after - before) / place.many
