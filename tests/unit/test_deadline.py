"""Warnings before a job's end: each once, only where it makes sense, again after an extension."""

from __future__ import annotations

import pytest

from kernelkit.running.deadline import Deadline, MinutesLeft, deadline_in_words
from kernelkit.slurm.states import Job

BEGAN = 1_000_000


def given(deadline: Deadline, first: int, last: int) -> list[tuple[int, MinutesLeft]]:
    """(seconds since the start, warning) for each that is given, looked for every two seconds."""
    found = []
    for second in range(first, last, 2):
        if deadline.look(BEGAN + second):
            found.append((second, deadline.warning))
    return found


def job(limit: int | None, state: str = "RUNNING") -> Job:
    end = None if limit is None else BEGAN + limit
    return Job(id="7", state=state, start=BEGAN, end=end)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (60, [(3000, "10"), (3420, "3"), (3540, "1")]),
        (20, [(600, "10"), (1020, "3"), (1140, "1")]),
        (15, [(720, "3"), (840, "1")]),
        (5, [(240, "1")]),
        (2, [(60, "1")]),
        (1, []),
    ],
)
def test_each_is_given_once_where_it_makes_sense(
    minutes: int, expected: list[tuple[int, MinutesLeft]]
) -> None:
    deadline = Deadline()
    deadline.set(job(60 * minutes))
    assert given(deadline, 0, 60 * minutes) == expected


def test_a_limit_that_moves() -> None:
    deadline = Deadline()
    deadline.set(job(3600))
    assert given(deadline, 0, 3500) == [(3000, "10"), (3420, "3")]
    deadline.set(job(7200))
    assert given(deadline, 3500, 7200) == [(6600, "10"), (7020, "3"), (7140, "1")]
    # Shortened to less than a minute: the one that is true, not all three.
    deadline = Deadline()
    deadline.set(job(36000))
    assert given(deadline, 0, 3600) == []
    deadline.set(job(3640))
    assert given(deadline, 3600, 3640) == [(3600, "1")]
    # An extension to less than three minutes is no news; its last minute is.
    deadline.set(job(3800))
    assert given(deadline, 3640, 3800) == [(3740, "1")]


def test_no_end_no_warning() -> None:
    deadline = Deadline()
    assert given(deadline, 0, 100) == []
    deadline.set(job(None))
    assert given(deadline, 0, 100) == []
    # The end of a job that waits is the scheduler's guess.
    deadline.set(job(30, "PENDING"))
    assert given(deadline, 0, 100) == []


def test_in_words() -> None:
    assert "in 10 minutes" in deadline_in_words("10", "0123456789ab")
    assert "in a minute" in deadline_in_words("1", "0123456789ab")
    assert "kernelkit extend 0123456789ab" in deadline_in_words("1", "0123456789ab")
