"""Clones, new names and one step back: nothing is resolved, nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from canned import CASES
from shelf import put, put_foreign, put_plan

from kernelkit.errors import (
    AlreadyExists,
    Changed,
    InvalidName,
    NotFound,
    StorageFull,
    Unmanaged,
    UsageError,
)
from kernelkit.model import Plan, Provenance, Recipe
from kernelkit.specs import store
from kernelkit.specs.definition import load
from kernelkit.specs.detail import describe_kernel
from kernelkit.specs.lookup import find_kernel
from kernelkit.specs.moving import clone_kernel, rename_kernel
from kernelkit.specs.shelf import fingerprint
from kernelkit.specs.sources import Source
from kernelkit.specs.states import Installed, examine
from kernelkit.specs.undo import Former, former_of, rollback


@pytest.fixture
def root(home: Path) -> Path:
    return home / ".local/share/jupyter"


@pytest.fixture
def tool(root: Path) -> Installed:
    recipe = Recipe(name="tool", version="1.0", env={"A": "1"})
    source = Source(recipe, Provenance(origin="flags", given="tool"), Path("/"))
    return examine(put_plan(root, "tool", plan(), source))


def plan() -> Plan:
    return msgspec.structs.replace(CASES["module"].plan, modules=None, display_name="Tool")


def spec(kernel: Installed) -> dict[str, Any]:
    found = json.loads((kernel.directory / "kernel.json").read_text())
    assert isinstance(found, dict)
    return found


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def test_a_clone_is_the_same_kernel_under_its_own_name(tool: Installed) -> None:
    found = clone_kernel(tool, "tool-2")
    assert spec(found)["argv"][0] == f"{found.path}/launch.sh"
    assert found.display_name == "Tool (copy)"
    assert clone_kernel(tool, "tool-3").display_name == "Tool (copy 2)"
    assert (found.state, find_kernel("tool").state) == ("ready", "ready")
    mine, theirs = describe_kernel(tool), describe_kernel(found)
    assert mine.recipe and theirs.recipe and not theirs.derived
    assert theirs.recipe == msgspec.structs.replace(mine.recipe, display_name="Tool (copy)")
    assert "# Tool (copy)" in theirs.files["launch.sh"]
    assert load(found).plan == msgspec.structs.replace(
        plan(), kernel_name="tool-2", display_name="Tool (copy)"
    )


def test_a_clone_keeps_the_slurm_stanza_and_the_kernels_reply(root: Path) -> None:
    stanza = {"provisioner_name": "kernelkit-slurm", "config": {"keep": True}}
    first = {
        "argv": ["/usr/bin/env", "python", str(root / "kernels/gpu"), "-f", "{connection_file}"]
    }
    directory = put(root, "gpu", extra={**first, "metadata": {"kernel_provisioner": stanza}})
    (directory / "kernel_info.json").write_text("{}")
    found = clone_kernel(examine(directory), "gpu-2")
    assert spec(found)["argv"][2] == found.path
    assert spec(found)["metadata"]["kernel_provisioner"] == stanza
    assert (found.directory / "kernel_info.json").read_text() == "{}"
    options = describe_kernel(found).options
    assert options and options.on_slurm and options.keep


def test_an_edited_one_stays_told_as_edited(tool: Installed) -> None:
    (tool.directory / "launch.sh").write_text("#!/bin/bash\n# mine\n")
    for found in (clone_kernel(tool, "tool-2"), rename_kernel(tool, "tool-3")):
        assert found.reasons == ("`launch.sh` was edited by hand",)
        assert "# mine" in (found.directory / "launch.sh").read_text()


def test_renaming_takes_everything_along_and_keeps_what_was(tool: Installed, root: Path) -> None:
    found = rename_kernel(tool, "better", display_name="Better")
    assert (found.name, found.display_name, found.state) == ("better", "Better", "ready")
    assert not tool.directory.exists()
    assert not (root / "kernelkit/records/tool.json").exists()
    detail = describe_kernel(found)
    assert detail.recipe and detail.recipe.display_name == "Better"
    assert (root / "kernelkit/previous/better/kernel.json").is_file()


def test_only_the_display_name(tool: Installed) -> None:
    found = rename_kernel(tool, display_name="Better")
    assert (found.name, found.display_name, found.state) == ("tool", "Better", "ready")
    assert rollback("tool").kernel.display_name == "Tool"


def test_undoing_a_rename_and_undoing_that(tool: Installed, root: Path) -> None:
    before = tree(root)
    rename_kernel(tool, "better")
    back = rollback("better")
    assert (back.kernel.name, back.redo) == ("tool", "tool")
    after = tree(root)
    assert {k: v for k, v in after.items() if "previous" not in k} == before
    assert rollback("tool").kernel.name == "better"
    assert find_kernel("better").state == "ready"
    with pytest.raises(NotFound):
        find_kernel("tool")


def test_what_a_rollback_would_bring_back_is_told(tool: Installed, root: Path) -> None:
    assert former_of(tool) is None
    made = (tool.directory / "kernel.json").stat().st_mtime
    renamed = rename_kernel(tool, "better", display_name="Better")
    assert former_of(renamed) == Former(name="tool", modified=made)
    assert former_of(find_kernel("better")) is not None
    put_foreign(root, "tool")
    assert former_of(renamed) is None
    shutil.rmtree(root / "kernels/tool")
    back = rollback("better").kernel
    assert former_of(back) == Former(
        name="better", modified=(root / "kernelkit/previous/tool/kernel.json").stat().st_mtime
    )


def test_a_rollback_of_what_cannot_be_read_is_told_too(tool: Installed) -> None:
    renamed = rename_kernel(tool, display_name="Better")
    (renamed.directory / "kernel.json").write_text("not json")
    broken = examine(renamed.directory)
    assert not broken.managed and former_of(broken) is not None
    assert rollback("tool").kernel.display_name == "Tool"


def test_an_adoption_that_was_undone_has_no_rollback(root: Path) -> None:
    directory = put_foreign(root, "mine")
    assert former_of(examine(directory)) is None
    (root / "kernelkit/previous/mine").mkdir(parents=True)
    (root / "kernelkit/previous/mine/kernel.json").write_text("{}")
    assert former_of(examine(directory)) is None


def test_undoing_a_change_twice_is_nothing(tool: Installed, root: Path) -> None:
    put_plan(root, "tool", msgspec.structs.replace(plan(), display_name="New"))
    both = tree(root)
    assert rollback("tool").kernel.display_name == "Tool"
    assert not describe_kernel(find_kernel("tool")).derived
    assert rollback("tool").kernel.display_name == "New"
    assert tree(root) == both


def test_undoing_a_removal(tool: Installed, root: Path) -> None:
    before = tree(root)
    store.remove("tool")
    back = rollback("tool")
    assert (back.kernel.name, back.redo) == ("tool", "")
    assert tree(root) == before
    with pytest.raises(NotFound, match="no earlier version"):
        rollback("tool")


def test_undo_overwrites_nothing_of_others(tool: Installed, root: Path) -> None:
    store.remove("tool")
    foreign = put_foreign(root, "tool")
    with pytest.raises(Unmanaged):
        rollback("tool")
    shutil.rmtree(foreign)
    rollback("tool")
    rename_kernel(find_kernel("tool"), "better")
    put(root, "tool")
    with pytest.raises(AlreadyExists):
        rollback("better")
    assert find_kernel("better").state == "ready"


@pytest.mark.parametrize("name", ["../x", "A B", "", ".hidden", "x" * 300])
def test_names_are_checked_before_the_disk(name: str, tool: Installed, root: Path) -> None:
    before = tree(root)
    with pytest.raises(InvalidName):
        clone_kernel(tool, name)
    with pytest.raises((InvalidName, UsageError)):
        rename_kernel(tool, name)
    assert tree(root) == before


def test_refusals_change_nothing(tool: Installed, root: Path) -> None:
    foreign = examine(put_foreign(root, "foreign"))
    before = tree(root)
    for name in ("tool", "foreign"):
        with pytest.raises((AlreadyExists, Unmanaged)):
            clone_kernel(tool, name)
    for change in (clone_kernel, rename_kernel):
        with pytest.raises(Unmanaged) as caught:
            change(foreign, "other")
        assert "adopt" in caught.value.hint
    with pytest.raises(AlreadyExists):
        rename_kernel(examine(put(root, "third")), "tool")
    store.remove("third")
    assert tree(root / "kernels") == {
        k.removeprefix("kernels/"): v for k, v in before.items() if k.startswith("kernels/")
    }


def test_one_of_two_changes_is_told_that_it_was_late(tool: Installed, root: Path) -> None:
    seen = fingerprint(root, tool.directory)
    rename_kernel(tool, display_name="First", expected=seen)
    with pytest.raises(Changed, match="`tool` was changed"):
        rename_kernel(find_kernel("tool"), display_name="Second", expected=seen)
    with pytest.raises(Changed):
        rename_kernel(find_kernel("tool"), "other", expected=seen)
    assert find_kernel("tool").display_name == "First"
    assert list((root / "kernelkit/staging").iterdir()) == []


@pytest.mark.parametrize("name", ["write_file", "replace_file"])
def test_a_full_disk_changes_nothing(
    name: str, tool: Installed, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(root)

    def full(*_: object) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(store, name, full)
    with pytest.raises(StorageFull):
        clone_kernel(tool, "tool-2")
    for change in ({"name": "tool-2"}, {"display_name": "Other"}):
        with pytest.raises(StorageFull):
            rename_kernel(tool, **change)
    assert tree(root) == before


@pytest.mark.parametrize("step", range(20))
def test_a_kill_between_two_steps_loses_nothing(step: int, tool: Installed, root: Path) -> None:
    """Before each rename in turn the process dies, as kill -9 has it: no `finally` runs."""
    put_plan(root, "tool", msgspec.structs.replace(plan(), display_name="New"))
    child = os.fork()
    if not child:
        _change_and_die(step)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (9, 0)
    standing = [name for name in ("tool", "tool-2") if (root / "kernels" / name).is_dir()]
    assert standing, "the kernel is there under one of its names"
    for name in standing:
        found = describe_kernel(find_kernel(name))
        plan_of = load(find_kernel(name)).plan
        assert found.state == "ready"
        assert plan_of and plan_of.display_name == found.display_name, "its own record is found"


def _change_and_die(step: int) -> None:
    left = step

    def counted(real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os._exit(9)
            return real(*arguments, **options)

        return call

    Path.rename = counted(Path.rename)  # type: ignore[method-assign]
    Path.replace = counted(Path.replace)  # type: ignore[method-assign]
    try:
        rollback("tool")
        rename_kernel(find_kernel("tool"), "tool-2")
        rollback("tool-2")
    finally:
        os._exit(0 if left >= 0 else 1)
