"""Each combination of layers is installed by one command and is a kernel as any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cases import CASES, Case
from driving import CELLS, run_notebook, started
from machine import Kernelkit, Machine, Need


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id.replace(" ", "-"))
def test_a_combination(
    case: Case, machine: Machine, need: Need, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    need(*case.needs)
    machine.configure(case.system)
    case.prepare(machine)
    name = kernelkit(*machine.words(case.command))["name"]
    plan = kernelkit("show", name)["plan"]
    loads = plan["modules"]["loads"] if case.loads else []
    assert tuple(module["name"] for module in loads) == case.loads

    cells = CELLS[case.language]
    with started(name, tmp_path / "log", machine.project) as kernel:
        check(case, machine, kernel.prove(case.language))
        kernel.run(case.also)
        kernel.run(cells.remember)
        assert kernel.interrupt(cells.loop)["status"] != "ok"
        assert kernel.run(cells.recall).strip() == "42"

        kernel.restart()
        content, text = kernel.execute(cells.recall)
        assert "42" not in text, "a restart kept the variables"
        check(case, machine, kernel.prove(case.language))

    proof, said = run_notebook(
        name, machine.project, cells.proof, f"{cells.remember}\n{cells.recall}"
    )
    check(case, machine, json.loads(proof.strip().splitlines()[-1]))
    assert said.strip() == "42"


def check(case: Case, machine: Machine, found: dict[str, Any]) -> None:
    """A cell runs in exactly the layers of the case."""
    variables = found["variables"]
    (executable,) = machine.words([case.executable])
    assert found["executable"] == executable
    assert found["layers"] == list(case.layers)
    assert variables.get("LOADEDMODULES", "") == ":".join(case.loads)
    expected = dict(zip(case.seen, machine.words(list(case.seen.values())), strict=True))
    assert {name: variables.get(name) for name in expected} == expected
    if case.language != "r":
        assert found["cwd"] == str(machine.project)
        assert str(machine.project) not in found["path"] or case.language == "bash"
