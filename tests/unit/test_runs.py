"""Run directories without a job: what is in them, what changes, what is found."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from supervised import KEY, make_run, write_kernel

from kernelkit.errors import (
    InvalidName,
    KernelFailed,
    KernelkitError,
    NotFound,
    NotPermitted,
    UsageError,
)
from kernelkit.running.control import JobControl
from kernelkit.running.housekeeping import clean, clean_beside
from kernelkit.running.orphans import find_orphans, is_abandoned, lease_age
from kernelkit.running.records import RUN_ID, Run, Server
from kernelkit.running.runs import Runs
from kernelkit.running.servers import is_gone, this_server
from kernelkit.slurm.client import Slurm
from kernelkit.slurm.states import Job


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "share" / "runs")


@pytest.fixture
def run(runs: Runs, tmp_path: Path) -> Run:
    return make_run(runs, write_kernel(tmp_path / "kernel"), variables={"HF_TOKEN": "secret"})


def test_everything_is_there_before_a_job_is_and_private(runs: Runs, run: Run) -> None:
    directory = runs.directory(run.id)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert modes.pop("launch.sh") == 0o700
    assert set(modes.values()) == {0o600}
    wanted = {"cwd", "environment", "lease", "log", "requests", "run.json", "seed.json", "status"}
    assert set(modes) == wanted
    assert runs.load(run.id) == run
    assert run.job_name == f"kernelkit-{run.id}" and run.phase == "new" and run.submits == 0


def test_the_record_and_the_job_hold_no_secret(runs: Runs, run: Run) -> None:
    record = (runs.directory(run.id) / "run.json").read_text()
    assert KEY not in record and "secret" not in record
    assert KEY in (runs.directory(run.id) / "seed.json").read_text()


def test_launch_sh_is_as_it_was_at_submit(runs: Runs, run: Run, tmp_path: Path) -> None:
    before = (tmp_path / "kernel" / "launch.sh").read_bytes()
    write_kernel(tmp_path / "kernel", "echo another")
    assert (runs.directory(run.id) / "launch.sh").read_bytes() == before


def test_a_phase_never_goes_backwards(runs: Runs, run: Run) -> None:
    assert runs.update(run.id, phase="ending", reason="why").phase == "ending"
    after = runs.update(run.id, phase="queued", job_id="12")
    assert (after.phase, after.job_id, after.reason) == ("ending", "12", "why")
    assert runs.update(run.id, phase="ended").phase == "ended"


def test_requests_have_serial_numbers_and_none_is_lost(runs: Runs, run: Run) -> None:
    for number in range(1, 41):
        assert runs.request(run.id, "signal", "INT", 1) == number
    lines = (runs.directory(run.id) / "requests").read_text().splitlines()
    assert lines[-1] == "40 signal INT 1" and len(lines) == 32
    with pytest.raises(UsageError, match="`reboot`"):
        runs.request(run.id, "reboot")


def test_runs_are_found_by_kernel_and_by_job(runs: Runs, run: Run, tmp_path: Path) -> None:
    other = make_run(runs, tmp_path / "kernel", kernel_id="other")
    runs.update(run.id, job_id="12")
    assert [found.id for found in runs.of_job("12")] == [run.id]
    assert [found.id for found in runs.of_job(other.job_name)] == [other.id]
    assert runs.of_job("") == []
    assert runs.of_kernel("other") == other
    runs.update(other.id, phase="ended")
    assert runs.of_kernel("other") is None
    assert [found.id for found in runs.listing().runs] == [run.id, other.id]


def test_what_is_removed_is_gone_with_its_place_in_the_job(runs: Runs, run: Run) -> None:
    assert runs.allocations.join(run, run.job_name)
    runs.remove(run.id)
    runs.remove(run.id)
    assert not runs.directory(run.id).exists()
    assert not runs.allocations.directory(run.job_name).exists()
    with pytest.raises(NotFound, match=run.id):
        runs.load(run.id)
    with pytest.raises(NotFound):
        runs.update(run.id, phase="ended")
    assert runs.read_status(run.id) is None
    assert runs.read_log(run.id) == ""


@pytest.mark.parametrize("name", ["", "..", "../0123456789ab", "0123456789AB", "0123456789ab\n"])
def test_what_is_no_run_id_touches_nothing(runs: Runs, name: str) -> None:
    for method in (runs.load, runs.remove, runs.read_status, runs.read_log):
        with pytest.raises(InvalidName):
            method(name)
    assert not runs.root.exists()


@pytest.mark.parametrize("gpus", ["a", "0;1", "-1", "0,", "1000"])
def test_what_are_no_gpus(runs: Runs, tmp_path: Path, gpus: str) -> None:
    with pytest.raises(InvalidName, match="positions of GPUs"):
        make_run(runs, write_kernel(tmp_path / "kernel"), gpus=gpus)
    assert not runs.root.exists()


def test_variables_that_steer_slurm_or_the_shell_stay_outside(runs: Runs, tmp_path: Path) -> None:
    variables = {"GOOD": "a\nb", "SLURM_NTASKS": "9", "BASH_ENV": "/x", "LD_PRELOAD": "/y"}
    run = make_run(runs, write_kernel(tmp_path / "kernel"), variables=variables)
    assert (runs.directory(run.id) / "environment").read_bytes() == b"GOOD=a\nb\0"


# --- servers, leases, orphans ------------------------------------------------------------------------


def test_this_process_lives_and_a_later_one_of_its_number_is_another() -> None:
    me = this_server()
    assert is_gone(me) is False
    assert is_gone(msgspec.structs.replace(me, started=me.started + 1)) is True
    assert is_gone(msgspec.structs.replace(me, boot="before")) is True
    assert is_gone(msgspec.structs.replace(me, host="elsewhere")) is None


def test_a_server_of_another_host_is_told_by_its_lease(runs: Runs, tmp_path: Path) -> None:
    elsewhere = msgspec.structs.replace(this_server(), host="elsewhere")
    run = make_run(runs, write_kernel(tmp_path / "kernel"), server=elsewhere, lease=60)
    assert not is_abandoned(runs, run)
    lease = runs.directory(run.id) / "lease"
    # While there is still time to come before the supervisor ends it.
    os.utime(lease, (0, lease.stat().st_mtime - 31))
    assert is_abandoned(runs, run)
    runs.renew_lease(run)
    assert not is_abandoned(runs, run)
    assert (lease_age(runs, run) or 0) < 60
    assert not list(runs.root.glob(".clock*"))


def test_orphans(runs: Runs, run: Run, tmp_path: Path) -> None:
    dead = msgspec.structs.replace(this_server(), started=1)
    abandoned = make_run(runs, tmp_path / "kernel", server=dead)
    never = make_run(runs, tmp_path / "kernel", server=dead)
    unnoticed = make_run(runs, tmp_path / "kernel", server=dead)
    jobless = make_run(runs, tmp_path / "kernel")
    for each, number in ((abandoned, "1"), (jobless, "2")):
        runs.update(each.id, job_id=number, phase="queued", submits=1)
    runs.update(unnoticed.id, submits=1)
    jobs = {
        "1": Job(id="1", state="RUNNING", name=abandoned.job_name),
        "3": Job(id="3", state="PENDING", name="kernelkit-bbbbbbbbbbbb"),
        "4": Job(id="4", state="PENDING", name="kernelkit-of-mine"),
        "5": Job(id="5", state="CANCELLED", name="kernelkit-cccccccccccc"),
        "6": Job(id="6", state="PENDING", name=unnoticed.job_name),
    }
    found = find_orphans(runs, jobs, complete=True)
    assert {each.id for each in found.abandoned} == {abandoned.id, unnoticed.id}
    assert {each.id for each in found.jobless} == {jobless.id, never.id}
    assert [job.id for job in found.runless] == ["3"]
    unsure = find_orphans(runs, {}, complete=False)
    assert not unsure.jobless and not unsure.runless


def test_a_job_that_waits_for_its_next_kernel_is_no_orphan(runs: Runs, run: Run) -> None:
    runs.allocations.join(run, run.job_name, idle=600)
    (runs.allocations.directory(run.job_name) / run.id).unlink()  # as the supervisor does
    runs.update(run.id, job_id="1", phase="ended")
    job = Job(id="1", state="RUNNING", name=run.job_name)
    found = find_orphans(runs, {"1": job}, complete=True)
    assert ([job.id for job in found.idle], found.runless) == (["1"], ())


# --- another server ----------------------------------------------------------------------------------


def left_behind(runs: Runs, directory: Path, **changes: Any) -> Run:
    """A run with a job, of a process whose number another one has now."""
    recycled = msgspec.structs.replace(this_server(), started=1)
    run = make_run(runs, write_kernel(directory / "kernel"), server=recycled)
    return runs.update(run.id, **{"job_id": "7", "phase": "queued", "submits": 1, **changes})


def adopt(runs: Runs, run: Run, server: Server) -> Run | KernelkitError:
    try:
        return asyncio.run(JobControl(Slurm(), runs).adopt(run.id, server, kernel_id="new"))
    except KernelkitError as error:
        return error


def test_of_many_who_adopt_a_run_one_gets_it(runs: Runs, tmp_path: Path) -> None:
    run = left_behind(runs, tmp_path)
    servers = [msgspec.structs.replace(this_server(), token=str(n)) for n in range(8)]
    start = threading.Barrier(len(servers))

    def try_it(server: Server) -> Run | KernelkitError:
        start.wait()
        return adopt(runs, run, server)

    with ThreadPoolExecutor(len(servers)) as pool:
        results = list(pool.map(try_it, servers))
    (winner,) = [found for found in results if isinstance(found, Run)]
    assert runs.load(run.id) == winner
    assert (winner.kernel_id, winner.job_id) == ("new", "7")
    losers = [found for found in results if not isinstance(found, Run)]
    assert {type(error) for error in losers} == {NotPermitted}
    assert str(os.getpid()) in losers[0].message


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"phase": "ended", "reason": "it was cancelled"}, "has ended: it was cancelled"),
        ({"phase": "ending"}, "has ended"),
        ({"job_id": "", "submits": 0}, "has no job"),
    ],
)
def test_what_cannot_be_adopted(
    runs: Runs, tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    run = left_behind(runs, tmp_path, **changes)
    found = adopt(runs, run, this_server())
    assert isinstance(found, KernelFailed) and why in found.message
    assert runs.load(run.id).server == run.server


def test_a_run_that_its_supervisor_ended_is_not_adopted(runs: Runs, tmp_path: Path) -> None:
    run = left_behind(runs, tmp_path, phase="running")
    (runs.directory(run.id) / "status").write_text("phase=ended\nreason=lease\nserial=0\n")
    found = adopt(runs, run, this_server())
    assert isinstance(found, KernelFailed) and "has ended" in found.message


# --- what is removed, and when -----------------------------------------------------------------------

DAY = 86400.0


def age(runs: Runs, run_id: str, days: float) -> None:
    """As if nothing in the run's directory had been written for so long."""
    directory = runs.directory(run_id)
    then = time.time() - days * DAY
    for path in (*directory.iterdir(), directory):
        os.utime(path, (then, then))


def names(runs: Runs) -> set[str]:
    return {path.name for path in runs.root.iterdir() if RUN_ID.fullmatch(path.name)}


def test_what_ended_long_ago_is_removed_and_nothing_else(runs: Runs, tmp_path: Path) -> None:
    kernel = write_kernel(tmp_path / "kernel")
    dead = msgspec.structs.replace(this_server(), started=1)
    ended, fresh, told, living, abandoned, new = (
        make_run(runs, kernel, server=dead).id for _ in range(6)
    )
    for run_id in (ended, fresh, told, living, abandoned):
        runs.update(run_id, job_id="7", submits=1, phase="running")
    runs.update(ended, phase="ended")
    runs.update(fresh, phase="ended")
    (runs.directory(told) / "status").write_text("phase=ended\nreason=lease\nserial=0\n")
    (runs.directory(living) / "status").write_text("phase=running\nserial=0\n")
    for run_id in (ended, told, living, abandoned, new):
        age(runs, run_id, 15)
    age(runs, fresh, 13)
    clean(runs, 14, time.time())
    assert names(runs) == {fresh, living, abandoned, new}
    assert {run.id for run in runs.listing().runs} == names(runs) and not runs.listing().problems
    clean(runs, 12, time.time())
    assert names(runs) == {living, abandoned, new}


def test_what_has_no_record_is_removed_when_it_is_old_and_ours(runs: Runs, tmp_path: Path) -> None:
    kernel = write_kernel(tmp_path / "kernel")
    half, damaged, lives, opened, young = (make_run(runs, kernel).id for _ in range(5))
    for run_id in (half, lives, opened, young):
        (runs.directory(run_id) / "run.json").unlink()
    (runs.directory(damaged) / "run.json").write_text("{")
    (runs.directory(lives) / "status").write_text("phase=running\nserial=0\n")
    for run_id in (half, damaged, lives, opened):
        age(runs, run_id, 15)
    runs.directory(opened).chmod(0o755)
    aside = tmp_path / "aside"
    aside.mkdir(mode=0o700)
    (runs.root / "0123456789ab").symlink_to(aside)
    (runs.root / "mine").mkdir(mode=0o700)
    os.utime(runs.root / "mine", (0, 0))
    clean(runs, 14, time.time())
    assert names(runs) == {lives, opened, young, "0123456789ab"}
    assert aside.is_dir() and (runs.root / "mine").is_dir()


@pytest.mark.skipif(os.getuid() == 0, reason="root may read anything")
def test_a_record_that_cannot_be_read_now_is_no_reason_to_remove(runs: Runs, run: Run) -> None:
    age(runs, run.id, 15)
    (runs.directory(run.id) / "run.json").chmod(0)
    clean(runs, 14, time.time())
    assert names(runs) == {run.id}


def test_keys_are_removed_with_the_end(runs: Runs, run: Run) -> None:
    directory = runs.directory(run.id)
    (directory / "connection-1.json").write_text(KEY)
    runs.update(run.id, phase="ending")
    assert (directory / "seed.json").exists() and (directory / "connection-1.json").exists()
    runs.update(run.id, phase="ended")
    left = b"".join(path.read_bytes() for path in directory.iterdir())
    assert KEY.encode() not in left and b"secret" not in left
    with pytest.raises(KernelFailed, match="keys of run"):
        runs.read_seed(run.id)
    assert runs.read_connection(run.id, 1) is None


def test_keys_of_what_its_supervisor_ended_without_a_server(runs: Runs, run: Run) -> None:
    (runs.directory(run.id) / "status").write_text("phase=ended\nreason=lease\nserial=0\n")
    clean(runs, 14, time.time())
    assert not (runs.directory(run.id) / "seed.json").exists()
    assert runs.load(run.id) == run


def test_a_job_that_stays_without_a_run_is_still_known(runs: Runs, tmp_path: Path) -> None:
    kernel = write_kernel(tmp_path / "kernel")
    first, last = make_run(runs, kernel), make_run(runs, kernel)
    job = first.job_name
    runs.allocations.join(first, job, idle=int(3 * DAY))
    for run in (first, last):
        runs.update(run.id, job_name=job, job_id="7", phase="ended")
        (runs.allocations.directory(job) / run.id).unlink(missing_ok=True)
    age(runs, first.id, 18)
    age(runs, last.id, 16)
    clean(runs, 14, time.time())
    assert names(runs) == {last.id} and runs.allocations.is_kept(job)
    age(runs, last.id, 18)
    clean(runs, 14, time.time())
    assert names(runs) == set() and not runs.allocations.directory(job).exists()


def test_several_who_clean_at_once_are_no_fault_and_readers_see_none(
    runs: Runs, tmp_path: Path
) -> None:
    kernel = write_kernel(tmp_path / "kernel")
    ended = [make_run(runs, kernel).id for _ in range(40)]
    living = make_run(runs, kernel)
    for run_id in ended:
        runs.update(run_id, phase="ended")
        age(runs, run_id, 15)
    (runs.root / ".removed-0123456789ab" / "x").mkdir(parents=True)
    start, over = threading.Barrier(6), threading.Event()

    def work() -> list[str]:
        start.wait()
        clean(runs, 14, time.time())
        return []

    def read() -> list[str]:
        start.wait()
        found: list[str] = []
        while not over.is_set():
            found += runs.listing().problems
        return found

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        cleaners = [pool.submit(work) for _ in range(4)]
        try:
            for done in cleaners:
                done.result()
        finally:
            over.set()
        assert [done.result() for done in readers] == [[], []]
    assert [path.name for path in runs.root.iterdir()] == [living.id]


def test_it_is_cleaned_once_a_day(runs: Runs, run: Run) -> None:
    def begin() -> None:
        clean_beside(runs, 14)
        for thread in threading.enumerate():
            if thread.name == "kernelkit-cleaning":
                thread.join()

    runs.update(run.id, phase="ended")
    begin()
    age(runs, run.id, 15)
    begin()
    assert names(runs) == {run.id}
    stamp = runs.root / ".cleaned"
    os.utime(stamp, (0, 0))
    begin()
    assert names(runs) == set() and stamp.stat().st_mtime > 0
