"""A disk without space, and files that cannot be read or written for a while, under living runs."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from quotas import files_limited_to
from relaying import started_relay
from supervised import make_run, write_kernel

from kernelkit.errors import InsecureFile, KernelkitError, StorageFull
from kernelkit.running.kernel_state import KernelState
from kernelkit.running.lease import Lease
from kernelkit.running.news import RunNews
from kernelkit.running.records import Run
from kernelkit.running.runs import Runs
from kernelkit.running.telling import Telling

as_user = pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")

BEFORE = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from supervised import make_run, write_kernel
from kernelkit.errors import KernelkitError, StorageFull
from kernelkit.running.control import JobControl
from kernelkit.running.runs import Runs
from kernelkit.slurm.client import Slurm
disk = Path(sys.argv[1])
runs = Runs(disk / "runs")
run = make_run(runs, write_kernel(disk / "kernel"))
directory = runs.directory(run.id)

def content():
    return {str(p.relative_to(disk)): p.read_bytes() for p in disk.rglob("*") if p.is_file()}

def refused(what, *arguments, **named):
    try:
        what(*arguments, **named)
    except StorageFull as error:
        assert "quota" in error.message, error.message
    else:
        raise SystemExit("no error")

# Before it is full: a lock's file has no content, and stays.
runs.update(run.id, display_name="x")
with open(disk / "filler", "wb", buffering=0) as filler:
    try:
        while True:
            filler.write(b"x" * 4096)
    except OSError:
        pass
before = content()
"""


def on_full_disk(tmp_path: Path, code: str) -> None:
    """Run `code` after BEFORE, on a small tmpfs of its own in a user namespace."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=512k none "{disk}" && exec "$@"'
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    if not shutil.which("unshare") or subprocess.run([*inside, "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [*inside, sys.executable, "-c", BEFORE + code, str(disk), tests],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_lease_needs_no_space(tmp_path: Path) -> None:
    on_full_disk(
        tmp_path,
        """
runs.renew_lease(run)
after = content()
lease = str((directory / "lease").relative_to(disk))
assert after.pop(lease).split()[1] != before.pop(lease).split()[1]
assert after == before
""",
    )


def test_a_request_that_cannot_be_written_is_told_to_its_asker(tmp_path: Path) -> None:
    on_full_disk(
        tmp_path,
        """
refused(runs.request, run.id, "signal", "INT", 1)
refused(runs.update, run.id, keep=True)
refused(runs.set_forwarder, run.id, ["word"])
assert content() == before
""",
    )


def test_a_run_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    on_full_disk(
        tmp_path,
        """
refused(make_run, runs, disk / "kernel")
assert content() == before
assert [path.name for path in runs.root.iterdir() if path.is_dir()] == [run.id]
assert not runs.listing().problems
""",
    )


def test_a_run_that_gets_no_job_leaves_nothing(tmp_path: Path) -> None:
    on_full_disk(
        tmp_path,
        """
refused(lambda: asyncio.run(JobControl(Slurm(), runs).start(run.id)))
assert not directory.exists() and not runs.listing().problems
assert not any((runs.root / "jobs").glob("kernelkit-*"))
""",
    )


def test_what_is_ended_on_a_full_disk_ends_though_no_file_says_so(tmp_path: Path) -> None:
    on_full_disk(
        tmp_path,
        """
# As one whose job's end Slurm has said already: nothing is left to cancel.
assert asyncio.run(JobControl(Slurm(), runs).end(run.id, reason="why")).phase == "ended"
assert runs.load(run.id).phase == "new"
""",
    )


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs")


@pytest.fixture
def run(runs: Runs, tmp_path: Path) -> Run:
    return make_run(runs, write_kernel(tmp_path / "kernel"), lease=400)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_disk_that_never_writes_in_place_takes_a_new_time(runs: Runs, run: Run) -> None:
    lease = runs.directory(run.id) / "lease"
    os.utime(lease, (0, 0))
    with files_limited_to(0):
        runs.renew_lease(run)
    assert lease.stat().st_mtime > 0
    with files_limited_to(10):
        runs.renew_lease(run)


@pytest.mark.parametrize("size", [0, 10])
def test_a_run_is_made_whole_or_not_at_all(runs: Runs, tmp_path: Path, size: int) -> None:
    kernel = write_kernel(tmp_path / "kernel")
    with files_limited_to(size), pytest.raises(StorageFull, match="quota"):
        make_run(runs, kernel)
    assert list(runs.root.iterdir()) == []


def test_a_lease_that_somebody_else_could_have_written_is_not_renewed(
    runs: Runs, run: Run, tmp_path: Path
) -> None:
    lease = runs.directory(run.id) / "lease"
    lease.chmod(0o620)
    with pytest.raises(InsecureFile):
        Lease(runs).keep(run)
    lease.unlink()
    lease.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InsecureFile):
        Lease(runs).keep(run)
    lease.unlink()
    os.mkfifo(lease, 0o600)
    with pytest.raises(InsecureFile):
        Lease(runs).keep(run)


@as_user
def test_a_lease_that_cannot_be_renewed_is_tried_again_and_told(runs: Runs, run: Run) -> None:
    clock = Clock()
    lease = Lease(runs, clock)
    directory = runs.directory(run.id)
    assert lease.keep(run) and not lease.trouble
    directory.chmod(0)
    try:
        clock.now += 101
        assert lease.keep(run) and not lease.trouble, "it may pass within the blink of an eye"
        clock.now += 101
        assert lease.keep(run)
        assert "Permission denied" in lease.trouble and "ended in about 3 min" in lease.trouble
    finally:
        directory.chmod(0o700)
    os.utime(directory / "lease", (0, 0))
    clock.now += 3
    assert lease.keep(run) and not lease.trouble
    assert (directory / "lease").stat().st_mtime > 0


@as_user
def test_a_quota_is_named_at_once(runs: Runs, run: Run, tmp_path: Path) -> None:
    lease = Lease(runs, Clock())
    (runs.directory(run.id) / "lease").unlink()  # without it there is nothing to write over
    with files_limited_to(0):
        assert lease.keep(run)
    assert "no space or quota left" in lease.trouble and "`quota -s`" in lease.trouble
    assert "ended in about 7 min" in lease.trouble
    kept = Lease(runs, Clock())
    with files_limited_to(0):
        assert kept.keep(msgspec.structs.replace(run, keep=True))
    assert "quota" in kept.trouble and "ended" not in kept.trouble


def test_trouble_is_told_once_and_taken_back(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[RunNews] = []
    caplog.set_level(logging.WARNING)
    with started_relay() as relay:
        telling = Telling(relay, heard.append, warn_in_output=False)
        telling.set(run, KernelState("running", "running on node1", 1, None, "node1"))
        for _ in range(3):
            telling.trouble(run, "No quota.", in_output=True)
        assert (heard[-1].trouble, heard[-1].state) == ("No quota.", "running")
        telling.trouble(run, "", in_output=False)
        assert (heard[-1].trouble, heard[-1].reason) == ("", "running on node1")
    assert [record.getMessage() for record in caplog.records] == [f"Run {run.id}: No quota."]


@as_user
def test_a_file_that_cannot_be_read_now_is_no_fault_of_the_run(runs: Runs, run: Run) -> None:
    status = runs.directory(run.id) / "status"
    status.chmod(0)
    with pytest.raises(KernelkitError, match="Permission denied") as caught:
        runs.read_status(run.id)
    assert not isinstance(caught.value, InsecureFile)
