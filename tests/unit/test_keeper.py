"""What the one who looks after a run does when Slurm, a disk or a refusal comes late."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock, create_autospec

import msgspec
import pytest
from supervised import make_run, write_kernel

from kernelkit.errors import KernelkitError, SlurmUnavailable, StorageFull, SubmitRejected
from kernelkit.running import ending, front
from kernelkit.running.background import Background
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
        self.before_refusal: Callable[[], Coroutine[Any, Any, None]] | None = None
        self.tasks: list[asyncio.Task[None]] = []

    async def submit(self, *_: Any, **__: Any) -> str:
        if self.before_refusal is not None:
            self.tasks.append(asyncio.create_task(self.before_refusal()))
            await asyncio.sleep(0)
        raise SubmitRejected("Slurm refuses the job.", hint="Ask for less.")

    async def cancel(self, job_ids: Sequence[str]) -> None:
        self.deaf -= 1
        if self.deaf == 1:
            raise StorageFull("No space is left for the run's files.")
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


def test_a_late_refusal_is_no_matter_to_what_has_followed(tmp_path: Path) -> None:
    kept = Kept(tmp_path)

    async def main() -> None:
        keeper = kept.keeper()
        kept.slurm.before_refusal = lambda: keeper.end("its kernel was restarted in a new job")
        with pytest.raises(SubmitRejected):
            await keeper.submit()
        await asyncio.wait(kept.slurm.tasks)
        assert keeper.state.words == "its kernel was restarted in a new job"

    asyncio.run(main())
    kept.relay.fail.assert_not_called()


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.EACCES])
def test_a_disk_that_cannot_tell_for_a_moment_ends_no_care(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(tmp_path)
    kept.submitted()
    directory, stat = kept.runs.directory(kept.run.id), Path.stat
    refused = 0

    def look_at(path: Path, **named: Any) -> os.stat_result:
        nonlocal refused
        if path == directory:
            refused += 1
            raise OSError(number, os.strerror(number), str(path))
        return stat(path, **named)

    async def main() -> None:
        keeper = kept.keeper()
        await keeper.adopt("")
        keeper._lease._due = 0.0  # the next look renews it
        with monkeypatch.context() as broken:
            broken.setattr(Path, "stat", look_at)
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


def test_an_end_is_on_record_though_its_job_cannot_be_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(tmp_path)
    kept.submitted()

    def refuse(run: Run) -> None:
        raise KernelkitError("The directory cannot be removed.")

    monkeypatch.setattr(kept.runs.allocations, "leave", refuse)

    async def main() -> None:
        keeper = kept.keeper()
        await keeper.adopt("")
        job = Job(id="7", state="TIMEOUT")
        keeper._job_changed(JobUpdate(job, "ended", "over", 0.0))
        while kept.record().phase != "ended":
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert (kept.record().end_code, kept.slurm.cancelled) == ("TIMEOUT", [])


def test_an_end_goes_on_when_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "_END_PATIENCE", 0.05)
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    async def end(keeper: Any, reason: str) -> None:
        begun.set()
        await asyncio.to_thread(may_end.wait)
        ended.set()

    opened = front.Front(None, "kernel")
    opened.keeper = cast(Keeper, SimpleNamespace(run=SimpleNamespace(id="0123456789ab")))
    opened._desk = cast(Any, SimpleNamespace(background=Background(), end=end))
    # As a program's, whose loop ends with all its tasks.
    asyncio.run(opened.end("asked"))
    assert begun.is_set() and not ended.is_set()
    may_end.set()
    assert ended.wait(20)
