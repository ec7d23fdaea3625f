"""How often the files of runs are looked at."""

from __future__ import annotations

import pytest

from kernelkit.running.pace import Pace


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_longer_one_waits_the_rarer_are_the_looks() -> None:
    clock = Clock()
    pace = Pace(clock)
    found = []
    for waited in (0.0, 2.0, 600.0):
        clock.now = 100.0 + waited
        found.append(pace.interval("a"))
    assert found == [0.02, 0.05, 0.25]


def test_another_wait_begins_anew() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.interval("a")
    clock.now += 600
    pace.calm("a")
    assert pace.interval("a") == 0.02


@pytest.mark.parametrize("count", [20, 100])
def test_many_runs_share_the_looks_of_one_second(count: int) -> None:
    pace = Pace(Clock())
    for number in range(count):
        longest = pace.interval(str(number))
    assert count / longest == pytest.approx(80)


def test_a_run_that_nobody_waits_for_leaves_its_looks_to_the_others() -> None:
    pace = Pace(Clock())
    for number in range(20):
        pace.interval(str(number))
    for number in range(1, 20):
        pace.calm(str(number))
        pace.calm(str(number))
    assert pace.interval("0") == 0.02
