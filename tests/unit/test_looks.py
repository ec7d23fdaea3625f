"""How soon a run's files are looked at again, by what the user waits for."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from kernelkit.running import looks
from kernelkit.running.kernel_state import KernelPhase
from kernelkit.running.pace import Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    made = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(looks, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


def seconds_to_the_next(of: looks.Looks, phase: KernelPhase, *, joining: bool = False) -> float:
    """What the loop is asked to wait; it is woken at once instead."""
    asked: list[float] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        later = loop.call_later

        def at_once(after: float, *call: object) -> asyncio.TimerHandle:
            asked.append(after)
            return later(0, *call)

        loop.call_later = at_once  # type: ignore[method-assign, assignment]
        await of.until_next(phase, joining=joining)

    asyncio.run(run())
    return asked[0]


def test_a_job_that_may_start_at_once_is_looked_at_as_one_that_has(clock: SimpleNamespace) -> None:
    pace = Pace(lambda: clock.now)
    of = looks.Looks("0123456789ab", pace)
    starting = pace.interval("another")
    pace.calm("another")
    assert seconds_to_the_next(of, "queued") == starting
    clock.now += 2
    assert seconds_to_the_next(of, "queued") < 0.1
    clock.now += 3
    assert seconds_to_the_next(of, "queued") == 0.5
    clock.now += 60
    assert seconds_to_the_next(of, "queued") == 2
    # The wait for its kernel begins with its start, not with the queue.
    assert seconds_to_the_next(of, "starting") == starting


def test_a_kernel_that_runs_is_looked_at_seldom_once_front_ends_have_it(
    clock: SimpleNamespace,
) -> None:
    of = looks.Looks("0123456789ab", Pace(lambda: clock.now))
    assert seconds_to_the_next(of, "running", joining=True) < 0.1
    assert seconds_to_the_next(of, "running") == 2
    of.hurry()
    assert seconds_to_the_next(of, "running") < 0.1
    clock.now += 60
    assert seconds_to_the_next(of, "running") == 2
