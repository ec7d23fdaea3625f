"""A kernel is edited, set, cloned, renamed, upgraded and rolled back, and starts each time."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from driving import started
from machine import Kernelkit, Machine, Need

from kernelkit.cli.main import run


@pytest.fixture
def tool(machine: Machine, kernelkit: Kernelkit, need: Need) -> dict[str, Any]:
    """A kernel of a project's recipe."""
    need("lmod", "modules", "python")
    machine.configure("lmod")
    (machine.project / "tool.toml").write_text(
        'name = "tool"\nversion = "1"\n[modules]\nload = ["python/3.11"]\n[env]\nSPOT = "first"\n'
    )
    return kernelkit("install", "tool.toml", "--no-test", "--set", "OWN=kept")


def cell(name: str, tmp_path: Path, code: str) -> str:
    with started(name, tmp_path / "log", tmp_path) as kernel:
        return kernel.run(code).strip()


SPOT = "import os; print(os.environ.get('SPOT'), os.environ.get('OWN'))"


def write_editor(path: Path, *lines: str) -> str:
    path.write_text("\n".join(("#!/bin/bash", *lines)) + "\n")
    path.chmod(0o755)
    return str(path)


def test_an_edited_recipe_is_tried_and_can_be_undone(
    tool: dict[str, Any],
    kernelkit: Kernelkit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    editor = write_editor(tmp_path / "editor", 'sed -i s/first/second/ "$1"')
    monkeypatch.setenv("EDITOR", editor)
    monkeypatch.delenv("VISUAL", raising=False)
    assert "interrupt a cell" in kernelkit("edit", "tool-1")["tested"]
    assert cell("tool-1", tmp_path, SPOT) == "second kept"
    kernelkit("rollback", "tool-1")
    assert cell("tool-1", tmp_path, SPOT) == "first kept"


def test_a_faulty_edit_keeps_the_text_and_the_kernel(
    tool: dict[str, Any],
    kernelkit: Kernelkit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = Path(tool["directory"], "kernel.json").read_bytes()
    monkeypatch.setenv(
        "EDITOR", write_editor(tmp_path / "editor", "sed -i 's/python.3.11/nothing\\/9/' \"$1\"")
    )
    error = kernelkit("edit", "tool-1", code=4)["error"]
    assert error["step"] == "modules"
    (kept,) = tmp_path.glob("kernelkit-edit-*/tool-1.toml")
    assert f"--file {kept}" in error["hint"]
    assert "nothing/9" in kept.read_text()
    assert Path(tool["directory"], "kernel.json").read_bytes() == before
    kept.write_text(kept.read_text().replace("nothing/9", "python/3.11").replace("first", "mended"))
    kernelkit("edit", "tool-1", "--file", str(kept), "--no-test")
    assert cell("tool-1", tmp_path, SPOT) == "mended kept"


def test_nothing_is_written_when_nothing_was_edited(
    tool: dict[str, Any], kernelkit: Kernelkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.delenv("VISUAL", raising=False)
    assert kernelkit("edit", "tool-1")["unchanged"] is True
    assert not Path(tool["directory"]).parents[1].joinpath("kernelkit/previous/tool-1").exists()


def test_a_change_that_was_overtaken_is_told(
    tool: dict[str, Any],
    kernelkit: Kernelkit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    program = "from kernelkit.cli import main; main()"
    other = [sys.executable, "-c", program, "rename", "tool-1", "--display-name", "Other"]
    words = " ".join(map(_quoted, other))
    editor = write_editor(tmp_path / "editor", f"{words} >&2", 'sed -i s/first/mine/ "$1"')
    monkeypatch.setenv("EDITOR", editor)
    error = kernelkit("edit", "tool-1", "--no-test", code=1)["error"]
    assert error["code"] == "changed"
    assert "--file" in error["hint"]
    assert kernelkit("show", "tool-1")["display_name"] == "Other"


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def test_single_values_and_what_would_differ(
    tool: dict[str, Any], kernelkit: Kernelkit, tmp_path: Path
) -> None:
    would = kernelkit("set", "tool-1", "env.SPOT=set", "--dry-run")
    assert "+export SPOT=set" in would["diff"]["launch.sh"]
    assert "-export SPOT=first" in would["diff"]["launch.sh"]
    assert kernelkit("diff", "tool-1")["differs"] is False
    kernelkit("set", "tool-1", "env.SPOT=set", "env.OWN=", "--no-test")
    assert cell("tool-1", tmp_path, SPOT) == "set None"
    assert kernelkit("set", "tool-1", "env.SPOT", code=2)["error"]["code"] == "usage"


def test_a_clone_and_a_new_name_start(
    tool: dict[str, Any], kernelkit: Kernelkit, tmp_path: Path
) -> None:
    kernelkit("clone", "tool-1", "second")
    kernelkit("rename", "tool-1", "first")
    for name in ("first", "second"):
        assert cell(name, tmp_path, SPOT) == "first kept"
    assert kernelkit("show", "tool-1", code=4)["error"]["code"] == "not_found"
    kernelkit("rollback", "first")
    assert kernelkit("list", "tool-1")["kernels"][0]["state"] == "ready"


def test_an_upgrade_takes_the_newer_recipe_and_keeps_what_was_asked_for(
    tool: dict[str, Any], machine: Machine, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    assert kernelkit("upgrade", "--all")["kernels"] == []
    assert kernelkit("upgrade", "tool-1")["kernels"][0]["ready"] is True
    recipe = machine.project / "tool.toml"
    recipe.write_text(recipe.read_text().replace("first", "newer"))
    assert kernelkit("diff", "tool-1", code=3)["differs"] is True
    (found,) = kernelkit("upgrade", "--all")["kernels"]
    assert "run a cell" in found["tested"]
    assert cell("tool-1", tmp_path, SPOT) == "newer kept"
    assert kernelkit("upgrade", "--all")["kernels"] == []


def test_one_that_cannot_be_upgraded_does_not_hold_up_others(
    tool: dict[str, Any], machine: Machine, kernelkit: Kernelkit
) -> None:
    kernelkit("clone", "tool-1", "edited")
    launch = Path(tool["directory"]).with_name("edited") / "launch.sh"
    launch.write_text(launch.read_text() + "# mine\n")
    recipe = machine.project / "tool.toml"
    recipe.write_text(recipe.read_text().replace("first", "newer"))
    found = {
        each["name"]: each for each in kernelkit("upgrade", "--all", "--no-test", code=1)["kernels"]
    }
    assert found["edited"]["error"]["code"] == "not_permitted"
    assert "--force" in found["edited"]["error"]["hint"]
    assert found["tool-1"]["directory"] == tool["directory"]
    kernelkit("upgrade", "edited", "--force", "--no-test")
    assert "# mine" not in launch.read_text()


def test_an_exported_recipe_installs_the_same_kernel(
    tool: dict[str, Any], machine: Machine, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    machine.venv(None, "--system-site-packages")
    (machine.project / "near.toml").write_text('name = "near"\n[venv]\npath = ".venv"\n')
    kernelkit("install", "near.toml", "--no-test", "--set", "SPOT=here", "--packages", "extra")
    target = tmp_path / "elsewhere.toml"
    kernelkit("export", "near", "-o", str(target))
    assert str(machine.project / ".venv") in target.read_text()
    assert kernelkit("export", "near", "-o", str(target), code=2)["error"]["code"] == "usage"
    os.chdir(tmp_path)
    kernelkit("install", str(target), "--as", "far", "--no-test")
    near, far = (kernelkit("show", name)["plan"] for name in ("near", "far"))
    for key in ("environment", "packages_dir", "env"):
        assert _absolute(near[key]) == _absolute(far[key])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("set", "tool-1", "env.API_TOKEN=x"), 1),
        (("install", "tool.toml", "--set", "API_TOKEN=x"), 2),
    ],
)
def test_a_secret_is_refused_from_the_command_line_too(
    words: tuple[str, ...], code: int, tool: dict[str, Any], kernelkit: Kernelkit
) -> None:
    error = kernelkit(*words, "--no-test", code=code)["error"]
    assert "API_TOKEN` looks like a secret" in error["message"]
    assert "`env_passthrough" in error["hint"]


def _absolute(value: Any) -> Any:
    return {k: v for k, v in value.items() if k != "relative"} if isinstance(value, dict) else value


def test_a_slurm_kernel_keeps_its_request_and_options(
    tool: dict[str, Any], kernelkit: Kernelkit
) -> None:
    asked = ("--on-slurm", "--time", "1:00:00", "--keep", "--no-check", "--no-test")
    kernelkit("install", "tool.toml", "--as", "gpu", *asked)
    kernelkit("set", "gpu", "env.SPOT=slurm", "resources.mem=2G", "--no-test")
    kernelkit("clone", "gpu", "gpu-2")
    kernelkit("rename", "gpu", "gpu-3")
    for name in ("gpu-2", "gpu-3"):
        spec = json.loads(kernelkit("show", name)["kernel_json"])
        config = spec["metadata"]["kernel_provisioner"]["config"]
        assert config["resources"] == {"time": "1:00:00", "mem": "2G"}
        assert config["keep"] is True
        assert spec["argv"][-3].endswith(f"/kernels/{name}")
    kernelkit("set", "gpu-3", "on_slurm=false", "--no-test")
    spec = json.loads(kernelkit("show", "gpu-3")["kernel_json"])
    assert "kernel_provisioner" not in spec["metadata"]
    assert spec["argv"][0].endswith("/gpu-3/launch.sh")


def test_text_for_people(tool: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (("clone", "tool-1", "second"), "Made "),
        (("rename", "second", "third", "--dry-run"), "Would be third"),
        (("rename", "second", "third"), "Now third"),
        (("rollback", "third", "--dry-run"), "Would put back"),
        (("rollback", "third"), "Back in place"),
        (("export", "second"), '"python/3.11"'),
        (("set", "second", "env.SPOT=2", "--dry-run"), "+export SPOT=2"),
    ):
        assert run(words) == 0
        assert said in capsys.readouterr().out


def test_the_editor_of_a_kernel_nobody_made(kernelkit: Kernelkit, machine: Machine) -> None:
    directory = machine.home / ".local/share/jupyter/kernels/foreign"
    directory.mkdir(parents=True)
    (directory / "kernel.json").write_text('{"argv": ["/bin/sh"], "display_name": "F"}')
    for words in (("edit", "foreign"), ("set", "foreign", "env.A=1"), ("export", "foreign"),
                  ("upgrade", "foreign"), ("clone", "foreign", "x"), ("rename", "foreign", "x"),
                  ("clone", "foreign", "x", "--dry-run"), ("rename", "foreign", "x", "--dry-run")):  # fmt: skip
        error = kernelkit(*words, code=5)["error"]
        assert (error["code"], "adopt" in error["hint"]) == ("unmanaged", True)
