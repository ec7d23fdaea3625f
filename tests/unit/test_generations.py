"""Generations of a packages dir: built beside it, exchanged whole, nothing lost on the way."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from wheels import wheel

from kernelkit.environment import generations
from kernelkit.environment.packages import canonical
from kernelkit.errors import EnvironmentBroken, KernelkitError, NotFound, StorageFull


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "packages"


def put(path: Path, name: str, version: str, **options: Any) -> None:
    """As `kernelkit pip install` does, without pip."""
    with generations.changing(path) as real, generations.next_generation(real) as made:
        target = path.parent / "target"
        with zipfile.ZipFile(wheel(path.parent / "index", name, version, **options)) as archive:
            archive.extractall(target)
        if canonical(name) in [found.name for found in generations.distributions(made)]:
            generations.remove(made, [name])
        generations.add(made, target)
        generations.put_in_place(made, real)
        shutil.rmtree(target)


def names(path: Path) -> list[str]:
    return [f"{found.name} {found.version}" for found in generations.distributions(path)]


def left(path: Path) -> set[str]:
    return {p.name for p in path.parent.iterdir()} - {"index", "target"}


def test_one_generation_after_another(path: Path) -> None:
    put(path, "A.b_c", "1")
    put(path, "other", "1")
    put(path, "A.b_c", "2")
    assert names(path) == ["a-b-c 2", "other 1"]
    assert names(generations.previous(path)) == ["a-b-c 1", "other 1"]
    assert left(path) == {"packages", ".packages.previous", ".packages.lock"}
    module = path / "other/__init__.py"
    assert module.stat().st_ino == (generations.previous(path) / "other/__init__.py").stat().st_ino
    generations.go_back(path)
    assert names(path) == ["a-b-c 1", "other 1"]
    generations.go_back(path)
    assert names(path) == ["a-b-c 2", "other 1"]


def test_a_directory_that_a_group_shares_stays_so(path: Path) -> None:
    path.mkdir()
    path.chmod(0o2775)
    put(path, "tool", "1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o2775


def test_a_link_to_another_disk_stays_a_link(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "scratch/packages"
    real.mkdir(parents=True)
    path.symlink_to(real)
    put(path, "tool", "1")
    assert path.is_symlink() and names(real) == ["tool 1"]


def test_what_a_record_names_outside_is_left_alone(path: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    put(path, "bad", "1")
    info = path / "bad-1.dist-info"
    info.joinpath("RECORD").write_text(
        f"../mine.txt,,\n{mine},,\n../../../../etc/x,,\n\nbad/__init__.py,,\n"
    )
    with generations.next_generation(path) as made:
        generations.remove(made, ["bad"])
        generations.put_in_place(made, path)
    assert mine.read_text() == "mine"
    assert names(path) == [] and not (path / "bad").exists()


def test_one_without_a_record_is_not_guessed_at(path: Path) -> None:
    put(path, "bad", "1")
    (path / "bad-1.dist-info/RECORD").unlink()
    with (
        generations.next_generation(path) as made,
        pytest.raises(EnvironmentBroken, match="`bad 1`"),
    ):
        generations.remove(made, ["bad"])
    with generations.next_generation(path) as made, pytest.raises(NotFound, match="`nothing`"):
        generations.remove(made, ["nothing"])
    assert names(path) == ["bad 1"]


def test_a_full_disk_leaves_the_packages_and_no_rest(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(path, "tool", "1")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(shutil, "copy2", full)
    monkeypatch.setattr(os, "link", full)
    with pytest.raises(StorageFull), generations.next_generation(path):
        pytest.fail("it was not built")
    assert names(path) == ["tool 1"]
    assert left(path) == {"packages", ".packages.lock"}


def test_what_a_killed_command_left_is_cleared_away(path: Path) -> None:
    put(path, "tool", "1")
    (path.parent / ".packages.next-dead/tool").mkdir(parents=True)
    put(path, "tool", "2")
    assert left(path) == {"packages", ".packages.previous", ".packages.lock"}


def test_one_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generations, "_LOCK_SECONDS", 0.05)
    with generations.changing(path), pytest.raises(KernelkitError, match="Another kernelkit"):
        put(path, "tool", "1")
    put(path, "tool", "1")


def test_there_is_nothing_before_the_first(path: Path) -> None:
    put(path, "tool", "1")
    with pytest.raises(NotFound, match="no earlier generation"):
        generations.go_back(path)
    assert names(path) == ["tool 1"]
    assert generations.distributions(path.parent / "nowhere") == []
