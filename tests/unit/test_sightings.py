"""What is seen of changes that others made to kernelspecs and runs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from shelf import put, put_foreign

from kernelkit.running.run_sightings import RunSightings
from kernelkit.specs import sightings, store
from kernelkit.specs.sightings import Sightings


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only data directory that Jupyter looks in; it is not there yet."""
    found = tmp_path / "data"
    monkeypatch.setattr(sightings, "kernel_dirs", lambda: (found / "kernels",))
    return found


def test_every_way_to_change_the_shelf_is_seen_once(root: Path) -> None:
    seen = Sightings()
    assert seen.look() == []
    put(root, "tool")
    assert seen.look() == [("installed", "tool")]
    put(root, "tool", display_name="Another", replace=True)
    assert seen.look() == [("changed", "tool")]
    store.remove("tool", roots=[root])
    put_foreign(root, "Foreign")
    assert seen.look() == [("installed", "foreign"), ("removed", "tool")]
    assert seen.look() == []


def test_a_kernel_json_that_follows_its_directory_is_seen(root: Path) -> None:
    # jupyter_client makes the directory and then copies into it.
    seen = Sightings()
    seen.look()
    directory = root / "kernels/slow"
    directory.mkdir(parents=True)
    assert seen.look() == []
    (directory / "kernel.json").write_text("{}")
    assert seen.look() == [("installed", "slow")]


def test_a_directory_that_rests_is_not_listed_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, "tool")
    before = time.time() - 60
    os.utime(root / "kernels", (before, before))
    seen = Sightings()
    assert seen.look() == []

    def refused(directory: Path) -> None:
        raise AssertionError(f"{directory} was listed")

    monkeypatch.setattr(sightings, "_kernels", refused)
    assert seen.look() == []


def test_a_run_is_seen_when_its_record_or_its_status_changes(tmp_path: Path) -> None:
    runs = RunSightings(tmp_path / "runs")
    assert runs.look() == frozenset()
    directory = tmp_path / "runs/0123456789ab"
    directory.mkdir(parents=True)
    (tmp_path / "runs/jobs").mkdir()
    (directory / "run.json").write_text("{}")
    assert runs.look() == {directory.name}
    (directory / "lease").write_text("1 2")
    assert runs.look() == frozenset()
    (directory / "status").write_text("phase=running")
    assert runs.look() == {directory.name}
    (directory / "new").write_text("phase=ended")
    (directory / "new").replace(directory / "status")
    assert runs.look() == {directory.name}
