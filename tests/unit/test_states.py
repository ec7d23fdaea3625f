"""What `list` says of every kernelspec: ready, stale, broken, shadowed, unmanaged, and why."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from shelf import mark, put, put_foreign

from kernelkit import model
from kernelkit.cli.list import STATES
from kernelkit.specs import marks, states
from kernelkit.specs.states import Installed, list_kernels


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "jupyter"


def only(root: Path) -> Installed:
    (found,) = list_kernels([root / "kernels"])
    return found


def test_constants_agree_with_the_model() -> None:
    # Repeated because `list` must not import msgspec.
    assert model.METADATA_FORMAT == states.KNOWN_FORMAT
    assert set(get_args(model.MarkRole)) == set(marks._ROLES)
    assert set(get_args(states.State)) == set(STATES)


def test_metadata_comes_back_as_it_was_stored(root: Path) -> None:
    put(root, "tool", identity="pytorch/2.7.1")
    found = only(root).metadata
    assert found is not None
    assert (found.format, found.identity, found.provenance.origin) == (1, "pytorch/2.7.1", "flags")
    put_foreign(root, "other")
    assert list_kernels([root / "kernels"])[0].metadata is None


# --- stale and broken -----------------------------------------------------------------------------

ESSENTIAL = {"image", "interpreter", "environment", "ipykernel", "runtime", "init"}
ONLY_EXISTENCE = {"ipykernel", "runtime", "init", "packages"}


def test_a_reason_names_what_others_wrote_and_shows_none_of_its_tricks(root: Path) -> None:
    put_foreign(root, "a", {"argv": ["\u202egnp.\x1b[31m\nsh"], "display_name": "A"})
    put_foreign(root, "b", {"argv": ["long" * 1000], "display_name": "B"})
    short, long = list_kernels([root / "kernels"])
    assert short.reasons == ("its command `gnp.[31m sh` is not on PATH",)
    assert len(long.reasons[0]) == 400 and long.reasons[0].endswith("…")


@pytest.mark.parametrize("role", get_args(model.MarkRole))
def test_a_marked_file_that_is_gone(root: Path, tmp_path: Path, role: str) -> None:
    file = tmp_path / "marked"
    file.write_text("1")
    put(root, "tool", marks=[mark(file, role, "label/1")])
    assert only(root).state == "ready"
    file.unlink()
    found = only(root)
    assert found.state == ("broken" if role in ESSENTIAL else "stale")
    (reason,) = found.reasons
    assert f"`{file}` does not exist" in reason


@pytest.mark.parametrize("role", get_args(model.MarkRole))
def test_a_marked_file_that_changed(root: Path, tmp_path: Path, role: str) -> None:
    file = tmp_path / "marked"
    file.write_text("1")
    put(root, "tool", marks=[mark(file, role, "label/1")])
    file.write_text("2")
    os.utime(file, ns=(5, 5))
    found = only(root)
    assert found.state == ("ready" if role in ONLY_EXISTENCE else "stale")


def test_the_reason_names_the_module(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "12.2.lua"
    file.write_text("1")
    put(root, "tool", marks=[mark(file, "module", "gcc/12.2")])
    file.write_text("22")
    (reason,) = only(root).reasons
    assert reason.startswith(f"module `gcc/12.2`: its modulefile `{file}` has changed")


def test_a_touched_or_restored_file_is_the_same(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "12.2.lua"
    file.write_text("1")
    put(root, "tool", marks=[mark(file, "module", "gcc/12.2")])
    os.utime(file, ns=(5, 5))
    assert only(root).state == "ready"


def test_without_a_digest_the_time_decides(root: Path, tmp_path: Path) -> None:
    image = tmp_path / "big.sif"
    image.write_text("1")
    put(root, "tool", marks=[mark(image, "image", hashed=False)])
    os.utime(image, ns=(5, 5))
    assert only(root).state == "stale"


def test_a_directory_is_there_or_it_is_not(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "image"
    folder.mkdir()
    put(root, "tool", marks=[mark(folder, "image")])
    (folder / "new").write_text("")
    assert only(root).state == "ready"
    shutil.rmtree(folder)
    assert only(root).state == "broken"


def test_a_fifo_in_place_of_a_file_is_not_waited_for(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "12.2.lua"
    file.write_text("")
    put(root, "tool", marks=[mark(file, "module", "gcc/12.2")])
    file.unlink()
    os.mkfifo(file)
    assert only(root).state == "stale"


def test_an_interpreter_is_followed_through_its_links(root: Path, tmp_path: Path) -> None:
    base, link = tmp_path / "python3.11", tmp_path / "python"
    base.write_text("3.11.1")
    link.symlink_to(base)
    put(root, "tool", marks=[mark(link, "interpreter")])
    base.write_text("3.11.2 ")
    assert only(root).state == "stale"
    base.unlink()
    found = only(root)
    assert found.state == "broken"
    assert f"`{link}` does not exist" in found.reasons[0]


def test_what_stops_it_is_told_before_what_does_not(root: Path, tmp_path: Path) -> None:
    module, image = tmp_path / "module", tmp_path / "image"
    module.write_text("")
    image.write_text("")
    put(root, "tool", marks=[mark(module, "module", "a/1"), mark(image, "image")])
    module.unlink()
    image.unlink()
    found = only(root)
    assert found.state == "broken"
    assert [reason.split()[0] for reason in found.reasons] == ["image", "module"]


def test_edits_are_noticed(root: Path) -> None:
    directory = put(root, "tool")
    script, spec = directory / "launch.sh", directory / "kernel.json"
    original = script.read_bytes()
    script.write_text("#!/bin/bash\nexport MINE=1\n")
    assert only(root).reasons == ("`launch.sh` was edited by hand",)
    script.write_bytes(original)
    assert only(root).state == "ready"
    content = json.loads(spec.read_text())
    spec.write_text(json.dumps(content, indent=4, sort_keys=True))
    assert only(root).state == "ready"
    content["env"] = {"MINE": "1"}
    spec.write_text(json.dumps(content))
    found = only(root)
    assert (found.state, found.reasons) == ("stale", ("`kernel.json` was edited by hand",))


def test_a_copied_and_a_moved_kernel(root: Path) -> None:
    directory = put(root, "tool")
    shutil.copytree(directory, root / "kernels/copy")
    copy, tool = list_kernels([root / "kernels"])
    assert (copy.name, copy.state, tool.state) == ("copy", "stale", "ready")
    assert f"starts `{directory}/launch.sh`" in copy.reasons[0]
    shutil.rmtree(directory)
    moved = only(root)
    assert moved.state == "broken"
    assert f"`{directory}/launch.sh` does not exist" in moved.reasons[0]


def test_a_launcher_that_may_not_run(root: Path) -> None:
    directory = put(root, "tool")
    (directory / "launch.sh").chmod(0o644)
    found = only(root)
    assert (found.state, found.reasons[0].endswith("is not an executable file")) == ("broken", True)


def test_a_kernel_of_a_newer_kernelkit(root: Path) -> None:
    directory = put(root, "tool")
    spec = json.loads((directory / "kernel.json").read_text())
    spec["metadata"]["kernelkit"].update(format=2, version="9.0", marks="elsewhere now")
    (directory / "kernel.json").write_text(json.dumps(spec))
    found = only(root)
    assert (found.state, found.managed) == ("stale", True)
    assert "kernelkit 9.0" in found.reasons[0]


# --- kernelspecs of others ------------------------------------------------------------------------


def test_what_others_made(root: Path) -> None:
    put_foreign(root, "tool")
    found = only(root)
    assert (found.state, found.managed, found.identity) == ("unmanaged", False, "")


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (b"{", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[1]", "does not hold a table"),
        ({"display_name": "no argv"}, "no usable `argv`"),
        ({"argv": []}, "no usable `argv`"),
        ({"argv": [1]}, "no usable `argv`"),
        ({"argv": "python"}, "`argv` in its kernel.json is of the wrong type"),
        ({"argv": ["/bin/sh"], "display_name": 3}, "`display_name` in its kernel.json"),
        ({"argv": ["/bin/sh", "a\0b"]}, "NUL"),
        ({"argv": ["/no/such/program"]}, "`/no/such/program` does not exist"),
        ({"argv": ["/bin"]}, "`/bin` is not an executable file"),
        ({"argv": ["\ud800/x"]}, "is not on PATH"),
        ({"argv": ["no-such-program"]}, "`no-such-program` is not on PATH"),
        ({"argv": ["sh"], "env": {"PATH": "/nowhere"}}, "`sh` is not on PATH"),
        ({"argv": ["{resource_dir}/start"]}, "/kernels/tool/start` does not exist"),
        (
            {"argv": ["sh"], "metadata": {"kernel_provisioner": {"provisioner_name": "none-such"}}},
            "provisioner `none-such` is not installed here",
        ),
    ],
)
def test_broken_ones_are_listed_with_the_reason(root: Path, spec: object, reason: str) -> None:
    put_foreign(root, "tool", spec)
    found = only(root)
    assert found.state == "broken"
    assert reason in "; ".join(found.reasons)


@pytest.mark.parametrize("word", ["sh", "python", "python3", "{resource_dir}/start"])
def test_commands_that_jupyter_would_find(root: Path, word: str) -> None:
    directory = put_foreign(root, "tool", {"argv": [word]})
    (directory / "start").write_text("")
    (directory / "start").chmod(0o755)
    assert only(root).state == "unmanaged"


def test_only_what_jupyter_takes_for_a_kernelspec_is_listed(root: Path) -> None:
    put_foreign(root, "real")
    kernels = root / "kernels"
    (kernels / "empty").mkdir()
    (kernels / "file").write_text("")
    (kernels / "fifo").mkdir()
    os.mkfifo(kernels / "fifo/kernel.json")
    (kernels / "dangling").symlink_to("nowhere")
    (kernels / "linked").symlink_to("real")
    assert [k.name for k in list_kernels([kernels, root / "none", kernels / "file"])] == [
        "linked",
        "real",
    ]


def test_the_first_directory_wins(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    put_foreign(first, "Tool")
    directory = put(second, "tool")
    found = list_kernels([first / "kernels", second / "kernels"])
    assert [(k.name, k.state) for k in found] == [("tool", "unmanaged"), ("tool", "shadowed")]
    assert found[1].reasons == (f"`{first}/kernels/Tool` comes first",)
    assert found[1].directory == directory
    assert found[1].managed


def test_the_same_kernels_as_jupyter_sees(home: Path, tmp_path: Path) -> None:
    """Against jupyter_client itself, with its own path and order."""
    shared = tmp_path / "shared"
    mine = Path(os.environ["JUPYTER_DATA_DIR"])
    put(mine, "tool")
    put_foreign(mine, "both")
    put_foreign(shared, "both")
    put_foreign(shared, "Upper.Case")
    put_foreign(home / ".ipython", "old")
    program = (
        "import json; from jupyter_client.kernelspec import KernelSpecManager as K;"
        "print(json.dumps(K().find_kernel_specs()))"
    )
    ours = (
        "import json; from kernelkit.specs.states import list_kernels;"
        "print(json.dumps({k.name: str(k.directory)"
        " for k in list_kernels() if k.state != 'shadowed'}))"
    )
    answers = []
    for text in (program, ours):
        done = subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, "JUPYTER_PATH": str(shared)},
            capture_output=True,
            text=True,
            check=True,
        )
        answers.append(json.loads(done.stdout))
    assert answers[0] == answers[1]
    assert {"tool", "both", "upper.case", "old", "python3"} <= set(answers[0])


def test_python3_is_listed_where_no_kernelspec_has_that_name(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = states.native_kernel_dir()
    assert directory is not None
    monkeypatch.setattr(states, "kernel_dirs", lambda: ())
    (found,) = list_kernels()
    assert (found.name, found.state, found.directory) == ("python3", "unmanaged", directory)


def test_listing_imports_nothing_heavy(home: Path) -> None:
    put(Path(os.environ["JUPYTER_DATA_DIR"]), "tool")
    program = (
        "import sys; from kernelkit.cli.main import run; code = run(['list']);"
        "print(*sorted(sys.modules), file=sys.stderr); raise SystemExit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "tool" in done.stdout
    heavy = {"traitlets", "zmq", "jupyter_client", "jsonschema", "rich", "ipykernel", "msgspec"}
    heavy |= {"asyncio", "tornado", "filelock", "subprocess"}
    assert heavy.isdisjoint(done.stderr.split())
