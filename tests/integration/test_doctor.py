"""`kernelkit doctor` against real module systems, images and environments."""

from __future__ import annotations

import shutil
from pathlib import Path

import command_line
import pytest
from machine import Kernelkit, Machine, Need

Checks = dict[str, dict[str, str]]


def checks(*words: str) -> Checks:
    """The checks by name. A Jupyter of this user that another test runs may be among them, so how
    the command ends tells something only where it fails."""
    done = command_line.kernelkit("doctor", "--json", *words)
    found = {each["name"]: each for each in done.json["checks"]}
    assert done.code or "failed" not in {each["verdict"] for each in found.values()}
    return found


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Jupyter and no Slurm on PATH: those are the business of other tests."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@pytest.mark.parametrize(
    ("system", "needs", "title"),
    [
        ("lmod", ("lmod",), "Lmod 8."),
        ("environment-modules", ("environment-modules",), "Environment Modules 5."),
    ],
)
def test_the_module_system(
    system: str,
    needs: tuple[str, ...],
    title: str,
    machine: Machine,
    need: Need,
    quiet: None,
) -> None:
    need(*needs, "modules")
    machine.configure(system)
    found = checks()["module system"]
    assert found["verdict"] == "ok"
    assert found["message"].startswith(title)
    assert " modules." in found["message"]


def test_the_container_runtime(machine: Machine, need: Need, quiet: None) -> None:
    need("apptainer")
    machine.configure("apptainer", module_system="none")
    found = checks()["container runtime"]
    assert found["message"].startswith("Apptainer 1.")
    machine.configure("none", container_runtime="/nowhere/apptainer", module_system="none")
    found = checks()["container runtime"]
    assert "`/nowhere/apptainer`" in found["message"]


def test_a_kernel_that_is_well(
    machine: Machine, kernelkit: Kernelkit, need: Need, quiet: None
) -> None:
    need("lmod", "modules", "python")
    machine.configure("lmod")
    packages = machine.project / "packages"
    kernelkit("install", "python/3.11", "--no-test", "--packages", str(packages), "--as", "well")
    packages.mkdir(exist_ok=True)
    found = checks("well")
    assert {found[name]["verdict"] for name in ("kernelspec", "layers", "Python")} == {"ok"}
    assert "Python 3.11" in found["Python"]["message"]
    assert "ipykernel" in found["Python"]["message"]
    assert found["packages dir"]["message"] == f"`{packages}` fits."
    (packages / "typing.py").write_text("")
    shadowing = checks("well")["packages dir"]
    assert "typing" in shadowing["message"]


def test_a_module_that_does_not_load_any_more(
    machine: Machine, kernelkit: Kernelkit, need: Need, quiet: None, tmp_path: Path
) -> None:
    need("lmod", "modules", "python")
    tree = tmp_path / "modulefiles"
    shutil.copytree(machine.parts.lmod_tree, tree)
    machine.configure("lmod", module_paths=[str(tree)])
    kernelkit("install", "python/3.11", "--no-test", "--as", "ill")
    (module,) = (tree / "python").glob("3.11*")
    module.write_text('LmodError("the licence server is away")\n')
    found = checks("ill")
    assert found["kernelspec"]["verdict"] == "warning"
    assert "kernelkit upgrade ill" in found["kernelspec"]["hint"]
    assert found["layers"]["verdict"] == "failed"
    assert "python/3.11" in found["layers"]["message"]
    assert "the licence server is away" in found["layers"]["detail"]
    assert "Python" not in found


def test_an_image_is_looked_into(
    machine: Machine, kernelkit: Kernelkit, need: Need, quiet: None
) -> None:
    need("apptainer", "image-demo")
    machine.configure("apptainer")
    image = machine.project / "demo.sif"
    image.symlink_to(machine.parts.root / "images/demo.sif")
    kernelkit("install", str(image), "--no-test", "--as", "boxed")
    found = checks("boxed")
    assert f"`{image}`" in found["Python"]["message"]
    image.unlink()
    found = checks("boxed")
    assert str(image) in found["kernelspec"]["message"]
    assert found["layers"]["verdict"] == "skipped"


def test_a_python_that_lost_its_ipykernel(
    machine: Machine, kernelkit: Kernelkit, need: Need, quiet: None
) -> None:
    need("python")
    machine.configure("none", module_system="none")
    python = machine.project / "python3"

    def be(*words: object) -> None:
        python.write_text("#!/bin/sh\nexec " + " ".join(map(str, words)) + ' "$@"\n')
        python.chmod(0o755)

    be(machine.parts.python)
    kernelkit("create", "--python", str(python), "--no-test", "--as", "based")
    assert checks("based")["Python"]["verdict"] == "ok"
    be(machine.parts.python, "-S")  # without site-packages
    found = checks("based")["Python"]
    assert "has no ipykernel any more" in found["message"]
    assert "Install it there again" in found["hint"]
