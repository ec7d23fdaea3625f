"""Hand-made kernelspecs become kernelkit's, start as before, and can be had back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from driving import started
from machine import Kernelkit, Machine, Need

CONNECTION = ["-f", "{connection_file}"]


def by_hand(machine: Machine, argv: list[str], **more: Any) -> Path:
    """A kernelspec that somebody wrote, with an environment variable."""
    directory = machine.home / ".local/share/jupyter/kernels/mine"
    directory.mkdir(parents=True)
    spec = {"argv": argv, "display_name": "Mine", "language": "python", "env": {"BY_HAND": "1"}}
    (directory / "kernel.json").write_text(json.dumps({**spec, **more}))
    return directory


def wrapper(directory: Path, *lines: str) -> str:
    path = directory / "start.sh"
    path.write_text("\n".join(("#!/bin/bash", *lines)) + "\n")
    path.chmod(0o755)
    return str(path)


def tree(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


SEEN = "import os, sys; print(sys.executable, os.environ.get('BY_HAND'), os.environ.get('EXTRA'))"


def cell(tmp_path: Path) -> str:
    with started("mine", tmp_path / "log", tmp_path) as kernel:
        return kernel.run(SEEN).strip()


@pytest.fixture(autouse=True)
def lmod(machine: Machine, need: Need) -> None:
    need("lmod", "modules", "python")
    machine.configure("lmod")


def test_what_ipykernel_install_wrote(
    machine: Machine, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    python = str(machine.parts.python)
    directory = by_hand(machine, [python, "-m", "ipykernel_launcher", *CONNECTION])
    before = tree(directory)
    assert "run a cell" in kernelkit("adopt", "mine")["tested"]
    (found,) = kernelkit("list", "mine")["kernels"]
    assert (found["state"], found["display_name"]) == ("ready", "Mine")
    assert cell(tmp_path) == f"{python} 1 None"
    assert kernelkit("adopt", "mine", code=2)["error"]["code"] == "usage"
    kernelkit("rollback", "mine")
    assert tree(directory) == before


def test_a_wrapper_that_loads_modules(
    machine: Machine, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    directory = by_hand(machine, ["{resource_dir}/start.sh", *CONNECTION])
    lines = ("module purge", "module load python/3.11", "export EXTRA='a b'")
    wrapper(directory, *lines, "exec python -m ipykernel_launcher $@")
    would = kernelkit("adopt", "mine", "--dry-run")
    assert 'load = ["python/3.11"]' in would["recipe"]
    assert "kernelkit" not in (directory / "kernel.json").read_text()
    kernelkit("adopt", "mine", "--no-test")
    plan = kernelkit("show", "mine")["plan"]
    assert [module["name"] for module in plan["modules"]["loads"]] == ["python/3.11"]
    assert cell(tmp_path).endswith("1 a b")
    assert kernelkit("diff", "mine")["differs"] is False


def test_what_no_layer_says_starts_as_before(
    machine: Machine, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    directory = by_hand(machine, ["{resource_dir}/start.sh", *CONNECTION])
    python = machine.parts.python
    wrapper(directory, "if true; then export EXTRA=if; fi",
            f"exec {python} -m ipykernel_launcher \"$@\"")  # fmt: skip
    done = kernelkit("adopt", "mine", "--no-test")
    assert "line 2" in done["notes"][0]
    assert cell(tmp_path) == f"{python} 1 if"
    # The script lies beside kernel.json, and later changes leave it there.
    kernelkit("set", "mine", "env.BY_HAND=2", "--no-test")
    assert cell(tmp_path) == f"{python} 2 if"


def test_a_copied_and_edited_one(machine: Machine, kernelkit: Kernelkit, tmp_path: Path) -> None:
    first = Path(kernelkit("install", "python/3.11", "--set", "EXTRA=1", "--no-test")["directory"])
    directory = first.with_name("mine")
    shutil.copytree(first, directory)
    spec = json.loads((directory / "kernel.json").read_text())
    spec |= {"display_name": "A copy", "env": {"BY_HAND": "copied"}}
    (directory / "kernel.json").write_text(json.dumps(spec))
    assert kernelkit("list", "mine")["kernels"][0]["state"] == "stale"
    kernelkit("adopt", "mine", "--no-test")
    (found,) = kernelkit("list", "mine")["kernels"]
    assert (found["state"], found["display_name"]) == ("ready", "A copy")
    assert kernelkit("show", "mine")["recipe"]["env"] == {"EXTRA": "1", "BY_HAND": "copied"}
    shutil.rmtree(first)
    assert cell(tmp_path).endswith("copied 1")


def test_under_another_name_the_hand_made_one_stays(
    machine: Machine, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    python = str(machine.parts.python)
    directory = by_hand(machine, [python, "-m", "ipykernel_launcher", *CONNECTION])
    # Of this name kernelkit makes none: IRkernel's installer would replace it.
    directory = directory.rename(directory.with_name("ir"))
    before = tree(directory)
    assert "--as" in kernelkit("adopt", "ir", code=2)["error"]["hint"]
    done = kernelkit("adopt", "ir", "--as", "mine")
    assert (done["name"], done["adopted"]) == ("mine", "ir") and "run a cell" in done["tested"]
    assert tree(directory) == before
    (found,) = kernelkit("list", "mine")["kernels"]
    # Jupyter's menus tell kernels apart by what they show.
    assert (found["state"], found["display_name"]) == ("ready", "Mine (mine)")
    assert cell(tmp_path) == f"{python} 1 None"
    taken = kernelkit("adopt", "ir", "--as", "mine", "--no-test", code=1)
    assert taken["error"]["code"] == "exists"
    kernelkit("adopt", "ir", "--as", "other", "--display-name", "Other", "--no-test")
    assert kernelkit("list", "other")["kernels"][0]["display_name"] == "Other"
    kernelkit("remove", "mine", "--yes")
    assert tree(directory) == before


def test_under_another_name_a_script_of_the_hand_made_one_is_named(
    machine: Machine, kernelkit: Kernelkit
) -> None:
    directory = by_hand(machine, ["{resource_dir}/start.sh", *CONNECTION])
    script = wrapper(directory, "if true; then exec python3; fi")
    notes = kernelkit("adopt", "mine", "--as", "anew", "--no-test")["notes"]
    assert any(script in note and "stay" in note for note in notes)


def test_one_that_does_not_start_is_left_alone(machine: Machine, kernelkit: Kernelkit) -> None:
    directory = by_hand(machine, ["/bin/false", *CONNECTION])
    before = tree(directory)
    assert kernelkit("adopt", "mine", code=1)["error"]["step"] == "test"
    assert tree(directory) == before
    assert list((directory.parents[1] / "kernelkit/staging").iterdir()) == []


def test_what_cannot_be_adopted(machine: Machine, kernelkit: Kernelkit) -> None:
    directory = by_hand(machine, ["python", *CONNECTION], env={"A": "${HOME}/x"})
    assert kernelkit("adopt", "mine", code=1)["error"]["code"] == "recipe"
    (directory / "kernel.json").write_text("{")
    assert kernelkit("adopt", "mine", code=1)["error"]["code"] == "recipe"
    real = directory.rename(machine.home / "real")
    directory.symlink_to(real)
    (real / "kernel.json").write_text(
        json.dumps({"argv": ["python", "-m", "ipykernel", *CONNECTION], "display_name": "L"})
    )
    assert kernelkit("adopt", "mine", "--no-test", code=5)["error"]["code"] == "unmanaged"
    assert kernelkit("adopt", "nothing", code=4)["error"]["code"] == "not_found"
