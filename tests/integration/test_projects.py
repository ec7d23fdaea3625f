"""A project that brings its environment keeps it when it moves, and a copy uses its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from driving import started
from machine import Kernelkit, Machine, Need

RECIPE = 'name = "mine"\n[venv]\npath = ".venv"\n[packages]\ndir = "./packages"\n'


def test_a_project_moves_and_is_copied(
    machine: Machine, need: Need, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    need("python")
    machine.configure("none")
    project = machine.project / "first"
    machine.venv(project / ".venv")
    (project / "notebooks/deep").mkdir(parents=True)
    (project / "packages").mkdir()
    (project / "kernelkit.toml").write_text(RECIPE)
    kernelkit("install", str(project / "kernelkit.toml"))

    moved = project.rename(machine.project / "moved to 'another' place")
    copied = machine.project / "copied"
    shutil.copytree(moved, copied, symlinks=True)
    for place, directory in ((moved, moved / "notebooks/deep"), (copied, copied)):
        with started("mine", tmp_path / "log", directory) as kernel:
            found = kernel.prove()
        assert found["prefix"] == str(place / ".venv")
        assert str(place / "packages") in found["path"]
        assert found["layers"] == ["layer_venv"]


def test_away_from_any_project_the_installed_one_is_used(
    machine: Machine, need: Need, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    need("python")
    machine.configure("none")
    machine.venv()
    (machine.project / "kernelkit.toml").write_text('name = "mine"\n[venv]\npath = ".venv"\n')
    kernelkit("install", "./kernelkit.toml")
    with started("mine", tmp_path / "log", machine.home) as kernel:
        assert kernel.prove()["prefix"] == str(machine.project / ".venv")
