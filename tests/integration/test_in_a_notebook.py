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

# A function of a notebook cannot be imported by a spawned process; one of a module can.
PROCESSES = """
import math, multiprocessing
found = {}
for method in ("spawn", "fork", "forkserver"):
    with multiprocessing.get_context(method).Pool(2) as pool:
        found[method] = pool.map(math.factorial, [3, 4])
print(found)
"""
FACTORIALS = "{'spawn': [6, 24], 'fork': [6, 24], 'forkserver': [6, 24]}\n"


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_finds_its_surroundings(
    kind: str, machine: Machine, need: Need, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    need("lmod", "modules", "python", "conda", "apptainer", "image-demo")
    command, system, python = KINDS[kind]
    machine.configure(system)
    machine.venv()
    # These must not be mistaken for the modules of the same name.
    for name in ("random.py", "signal.py", "ipykernel.py"):
        (machine.project / name).write_text("raise RuntimeError('the file beside the notebook')\n")
    name = kernelkit(*machine.words(command), "--no-test")["name"]
    spec = json.loads(
        (machine.home / f".local/share/jupyter/kernels/{name}/kernel.json").read_text()
    )
    with started(name, tmp_path / "log", machine.project) as kernel:
        # The directory of the notebook is on the path of its processes, as with any ipykernel.
        for file in machine.project.glob("*.py"):
            file.unlink()
        assert kernel.run(PROCESSES) == FACTORIALS

        answered = kernel.run("print(input('name? ').upper())", stdin=lambda prompt: f"{prompt}me")
        assert answered == "NAME? ME\n"

        word = "python3" if system == "apptainer" or kind in ("wrapper", "function") else "python"
        which = kernel.run(f"!command -v {word}").strip()
        assert [which] == machine.words([python])

        debugger = kernel.run(
            "import importlib.util as u; print(u.find_spec('debugpy') is not None)"
        )
        assert spec["metadata"]["debugger"] is (debugger == "True\n")

        # `%pip` runs `sys.executable -m pip`, so this is the interpreter that it would install for.
        pip = kernel.run("import sys; print(sys.prefix)\n%pip --version")
        prefix, said = pip.split("\n", 1)
        assert "No module named pip" in said or f"from {prefix}" in said or "/usr/lib" in said


def test_a_file_beside_the_notebook_can_be_imported(
    machine: Machine, need: Need, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    need("python")
    machine.configure("none")
    (machine.project / "helper.py").write_text("ANSWER = 42\n")
    name = kernelkit("install", str(machine.parts.python), "--no-test")["name"]
    with started(name, tmp_path / "log", machine.project) as kernel:
        assert kernel.run("import helper; print(helper.ANSWER)") == "42\n"
        # And by the processes that it spawns.
        code = "import multiprocessing as m, helper\nwith m.get_context('spawn').Pool(1) as p:"
        assert (
            kernel.run(f"{code}\n  print(p.map(helper.__getattribute__, ['ANSWER']))") == "[42]\n"
        )
