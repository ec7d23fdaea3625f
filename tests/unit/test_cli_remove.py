"""`kernelkit remove`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command_line import kernelkit, on_terminal
from shelf import put, put_foreign


@pytest.fixture
def root(home: Path) -> Path:
    root = Path(os.environ["JUPYTER_DATA_DIR"])
    put(root, "tool", identity="pytorch/2.7.1")
    return root


def test_removing_says_where_the_copy_is(root: Path) -> None:
    done = kernelkit("remove", "-y", "tool")
    assert (done.code, done.out) == (0, f"Removed {root}/kernels/tool\n")
    assert f"{root}/kernelkit/previous/tool" in done.err
    assert not (root / "kernels/tool").exists()


def test_by_identity_and_as_json(root: Path) -> None:
    done = kernelkit("remove", "-y", "pytorch/2.7.1", "--json")
    assert done.json["removed"][0]["directory"] == f"{root}/kernels/tool"
    assert not (root / "kernels/tool").exists()


def test_without_a_terminal_yes_is_needed(root: Path) -> None:
    done = kernelkit("remove", "tool")
    assert done.code == 2
    assert "`-y`" in done.err
    assert (root / "kernels/tool").exists()


@pytest.mark.parametrize(("answer", "code", "there"), [(b"n\n", 130, True), (b"y\n", 0, False)])
def test_a_terminal_is_asked(root: Path, answer: bytes, code: int, there: bool) -> None:
    found, seen = on_terminal("remove", "tool", answer=answer)
    assert "Remove tool?" in seen
    assert found == code
    assert (root / "kernels/tool").exists() == there


def test_dry_run(root: Path) -> None:
    done = kernelkit("remove", "--dry-run", "tool")
    assert (done.code, done.out) == (0, f"Would remove {root}/kernels/tool\n")
    assert (root / "kernels/tool").exists()


@pytest.mark.parametrize(
    ("name", "code"), [("none", 4), ("foreign", 5), ("python3", 5), ("..", 2), ("a b", 2)]
)
def test_refusals(root: Path, name: str, code: int) -> None:
    put_foreign(root, "foreign")
    done = kernelkit("remove", "-y", "tool", name)
    assert done.code == code
    assert f"`{name}`" in done.err or name in done.err
    assert (root / "kernels/tool").exists(), "all are checked before one is removed"
    assert (root / "kernels/foreign").exists()


def test_an_edited_one_needs_force(root: Path) -> None:
    (root / "kernels/tool/launch.sh").write_text("#!/bin/bash\n# mine\n")
    done = kernelkit("remove", "-y", "tool")
    assert done.code == 5
    assert "--force" in done.err
    assert kernelkit("remove", "-y", "--force", "tool").code == 0


def test_only_in_one_place(root: Path, tmp_path: Path) -> None:
    put(tmp_path / "share/jupyter", "tool")
    assert kernelkit("remove", "-y", "--prefix", str(tmp_path), "tool").code == 0
    assert (root / "kernels/tool").exists()
    assert not (tmp_path / "share/jupyter/kernels/tool").exists()
    assert kernelkit("remove", "-y", "--prefix", str(tmp_path), "--user", "tool").code == 2
