"""The shelf: what is put up, replaced, found and taken down."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path

import pytest
from shelf import kernel_files, put, put_foreign

from kernelkit.errors import AlreadyExists, Ambiguous, NotFound, NotPermitted, Unmanaged
from kernelkit.specs import store
from kernelkit.specs.lookup import find_kernel
from kernelkit.specs.states import list_kernels


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "share/jupyter"


def display_name(directory: Path) -> str:
    found = json.loads((directory / "kernel.json").read_text())["display_name"]
    assert isinstance(found, str)
    return found


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_put_up_is_whole_and_ready(root: Path) -> None:
    directory = put(root, "tool", record=b'{"plan": 1}')
    assert directory == root / "kernels/tool"
    assert sorted(p.name for p in directory.iterdir()) == ["kernel.json", "launch.sh"]
    assert mode(directory / "launch.sh") == 0o755
    assert mode(directory) == 0o755
    assert store.load_record(root, "tool") == b'{"plan": 1}'
    assert [k.state for k in list_kernels([root / "kernels"])] == ["ready"]


def test_staging_is_not_where_jupyter_looks(root: Path) -> None:
    staged = store.stage(root, "tool", kernel_files(root, "tool"), b"{}")
    assert not (root / "kernels").exists()
    assert list_kernels([root / "kernels"]) == ()
    store.discard(staged)
    store.discard(staged)
    assert list((root / "kernelkit/staging").iterdir()) == []


def test_a_name_in_use_is_refused_and_the_new_one_can_still_be_discarded(root: Path) -> None:
    put(root, "tool", display_name="Old")
    with pytest.raises(AlreadyExists, match="`tool` exists") as caught:
        put(root, "tool", display_name="New")
    assert "--replace" in caught.value.hint
    assert display_name(root / "kernels/tool") == "Old"
    assert list((root / "kernelkit/staging").iterdir()) == []


def test_replacing_keeps_the_previous_version_and_its_record(root: Path) -> None:
    for number in range(3):
        put(root, "tool", display_name=f"V{number}", record=b"%d" % number, replace=True)
    assert display_name(root / "kernels/tool") == "V2"
    assert display_name(root / "kernelkit/previous/tool") == "V1"
    assert store.load_record(root, "tool") == b"2"
    assert (root / "kernelkit/previous/tool.json").read_bytes() == b"1"
    assert list((root / "kernelkit/staging").iterdir()) == []


def test_what_others_made_is_never_replaced(root: Path) -> None:
    directory = put_foreign(root, "tool")
    before = (directory / "kernel.json").read_bytes()
    for replace in (False, True):
        with pytest.raises(Unmanaged):
            put(root, "tool", replace=replace)
    assert (directory / "kernel.json").read_bytes() == before


def test_a_directory_without_kernel_json_is_not_ours(root: Path) -> None:
    (root / "kernels/tool").mkdir(parents=True)
    (root / "kernels/tool/notes.txt").write_text("mine")
    with pytest.raises(Unmanaged):
        put(root, "tool", replace=True)
    assert (root / "kernels/tool/notes.txt").read_text() == "mine"


def test_refusing_says_that_it_was_edited(root: Path) -> None:
    put(root, "tool")
    (root / "kernels/tool/launch.sh").write_text("#!/bin/bash\necho mine\n")
    with pytest.raises(AlreadyExists, match="`launch.sh` was edited by hand"):
        put(root, "tool")
    put(root, "tool", replace=True)
    assert "echo mine" in (root / "kernelkit/previous/tool/launch.sh").read_text()


def test_one_of_ours_whose_kernel_json_was_spoilt_can_be_replaced(root: Path) -> None:
    directory = put(root, "tool")
    (directory / "kernel.json").write_text("{ oops")
    with pytest.raises(AlreadyExists):
        put(root, "tool")
    put(root, "tool", replace=True)
    assert find_kernel("tool", roots=[root]).state == "ready"
    assert (root / "kernelkit/previous/tool/kernel.json").read_text() == "{ oops"


def test_removing_keeps_a_copy_and_forgets_the_record(root: Path) -> None:
    directory = put(root, "tool", record=b"7")
    assert store.remove("tool", roots=[root]) == directory
    assert not directory.exists()
    assert (root / "kernelkit/previous/tool/launch.sh").is_file()
    assert (root / "kernelkit/previous/tool.json").read_bytes() == b"7"
    with pytest.raises(NotFound):
        store.load_record(root, "tool")
    with pytest.raises(NotFound):
        store.remove("tool", roots=[root])


def test_removing_what_others_made_is_refused(root: Path) -> None:
    directory = put_foreign(root, "tool")
    for force in (False, True):
        with pytest.raises(Unmanaged) as caught:
            store.remove("tool", roots=[root], force=force)
        assert caught.value.exit_code == 5
    assert (directory / "kernel.json").is_file()


def test_removing_what_was_edited_needs_force(root: Path) -> None:
    directory = put(root, "tool")
    spec = json.loads((directory / "kernel.json").read_text())
    spec["display_name"] = "Mine"
    (directory / "kernel.json").write_text(json.dumps(spec))
    with pytest.raises(NotPermitted, match="`kernel.json` was edited by hand") as caught:
        store.remove("tool", roots=[root])
    assert "--force" in caught.value.hint
    store.remove("tool", roots=[root], force=True)
    assert display_name(root / "kernelkit/previous/tool") == "Mine"


def test_removing_takes_the_one_that_jupyter_would_start(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for place in (first, second):
        put(place, "tool")
    assert store.remove("tool", roots=[first, second]) == first / "kernels/tool"
    assert (second / "kernels/tool").is_dir()


def test_names_are_found_in_any_case_and_near_ones_are_offered(root: Path) -> None:
    put(root, "pytorch-2.7.1")
    assert find_kernel("PyTorch-2.7.1", roots=[root]).name == "pytorch-2.7.1"
    with pytest.raises(NotFound) as caught:
        find_kernel("pytorch-2.7", roots=[root])
    assert "`pytorch-2.7.1`" in caught.value.hint


def test_an_identity_finds_the_kernel_made_from_it(root: Path) -> None:
    put(root, "torch", identity="pytorch/2.7.1-cuda12")
    put(root, "a", identity="tool/1.0")
    put(root, "b", identity="tool/1.0", display_name="Another")
    assert find_kernel("pytorch/2.7.1-cuda12", roots=[root]).name == "torch"
    assert find_kernel("pytorch/2.7.1", roots=[root]).name == "torch"
    with pytest.raises(Ambiguous) as caught:
        find_kernel("tool/1.0", roots=[root])
    assert caught.value.matches == ("a", "b")
    with pytest.raises(NotFound):
        find_kernel("tool/2.0", roots=[root])


def test_a_version_ends_where_a_number_ends(root: Path) -> None:
    put(root, "old", identity="python/3.11")
    with pytest.raises(NotFound):
        find_kernel("python/3.1", roots=[root])


def test_records_are_private_where_kernels_are(home: Path, tmp_path: Path) -> None:
    mine = Path(os.environ["JUPYTER_DATA_DIR"])
    put(mine, "tool")
    assert mode(mine / "kernelkit/records/tool.json") == 0o600
    put(tmp_path / "shared", "tool")
    assert mode(tmp_path / "shared/kernelkit/records/tool.json") == 0o644


def test_a_shared_kernel_can_be_read_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        directory = put(tmp_path / "shared", "tool")
    finally:
        os.umask(before)
    for path in (directory, directory.parent, directory.parent.parent):
        assert mode(path) == 0o755
    assert mode(directory / "kernel.json") == 0o644


def test_leavings_of_killed_installs_are_swept_after_a_day(root: Path) -> None:
    dead = store.stage(root, "tool", kernel_files(root, "tool"), b"{}")
    alive = store.stage(root, "tool", kernel_files(root, "tool"), b"{}")
    old = time.time() - store.STAGING_LIFE - 60
    os.utime(dead.directory, (old, old))
    put(root, "other")
    assert not dead.directory.exists()
    assert alive.directory.is_dir()


def test_a_logo_goes_along_and_script_for_pages_does_not(root: Path) -> None:
    files = kernel_files(root, "tool")
    files["logo-svg.svg"] = (b"<svg/>", 0o644)
    store.commit(store.stage(root, "tool", files, b"{}"), replace=False)
    assert (root / "kernels/tool/logo-svg.svg").read_bytes() == b"<svg/>"
    for name in ("kernel.js", "../escape", ".hidden"):
        with pytest.raises(ValueError, match="holds no file"):
            store.stage(root, "tool", {**files, name: (b"", 0o644)}, b"{}")
