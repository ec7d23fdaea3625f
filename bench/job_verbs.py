"""Restart and interrupt: of a kernel in a job, and of the same layers on the server's own machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from measure import Samples, side_by_side
from place import JOB, LOCAL, Place, ProbedServer
from serving import Page

# In one round, of which the median counts: each takes little longer than what may come in between.
_INTERRUPTS = 9
_BUSY = "print('on', flush=True)\nwhile True:\n    pass"


def compare(
    place: Place, server: ProbedServer, rounds: int
) -> tuple[dict[str, Samples], dict[str, Samples]]:
    """Seconds from the request to restart to the reply to the next cell, and from the request to
    interrupt to the reply to the cell that ran."""
    kernels = {name: server.start(name) for name in (JOB, LOCAL)}
    pages = {name: server.page(kernel) for name, kernel in kernels.items()}
    for page in pages.values():
        page.run("kept = 1")

    def timers(timer: Callable[[ProbedServer, str, Page], float]) -> dict[str, Callable[[], float]]:
        return {
            name: lambda name=name: timer(server, kernels[name], pages[name])  # type: ignore[misc]
            for name in kernels
        }

    interrupts = side_by_side(timers(_interrupt), rounds=rounds, title="interrupt")
    restarts = side_by_side(timers(_restart), rounds=rounds, title="restart")
    for name, page in pages.items():
        page.close()
        server.delete(kernels[name])
    return restarts, interrupts


def _restart(server: ProbedServer, kernel: str, page: Page) -> float:
    start = time.perf_counter()
    server.act(kernel, "restart")
    # The reply alone: jupyter_server subscribes to a local kernel's output again after it has
    # restarted, and may be too late for what the first cell publishes.
    page.answer(page.execute("1"))
    return time.perf_counter() - start


def _interrupt(server: ProbedServer, kernel: str, page: Page) -> float:
    return statistics.median(_one_interrupt(server, kernel, page) for _ in range(_INTERRUPTS))


def _one_interrupt(server: ProbedServer, kernel: str, page: Page) -> float:
    request = page.execute(_BUSY)
    page.until("the loop", lambda m: m["msg_type"] == "stream"
               and m["parent_header"].get("msg_id") == request)  # fmt: skip
    start = time.perf_counter()
    server.act(kernel, "interrupt")
    content = page.reply(request)
    seconds = time.perf_counter() - start
    assert content["status"] == "error", content
    assert page.run("kept") == "1", "an interrupt lost the variables"
    return seconds
