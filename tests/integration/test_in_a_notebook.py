"""What people do in a notebook beside running code: processes, questions, pip, a debugger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from driving import started
from machine import Kernelkit, Machine, Need

# name -> how it is installed, on which system, its interpreter, what `which python` says.
KINDS = {
    "module": (("install", "python/3.11"), "lmod", "{software}/python-3.11/bin/python"),
    "venv": (("install", ".venv"), "none", "{project}/.venv/bin/python"),
    "conda": (("install", "{conda}/envs/science"), "none", "{conda}/envs/science/bin/python"),
    "interpreter": (
        ("install", "{software}/python-3.11/bin/python3"),
        "none",
        "{software}/python-3.11/bin/python",
    ),
    "image": (("install", "{images}/demo.sif"), "apptainer", "/usr/bin/python3"),
    "wrapper": (("install", "pytorch/2.7.1"), "lmod", "/usr/bin/python3"),
    "function": (("create", "--module", "tensorflow/2.15"), "lmod", "/usr/bin/python3"),
}

ALL = ("lmod", "modules", "python", "conda", "apptainer", "image-demo")


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_finds_its_surroundings(
    kind: str, machine: Machine, need: Need, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    need(*ALL)
    command, system, python = KINDS[kind]
    machine.configure(system)
    machine.venv()
    installed = kernelkit(*machine.words(command), "--no-test")
    spec = json.loads(Path(installed["directory"], "kernel.json").read_text())
    with started(installed["name"], tmp_path / "log", machine.project) as kernel:
        answered = kernel.run("print(input('name? ').upper())", stdin=lambda prompt: f"{prompt}me")
        assert answered == "NAME? ME\n"

        word = "python3" if python == "/usr/bin/python3" else "python"
        assert [kernel.run(f"!command -v {word}").strip()] == machine.words([python])

        debugger = kernel.run(
            "import importlib.util as u; print(u.find_spec('debugpy') is not None)"
        )
        assert spec["metadata"]["debugger"] is (debugger == "True\n")

        # What `%pip` would install with is the kernel's own interpreter.
        said = kernel.run("import sys; print(sys.executable)\n%pip --version")
        executable, pip = said.split("\n", 1)
        lacks_pip = f"{executable}: No module named pip" in pip
        assert lacks_pip or pip.startswith("pip "), said


# Started processes import their functions, and so cannot have one that a cell defines.
PROCESSES = """
import math, multiprocessing
found = {}
for method in ("spawn", "fork", "forkserver"):
    with multiprocessing.get_context(method).Pool(2) as pool:
        found[method] = pool.map(math.factorial, [3, 4])
print(found)
"""


@pytest.mark.parametrize("kind", ["module", "image", "function"])
def test_processes_of_a_notebook(
    kind: str, machine: Machine, need: Need, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    need(*ALL)
    command, system, _ = KINDS[kind]
    machine.configure(system)
    name = kernelkit(*machine.words(command), "--no-test")["name"]
    with started(name, tmp_path / "log", machine.project) as kernel:
        found = kernel.run(PROCESSES)
    assert found == "{'spawn': [6, 24], 'fork': [6, 24], 'forkserver': [6, 24]}\n"


def test_files_beside_the_notebook_serve_it_but_not_its_start(
    machine: Machine, need: Need, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    need("python")
    machine.configure("none")
    (machine.project / "helper.py").write_text("def answer(x):\n    return 6 * x\n")
    # The kernel imports these as it starts; random.ipynb often has a random.py beside it.
    taken = [machine.project / name for name in ("random.py", "signal.py", "ipykernel.py")]
    for file in taken:
        file.write_text("raise RuntimeError('the file beside the notebook')\n")
    name = kernelkit("install", str(machine.parts.python), "--no-test")["name"]
    with started(name, tmp_path / "log", machine.project) as kernel:
        assert kernel.run("import helper; print(helper.answer(7))") == "42\n"
        for file in taken:
            file.unlink()
        spawned = "import multiprocessing as m\nwith m.get_context('spawn').Pool(1) as pool:"
        assert kernel.run(f"{spawned}\n  print(pool.map(helper.answer, [7]))") == "[42]\n"
