"""What is asked of a run while Slurm takes its time, and while its supervisor still writes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import pytest

from kernelkit.running import control as controls
from kernelkit.running.control import JobControl
from kernelkit.running.records import Run
from kernelkit.running.runs import Runs
from kernelkit.slurm.client import Slurm


class SlowSlurm(Slurm):
    """Takes as long as a test says to answer to a submission, and for ever to a signal."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.signals = 0
        self.cancelled: list[str] = []

    async def submit(self, *_: Any, **__: Any) -> str:
        self.is_asked.set()
        await self.may_answer.wait()
        return "7"

    async def signal(self, job_id: str, name: str) -> None:
        self.signals += 1
        await asyncio.Event().wait()

    async def cancel(self, job_ids: Sequence[str]) -> None:
        self.cancelled += job_ids


def runs_in_a_job(runs: Runs, run: Run) -> None:
    runs.allocations.join(run, run.job_name)
    runs.update(run.id, job_id="7", submits=1, phase="queued")
    status = "phase=running\njob=7\nnode=n1\nip=\nstart=1\npid=9\nexit=\nreason=\nserial=0\n"
    (runs.directory(run.id) / "status").write_text(status)


def test_nobody_waits_for_a_supervisor_to_be_woken(
    runs: Runs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "_WAKE_PATIENCE", 0.05)
    runs_in_a_job(runs, run)

    async def main() -> None:
        slurm = SlowSlurm()
        control = JobControl(slurm, runs)
        assert await control.signal(run.id, "INT")
        assert await control.relaunch(run.id) == 2
        assert slurm.signals == 2

    asyncio.run(main())
    asked = (runs.directory(run.id) / "requests").read_text().splitlines()
    assert [line.split()[1] for line in asked] == ["signal", "relaunch"]


def test_what_is_ended_while_it_is_submitted_is_on_record_at_once(runs: Runs, run: Run) -> None:
    async def main() -> None:
        slurm = SlowSlurm()
        control = JobControl(slurm, runs)
        starting = asyncio.create_task(control.start(run.id))
        await slurm.is_asked.wait()
        ending = asyncio.create_task(control.end(run.id, reason="asked"))
        while runs.load(run.id).phase != "ending":
            await asyncio.sleep(0)
            assert not ending.done()
        slurm.may_answer.set()
        await asyncio.gather(starting, ending)
        assert slurm.cancelled == ["7"]

    asyncio.run(main())
    assert (runs.load(run.id).phase, runs.load(run.id).reason) == ("ended", "asked")


def test_a_supervisor_that_writes_while_its_job_is_forgotten_is_no_fault(
    runs: Runs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_in_a_job(runs, run)
    directory, rmdir = runs.allocations.directory(run.job_name), os.rmdir

    def remove(path: Any, **named: Any) -> None:
        # As supervisor.sh does in the moment before it ends; it cannot where there is no directory.
        if directory.is_dir():
            (directory / "closed").touch()
        rmdir(path, **named)

    monkeypatch.setattr(os, "rmdir", remove)
    ended = asyncio.run(JobControl(SlowSlurm(), runs).end(run.id, reason="asked"))
    assert (ended.phase, runs.load(run.id).phase) == ("ended", "ended")
    assert not any(path.is_dir() for path in runs.allocations.root.iterdir())
