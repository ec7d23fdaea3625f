"""From the request for a kernel to its first cell: while the queue is full, alone, and many at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hand_made import LIMIT, HandMade, hand_made
from measure import Samples, Timer, show_progress, side_by_side
from place import FULL, JOB, LOCAL, Place, ProbedServer
from slurm import wait_for
from websocket import WebSocketTimeoutException

OURS, BY_HAND, HERE = "in a job", "by hand", "here"
RESTARTED, RESTARTED_HERE = "in a job, restarted", "here, restarted"
MANY_ROUNDS = 9


def to_an_answer(place: Place, server: ProbedServer, rounds: int) -> dict[str, Samples]:
    """Seconds from POST /api/sessions to kernel_info_reply on a websocket; the partition is full."""

    def timer(kernel: str) -> float:
        start = time.perf_counter()
        opened = server.start(kernel)
        page = server.page(opened)
        request = page.send("kernel_info_request", {})
        page.until("kernel_info_reply", lambda m: m["parent_header"].get("msg_id") == request
                   and m["msg_type"] == "kernel_info_reply")  # fmt: skip
        seconds = time.perf_counter() - start
        page.close()
        server.delete(opened)
        return seconds

    with place.cluster.filled():
        timers = {OURS: lambda: timer(FULL), LOCAL: lambda: timer(LOCAL)}
        return side_by_side(timers, rounds=rounds, title="POST to an answer, partition full")


def to_the_first_cell(place: Place, server: ProbedServer, rounds: int) -> dict[str, Samples]:
    """Seconds from the start of the job on its node to the reply to its first cell."""

    def ours() -> float:
        kernel = server.start(JOB)
        page = server.page(kernel)
        page.answer(page.execute("1"))
        end = _now()
        seconds = end - _job_began(_only_job(place))
        page.close()
        server.delete(kernel)
        return seconds

    def by_hand() -> float:
        with hand_made(place) as kernel:
            kernel.run("1")
            return _now() - _job_began(kernel.job)

    timers = {OURS: _alone(place, ours), BY_HAND: _alone(place, by_hand)}
    return side_by_side(timers, rounds=rounds, title="RUNNING to the first cell")


@dataclass(frozen=True)
class Crowd:
    """`stalls` is how late the server's event loop was at most, in seconds, in each round, and
    `own_stalls` the same without its wait for a processor. By hand the server has nothing to do;
    with kernels of its own machine, in one round, it has Jupyter's part of the work, and none of
    ours. The kernels that were started are restarted all at once."""

    seconds: dict[str, Samples]
    stalls: dict[str, list[float]]
    own_stalls: dict[str, list[float]]


def many_at_once(place: Place, server: ProbedServer, rounds: int) -> Crowd:
    """Seconds from the first request to the last reply to a first cell, of `place.many` kernels."""
    crowds = {OURS: partial(_served_at_once, JOB), BY_HAND: _by_hand_at_once}
    seconds: dict[str, list[float]] = {name: [] for name in crowds}
    all_names = (*crowds, HERE, RESTARTED, RESTARTED_HERE)
    found = Crowd({}, *({name: [] for name in all_names} for _ in range(2)))

    def look(name: str) -> None:
        probed = server.probe()
        found.stalls[name].append(probed["stall"])
        found.own_stalls[name].append(probed["own_stall"])

    for number in range(rounds + 1):
        show_progress(f"{place.many} kernels at once", number, rounds)
        for name, crowd in crowds.items():
            _wait_until_empty(place)
            server.probe()
            took = crowd(place, server)
            if number:
                seconds[name].append(took)
                look(name)
            if number and name == OURS:
                _restart_all(server)
                look(RESTARTED)
            _end_all(place, server)
    server.probe()
    # Where a local kernel's first answer is lost, jupyter_server opens its page after 60 s: too late.
    with suppress(WebSocketTimeoutException):
        _served_at_once(LOCAL, place, server)
    look(HERE)
    _restart_all(server)
    look(RESTARTED_HERE)
    _end_all(place, server)
    found.seconds.update({name: Samples(tuple(each)) for name, each in seconds.items()})
    return found


def _served_at_once(kernel: str, place: Place, server: ProbedServer) -> float:
    def one(_: int) -> None:
        page = server.page(server.start(kernel))
        page.answer(page.execute("1"), LIMIT)
        page.close()

    with ThreadPoolExecutor(place.many) as pool:
        start = time.perf_counter()
        list(pool.map(one, range(place.many)))
        return time.perf_counter() - start


def _by_hand_at_once(place: Place, _: ProbedServer) -> float:
    with ExitStack() as stack, ThreadPoolExecutor(place.many) as pool:

        def one(_: int) -> HandMade:
            kernel = stack.enter_context(hand_made(place))
            kernel.run("1")
            return kernel

        start = time.perf_counter()
        list(pool.map(one, range(place.many)))
        return time.perf_counter() - start


def _restart_all(server: ProbedServer) -> None:
    def one(kernel: dict[str, Any]) -> None:
        status, answer = server.call("POST", f"/api/kernels/{kernel['id']}/restart", {})
        assert status == 200, answer

    _, kernels = server.call("GET", "/api/kernels")
    with ThreadPoolExecutor(len(kernels)) as pool:
        list(pool.map(one, kernels))


def _end_all(place: Place, server: ProbedServer) -> None:
    status, kernels = server.call("GET", "/api/kernels")
    assert status == 200, kernels
    for kernel in kernels:
        server.delete(kernel["id"])
    place.cluster.cancel()


def _alone(place: Place, timer: Timer) -> Timer:
    def run() -> float:
        _wait_until_empty(place)
        return timer()

    return run


def _wait_until_empty(place: Place) -> None:
    wait_for("the queue to be empty", lambda: not place.cluster.queue())


def _only_job(place: Place) -> str:
    ((job, *_),) = place.cluster.queue()
    return job


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _job_began(job: str) -> float:
    """When Slurm started the job's batch step: its process tells, to a hundredth of a second."""
    title = f"slurmstepd: [{job}.batch]".encode()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (path / "cmdline").read_bytes().startswith(title):
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                return int(fields[19]) / 100  # in ticks of USER_HZ, since the machine booted
        except OSError:  # gone by now
            continue
    raise SystemExit(f"job {job} has no batch step on this host")
