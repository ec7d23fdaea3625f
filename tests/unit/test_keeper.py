"""What the one who looks after a run does when Slurm, a disk or a refusal comes late."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock, create_autospec

import msgspec
import pytest
from supervised import make_run, write_kernel

from kernelkit.errors import SlurmUnavailable, SubmitRejected
from kernelkit.running import ending
from kernelkit.running.control import JobControl
from kernelkit.running.keeper import Keeper
from kernelkit.running.pace import Pace
from kernelkit.running.records import Run, Status
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


class DeafSlurm(Slurm):
    """Does not answer to the first `deaf` cancels, and refuses whatever is submitted."""

    def __init__(self, deaf: int = 0) -> None:
        super().__init__()
        self.deaf = deaf
        self.cancelled: list[str] = []

    async def submit(self, *_: Any, **__: Any) -> str:
        raise SubmitRejected("Slurm refuses the job.", hint="Ask for less.")

    async def cancel(self, job_ids: Sequence[str]) -> None:
        self.deaf -= 1
        if self.deaf >= 0:
            raise SlurmUnavailable("Slurm does not answer.")
        self.cancelled += job_ids


class Kept:
    """A run, as left by a server that is gone, and the keeper that is to take it over."""

    def __init__(self, directory: Path, *, phase: JobPhase = "running", deaf: int = 0) -> None:
        self.runs = Counted(directory / "runs")
        gone = msgspec.structs.replace(this_server(), started=1)
        self.run = make_run(self.runs, write_kernel(directory / "kernel"), server=gone, lease=30)
        self.watched, self.slurm = Watched(phase), DeafSlurm(deaf)
        self.relay = cast(Mock, create_autospec(Relay, instance=True))

    def submitted(self) -> None:
        """Its job runs, and a kernel starts there."""
        self.runs.update(self.run.id, job_id="7", submits=1, phase="queued")
        status = "phase=starting\njob=7\nnode=n1\nip=\nstart=1\npid=9\nexit=\nreason=\nserial=0\n"
        (self.runs.directory(self.run.id) / "status").write_text(status)

    def keeper(self) -> Keeper:
        return Keeper(
            self.run, self.runs, JobControl(self.slurm, self.runs), self.relay, {},
            watcher=self.watched, pace=Pace(), start_timeout=60,  # type: ignore[arg-type]
            tell=lambda news: None,
        )  # fmt: skip

    async def look(self, keeper: Keeper, count: int = 3) -> None:
        looks = self.runs.looks
        while self.runs.looks < looks + count:
            keeper.look_now()
            await asyncio.sleep(0.01)

    def record(self) -> Run:
        return self.runs.load(self.run.id)


@pytest.mark.parametrize(("phase", "expected"), [("pending", 1), ("starting", 1), ("running", 0)])
def test_slurm_is_asked_once_when_a_kernel_runs_whose_job_still_waited(
    phase: JobPhase, expected: int, tmp_path: Path
) -> None:
    kept = Kept(tmp_path, phase=phase)
    kept.submitted()

    async def main() -> None:
        keeper = kept.keeper()
        await keeper.adopt("")
        assert keeper.state.phase == "starting"
        await kept.look(keeper)
        await keeper.leave()

    asyncio.run(main())
    assert kept.watched.nudges == expected


def test_cells_that_wait_hear_of_a_refusal(tmp_path: Path) -> None:
    kept = Kept(tmp_path)

    async def main() -> None:
        with pytest.raises(SubmitRejected):
            await kept.keeper().submit()

    asyncio.run(main())
    kept.relay.fail.assert_called_once_with("KernelEnded", "Slurm refuses the job. Ask for less.")


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.EACCES])
def test_a_disk_that_cannot_tell_for_a_moment_ends_no_care(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(tmp_path)
    kept.submitted()
    directory, stat = kept.runs.directory(kept.run.id), os.stat
    refused = 0

    def look_at(path: Any, *words: Any, **named: Any) -> os.stat_result:
        nonlocal refused
        if str(path) == str(directory):
            refused += 1
            raise OSError(number, os.strerror(number), path)
        return stat(path, *words, **named)

    async def main() -> None:
        keeper = kept.keeper()
        await keeper.adopt("")
        keeper._lease._due = 0.0  # the next look renews it
        with monkeypatch.context() as broken:
            broken.setattr(os, "stat", look_at)
            while not refused:
                keeper.look_now()
                await asyncio.sleep(0.01)
        lease = directory / "lease"
        before = lease.read_bytes()
        keeper._lease._due = 0.0
        await kept.look(keeper)
        assert lease.read_bytes() != before and keeper.state.phase == "starting"
        await keeper.end("asked")

    asyncio.run(main())
    assert (kept.slurm.cancelled, kept.record().phase) == (["7"], "ended")


def test_slurm_is_told_of_an_end_until_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "_AGAIN", 0.01)
    kept = Kept(tmp_path, deaf=3)
    kept.submitted()

    async def main() -> None:
        keeper = kept.keeper()
        await keeper.adopt("")
        with pytest.raises(SlurmUnavailable):
            await keeper.end("asked")
        assert kept.record().phase == "ending"
        while kept.record().phase != "ended":
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert (kept.slurm.cancelled, kept.slurm.deaf) == (["7"], -1)
