"""The watcher over Slurm's misbehaving commands: a job ends only when it has."""

from __future__ import annotations

import asyncio
import logging

import pytest
from fakes import TROUBLE, Fakes

from kernelkit.slurm.client import Slurm
from kernelkit.slurm.tracking import JobUpdate
from kernelkit.slurm.watcher import Watcher


def looked(fakes: Fakes, *bodies: str, exit_words: str | None = None) -> list[JobUpdate]:
    """What a subscriber to job 17 hears; a body is squeue's, a state one that it tells."""
    seen: list[JobUpdate] = []
    watcher = Watcher(Slurm())

    async def main() -> None:
        for body in bodies:
            if body.isupper():
                fakes.queue(("17", body, "x"))
            else:
                fakes.put("squeue", body)
            if not seen and watcher.last("17") is None:
                watcher.subscribe("17", seen.append, exit_words=lambda: exit_words)
            await watcher.look()
        await watcher.stop()

    asyncio.run(main())
    return seen


EMPTY = "exit 0"


@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_ends_no_job_and_is_told_once(
    fakes: Fakes,
    trouble: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    body = TROUBLE[trouble]
    seen = looked(fakes, "RUNNING", body, body, body, body, "RUNNING")
    assert {update.phase for update in seen} == {"running"}
    assert seen[-1].unknown_since is None
    assert any(update.unknown_since for update in seen)
    assert len([r for r in caplog.records if r.levelno == logging.WARNING]) == 1
    assert len([r for r in caplog.records if r.levelno == logging.INFO]) == 1


def test_a_squeue_that_hangs(fakes: Fakes, impatient: None) -> None:
    seen = looked(fakes, "RUNNING", "exec sleep 60", "RUNNING")
    assert [update.unknown_since is None for update in seen] == [True, False, True]


def test_a_vanished_job_without_accounting(fakes: Fakes) -> None:
    fakes.put("sacct", "echo 'Slurm accounting storage is disabled'; exit 1")
    seen = looked(fakes, "RUNNING", EMPTY, EMPTY)
    assert seen[-1].words == "ended (details unavailable)"
    assert fakes.calls("sacct") == 1
    seen = looked(fakes, "RUNNING", EMPTY, EMPTY, exit_words="the kernel ended with exit code 9")
    assert seen[-1].words == "the kernel ended with exit code 9"


def test_absence_counts_only_when_the_answer_is_whole(fakes: Fakes) -> None:
    half = "echo 'squeue: error: Socket timed out' >&2"
    seen = looked(fakes, "RUNNING", EMPTY, half, half, half)
    assert {update.phase for update in seen} == {"running"}
    seen = looked(fakes, "RUNNING", EMPTY, "RUNNING", EMPTY, "RUNNING")
    assert {update.phase for update in seen} == {"running"}


def test_a_sacct_that_hangs_delays_the_news_only_a_little(fakes: Fakes, impatient: None) -> None:
    fakes.put("sacct", "exec sleep 60")
    seen = looked(fakes, "RUNNING", EMPTY, EMPTY)
    assert seen[-1].phase == "ended"


def test_an_unknown_state_is_shown_and_changes_nothing(fakes: Fakes) -> None:
    seen = looked(fakes, "RUNNING", "HIBERNATING", "RUNNING", "OUT_OF_MEMORY")
    assert [update.phase for update in seen][-1] == "ended"
    assert seen[-1].words == "the job used more memory than it asked for (OUT_OF_MEMORY)"
    assert {update.phase for update in seen[:-1]} == {"running"}
