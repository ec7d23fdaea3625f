"""What is active where the Jupyter server starts is none of a kernel's business."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from driving import started
from machine import Kernelkit, Machine, Need, write_layer

# A `module` as another module system would have exported it: it claims to load what it does not.
FOREIGN_MODULE = "() { export LOADEDMODULES=$2 FOREIGN_MODULE=used; }"


def leaks(machine: Machine) -> dict[str, str]:
    """A server's environment in which much is active that breaks other Pythons."""
    elsewhere = write_layer(machine.home / "elsewhere", "layer_leaked")
    start = machine.home / "startup.sh"
    start.write_text("export BASH_ENV_WAS_READ=1\n")
    return {
        "PYTHONPATH": str(elsewhere),
        "PYTHONHOME": str(elsewhere),
        "PYTHONSTARTUP": str(elsewhere / "layer_leaked/__init__.py"),
        "VIRTUAL_ENV": str(elsewhere),
        "CONDA_PREFIX": str(elsewhere),
        "CONDA_DEFAULT_ENV": "elsewhere",
        "CONDA_SHLVL": "2",
        "CONDA_PYTHON_EXE": str(elsewhere / "python"),
        "PATH": f"{elsewhere}:{os.environ['PATH']}",
        "BASH_FUNC_module%%": FOREIGN_MODULE,
        "BASH_FUNC_ml%%": FOREIGN_MODULE,
        "BASH_FUNC_python%%": "() { echo 'a function of the server' >&2; return 9; }",
        "BASH_FUNC_python3%%": "() { echo 'a function of the server' >&2; return 9; }",
        "BASH_ENV": str(start),
        "ENV": str(start),
    }


def loaded(machine: Machine, *modules: str) -> dict[str, str]:
    """The environment of a shell in which modules are loaded, as a server would inherit it."""
    script = 'source "$1"; module use "$2"; shift 2; module load "$@"; exec env -0'
    parts = machine.parts
    words = ["bash", str(parts.lmod_init), str(parts.lmod_tree), *modules]
    done = subprocess.run(
        ["/bin/bash", "-c", script, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    pairs = (pair.partition("=") for pair in done.stdout.decode().split("\0") if pair)
    return {name: value for name, _, value in pairs}


CASES = {
    "module": (("install", "python/3.11"), "lmod", ("python/3.11",), ["layer_python"]),
    "function": (
        ("create", "--module", "tensorflow/2.15"),
        "lmod",
        ("apptainer/1.4.5", "tensorflow/2.15"),
        ["layer_demo"],
    ),
    "wrapper": (
        ("install", "pytorch/2.7.1"),
        "lmod",
        ("apptainer/1.4.5", "pytorch/2.7.1-cuda12.6-cudnn9"),
        ["layer_demo"],
    ),
    "venv": (("install", ".venv"), "none", (), ["layer_venv"]),
    "conda": (("install", "{conda}/envs/science"), "none", (), ["layer_conda"]),
    "image": (("install", "{images}/demo.sif"), "apptainer", (), ["layer_demo"]),
}


@pytest.mark.parametrize("kind", CASES)
def test_nothing_of_the_server_leaks_in(
    kind: str, machine: Machine, need: Need, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    need("lmod", "modules", "python", "conda", "apptainer", "image-demo")
    command, system, loads, layers = CASES[kind]
    machine.configure(system)
    machine.venv()
    name = kernelkit(*machine.words(command))["name"]
    server = {**loaded(machine, "python-bare/3.11", "style-pythonpath/1.0"), **leaks(machine)}
    with started(name, tmp_path / "log", machine.project, **server) as kernel:
        found = kernel.prove()
    variables = found["variables"]
    assert found["layers"] == layers
    assert "BASH_ENV_WAS_READ" not in variables
    assert "FOREIGN_MODULE" not in variables
    elsewhere = str(machine.home / "elsewhere")
    inherited = {"BASH_ENV", "ENV"}  # of no effect on Python; the kernel's own bash may read them
    assert [n for n, v in variables.items() if elsewhere in v and n not in inherited] == []
    if loads:
        assert variables["LOADEDMODULES"] == ":".join(loads)


def test_a_modulepath_of_the_server_shadows_nothing(
    machine: Machine, need: Need, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    need("lmod", "modules", "python")
    # As a distribution's profile does: MODULEPATH is set there, unless a shell has one.
    init = machine.home / "modules.sh"
    init.write_text(
        f'. {machine.parts.lmod_init}\n[ -n "$MODULEPATH" ] || '
        f"export MODULEPATH={machine.parts.lmod_tree}\n"
    )
    machine.configure("none", module_system="lmod", module_init=[str(init)])
    name = kernelkit("install", "python/3.11")["name"]
    shadow = machine.home / "shadow"
    (shadow / "python").mkdir(parents=True)
    (shadow / "python/3.11.lua").write_text('setenv("SHADOWED", "1")\n')
    server = loaded(machine, "style-sticky/1.0", "libfoo/1.0")
    server["MODULEPATH"] = f"{shadow}:{server['MODULEPATH']}"
    with started(name, tmp_path / "log", machine.project, **server) as kernel:
        found = kernel.prove()
    assert "SHADOWED" not in found["variables"]
    assert found["layers"] == ["layer_python"]


def test_keep_starts_from_the_modules_of_the_server(
    machine: Machine,
    need: Need,
    kernelkit: Kernelkit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need("lmod", "modules", "python")
    machine.configure("lmod")
    server = loaded(machine, "style-load/1.0")
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    result = kernelkit("create", "--module", "python/3.11", "--baseline", "keep", "--as", "kept")
    with started(result["name"], tmp_path / "log", machine.project) as kernel:
        variables = kernel.prove()["variables"]
    assert variables["LOADEDMODULES"] == "libfoo/1.0:style-load/1.0:python/3.11"
    assert variables["STYLE_LOAD"] == "loaded"


def test_noise_of_a_module_goes_to_the_log(
    machine: Machine, need: Need, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    need("lmod", "modules", "python")
    machine.configure("lmod")
    command = ("create", "--module", "style-chatty/1.0", "--module", "python/3.11")
    name = kernelkit(*command, "--as", "chatty")["name"]
    with started(name, tmp_path / "log", machine.project) as kernel:
        assert kernel.run("print('only this')") == "only this\n"
    assert "style-chatty: a line on stdout" in (tmp_path / "log").read_text()
    script = machine.home / ".local/share/jupyter/kernels/chatty/launch.sh"
    done = subprocess.run(
        [str(script), "--run", "echo", "only this"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "only this\n"
    assert "style-chatty: a line on stdout" in done.stderr
