"""When the one who looks after a run has Slurm asked sooner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import msgspec
import pytest
from supervised import make_run, write_kernel

from kernelkit.running.control import ControlSettings, JobControl
from kernelkit.running.keeper import Keeper
from kernelkit.running.pace import Pace
from kernelkit.running.records import Status
from kernelkit.running.relay import Relay
from kernelkit.running.runs import Runs
from kernelkit.running.servers import this_server
from kernelkit.slurm.client import Slurm
from kernelkit.slurm.states import Job, JobPhase
from kernelkit.slurm.tracking import JobUpdate

_STATES: dict[JobPhase, str] = {
    "pending": "PENDING", "starting": "CONFIGURING", "running": "RUNNING"
}  # fmt: skip


class Watched:
    """A watcher whose last look was some time ago; nudges are counted."""

    def __init__(self, phase: JobPhase) -> None:
        job = Job(id="7", state=_STATES[phase])
        self._last = JobUpdate(job, phase, "", 0.0)
        self.nudges = 0

    def subscribe(self, job_id: str, callback: Callable[[JobUpdate], None]) -> Callable[[], None]:
        callback(self._last)
        return lambda: None

    def nudge(self) -> None:
        self.nudges += 1


class Counted(Runs):
    """Run directories whose looks at what supervisors say are counted."""

    looks = 0

    def read_status(self, run_id: str) -> Status | None:
        self.looks += 1
        return super().read_status(run_id)


@pytest.mark.parametrize(("phase", "expected"), [("pending", 1), ("starting", 1), ("running", 0)])
def test_slurm_is_asked_once_when_a_kernel_runs_whose_job_still_waited(
    phase: JobPhase, expected: int, tmp_path: Path
) -> None:
    gone = msgspec.structs.replace(this_server(), started=1)
    runs = Counted(tmp_path / "runs")
    run = make_run(runs, write_kernel(tmp_path / "kernel"), server=gone)
    runs.update(run.id, job_id="7", submits=1, phase="queued")
    status = "phase=starting\njob=7\nnode=n1\nip=\nstart=1\npid=9\nexit=\nreason=\nserial=0\n"
    (runs.directory(run.id) / "status").write_text(status)
    watched = Watched(phase)

    async def main() -> None:
        relay: Any = create_autospec(Relay, instance=True)
        control = JobControl(Slurm(), runs, ControlSettings())
        keeper = Keeper(
            run, runs, control, relay, {}, watcher=watched, pace=Pace(),  # type: ignore[arg-type]
            start_timeout=60, tell=lambda news: None,
        )  # fmt: skip
        await keeper.adopt("")
        assert keeper.state.phase == "starting"
        looks = runs.looks
        while runs.looks < looks + 3:
            keeper.look_now()
            await asyncio.sleep(0.01)
        await keeper.leave()

    asyncio.run(main())
    assert watched.nudges == expected
