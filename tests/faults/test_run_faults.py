"""Run directories that are damaged, open to others or still being written."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from supervised import KEY, make_run

from kernelkit.errors import InsecureFile, KernelFailed, KernelkitError
from kernelkit.running.records import Run
from kernelkit.running.runs import Runs

PORTS = {f"{channel}_port": 5 for channel in ("shell", "iopub", "stdin", "control", "hb")}
CONNECTION = {"transport": "tcp", "ip": "10.0.0.1", "key": KEY, **PORTS}


def write(runs: Runs, run: Run, name: str, content: str, mode: int = 0o600) -> Path:
    path = runs.directory(run.id) / name
    path.write_text(content)
    path.chmod(mode)
    return path


READS: dict[str, Callable[[Runs, Run], object]] = {
    "run.json": lambda runs, run: runs.load(run.id),
    "status": lambda runs, run: runs.read_status(run.id),
    "connection-1.json": lambda runs, run: runs.read_connection(run.id, 1),
    "requests": lambda runs, run: runs.request(run.id, "stop"),
}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("mode", [0o604, 0o620, 0o666])
def test_what_others_can_read_or_write_is_never_used_nor_mended(
    runs: Runs, run: Run, name: str, mode: int
) -> None:
    path = runs.directory(run.id) / name
    write(runs, run, name, path.read_text() if path.exists() else json.dumps(CONNECTION), mode)
    before = path.read_bytes()
    with pytest.raises(InsecureFile, match=name):
        READS[name](runs, run)
    assert path.read_bytes() == before and stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("name", READS)
def test_a_symlink_is_never_followed(runs: Runs, run: Run, name: str, tmp_path: Path) -> None:
    path = runs.directory(run.id) / name
    content = path.read_text() if path.exists() else json.dumps(CONNECTION)
    path.unlink(missing_ok=True)
    aside = tmp_path / "aside"
    aside.write_text(content)
    aside.chmod(0o600)
    path.symlink_to(aside)
    with pytest.raises(InsecureFile, match="symlink"):
        READS[name](runs, run)
    assert aside.read_text() == content


@pytest.mark.parametrize("name", READS)
def test_what_is_no_file_never_blocks(runs: Runs, run: Run, name: str) -> None:
    path = runs.directory(run.id) / name
    path.unlink(missing_ok=True)
    os.mkfifo(path, 0o600)
    with pytest.raises(InsecureFile):
        READS[name](runs, run)
    assert runs.read_log(run.id) == ""


def test_a_directory_that_others_can_enter(runs: Runs, run: Run) -> None:
    runs.directory(run.id).chmod(0o750)
    with pytest.raises(InsecureFile, match="can be entered by others"):
        runs.load(run.id)
    found = runs.listing()
    assert not found.runs and run.id in found.problems[0]


def test_a_root_that_others_can_enter(runs: Runs, run: Run, tmp_path: Path) -> None:
    runs.root.chmod(0o755)
    with pytest.raises(InsecureFile):
        runs.listing()
    with pytest.raises(InsecureFile):
        make_run(runs, tmp_path / "kernel")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"id": "0123456789ab"}', "\x00\xff"])
def test_a_damaged_record_is_told_and_hides_no_other(
    runs: Runs, run: Run, tmp_path: Path, content: str
) -> None:
    other = make_run(runs, tmp_path / "kernel")
    write(runs, run, "run.json", content)
    with pytest.raises(KernelkitError, match=f"record of run `{run.id}` is damaged"):
        runs.load(run.id)
    found = runs.listing()
    assert [each.id for each in found.runs] == [other.id] and len(found.problems) == 1
    runs.remove(run.id)
    assert not runs.directory(run.id).exists()


def test_a_record_of_another_run(runs: Runs, run: Run, tmp_path: Path) -> None:
    other = make_run(runs, tmp_path / "kernel")
    write(runs, run, "run.json", (runs.directory(other.id) / "run.json").read_text())
    with pytest.raises(KernelkitError, match="damaged"):
        runs.load(run.id)


@pytest.mark.parametrize(
    "content",
    [
        "", "{", json.dumps(CONNECTION)[:-20], json.dumps({**CONNECTION, "hb_port": 0}),
        json.dumps({**CONNECTION, "ip": ""}), "[]", json.dumps({**CONNECTION, "shell_port": "5"}),
    ],
)  # fmt: skip
def test_a_connection_file_that_is_still_written_is_waited_for(
    runs: Runs, run: Run, content: str
) -> None:
    assert runs.read_connection(run.id, 1) is None
    write(runs, run, "connection-1.json", content)
    assert runs.read_connection(run.id, 1) is None
    write(runs, run, "connection-1.json", json.dumps(CONNECTION))
    found = runs.read_connection(run.id, 1)
    assert found and found["shell_port"] == 5 and found["ip"] == "10.0.0.1"


def test_a_former_kernels_ports_are_never_this_ones(runs: Runs, run: Run) -> None:
    write(runs, run, "connection-1.json", json.dumps(CONNECTION))
    assert runs.read_connection(run.id, 2) is None


def test_a_connection_with_another_key_is_refused(runs: Runs, run: Run) -> None:
    write(runs, run, "connection-1.json", json.dumps({**CONNECTION, "key": "theirs"}))
    with pytest.raises(KernelFailed, match="another `key`"):
        runs.read_connection(run.id, 1)


@pytest.mark.parametrize("content", ["", "phase=running\n", "phase=running\nserial=1", "\x00\n"])
def test_a_status_that_is_cut_is_none(runs: Runs, run: Run, content: str) -> None:
    write(runs, run, "status", content)
    assert runs.read_status(run.id) is None


def test_requests_that_were_damaged_begin_anew(runs: Runs, run: Run) -> None:
    write(runs, run, "requests", "garbage\n\x00\n7 stop\n99999999999999 x\n")
    assert runs.request(run.id, "stop") == 8


def test_a_job_takes_no_run_after_it_has_closed(runs: Runs, run: Run) -> None:
    assert runs.allocations.join(run, run.job_name)
    (runs.allocations.directory(run.job_name) / "closed").touch()
    assert not runs.allocations.join(run, run.job_name)
    assert runs.allocations.members(run.job_name) == set()
