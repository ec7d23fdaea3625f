"""Plan to kernel.json: what Jupyter reads, and what kernelkit remembers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from canned import CASES, draft, image, mark, modules, python, venv

from kernelkit.model import Change, FileMark, KernelMetadata, LayerRecord, Plan, ProjectPlan
from kernelkit.specs.integrity import spec_digest
from kernelkit.specs.spec import (
    layers,
    marks,
    mask,
    render_kernel_json,
    render_record,
    same_but_for_time,
)

DIRECTORY = Path("/home/ada/.local/share/jupyter/kernels/tool")


def render(plan: Plan, *, installed: str = "2026-01-01T00:00:00+00:00") -> bytes:
    digests = {"launch.sh": "0" * 64}
    return render_kernel_json(plan, directory=DIRECTORY, installed=installed, digests=digests)


def spec(plan: Plan) -> dict[str, Any]:
    found = json.loads(render(plan))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", CASES)
def test_jupyter_finds_what_it_needs(name: str) -> None:
    found = spec(CASES[name].plan)
    assert found["argv"] == [f"{DIRECTORY}/launch.sh", "-f", "{connection_file}"]
    assert set(found) == {"argv", "display_name", "language", "interrupt_mode", "metadata"}


@pytest.mark.parametrize("name", CASES)
def test_nothing_of_env_is_in_it(name: str) -> None:
    plan = msgspec.structs.replace(CASES[name].plan, env={"HIDDEN": "value-of-hidden"})
    assert b"value-of-hidden" not in render(plan)


@pytest.mark.parametrize("name", CASES)
def test_its_own_table_reads_back(name: str) -> None:
    found = spec(CASES[name].plan)
    metadata = msgspec.convert(found["metadata"]["kernelkit"], KernelMetadata)
    assert metadata.identity == CASES[name].plan.identity
    assert metadata.digests == {"launch.sh": "0" * 64, "kernel.json": spec_digest(found)}
    assert all(mark.role for mark in metadata.marks)


def test_what_an_ipykernel_can_do_is_said_only_after_probing() -> None:
    plan = draft(python=python(debugger=False, curve=True))
    assert spec(plan)["metadata"]["debugger"] is False
    assert spec(plan)["metadata"]["supported_encryption"] == "curve"
    assert "supported_encryption" not in spec(draft(python=python(curve=False)))["metadata"]
    assert set(spec(CASES["r"].plan)["metadata"]) == {"kernelkit"}


def test_marks_are_of_this_hosts_view() -> None:
    interpreter = mark("/v/bin/python")
    plan = draft(
        modules=modules("a/1", "b/2"),
        container=image("/i.sif", source="docker://i:1"),
        python=python(mark=interpreter),
    )
    found = [(m.role, m.path, m.label) for m in marks(plan)]
    assert found[:4] == [
        ("module", "/apps/modules/a/1.lua", "a/1"),
        ("module", "/apps/modules/b/2.lua", "b/2"),
        ("image", "/i.sif", "docker://i:1"),
        ("interpreter", "/v/bin/python", "3.11.2"),
    ]


def test_a_mark_keeps_the_role_it_has() -> None:
    given = FileMark(path="/x", size=1, mtime_ns=1, role="runtime", label="apptainer")
    assert marks(draft(python=python(mark=given))) == (given,)


def test_what_a_project_brings_is_not_looked_for_at_its_former_place() -> None:
    facts = python("/p/.venv/bin/python", mark=mark("/p/.venv/bin/python"))
    project = ProjectPlan(directory="/p", recipe_file="kernelkit.toml")
    fixed = draft(environment=venv("/p/.venv"), python=facts, project=project)
    moving = draft(environment=venv("/p/.venv", relative=".venv"), python=facts, project=project)
    assert "interpreter" in [m.role for m in marks(fixed)]
    assert marks(moving) == ()


def test_layers_are_one_line_each() -> None:
    assert layers(CASES["everything"].plan) == (
        "modules gcc/12.2 singularity/3.11",
        "venv /scratch/envs/inside",
        "container /scratch/images/tools",
        "packages /home/ada/packages",
        "variables GREETING MODE",
    )
    assert layers(CASES["conda"].plan) == ("conda science", "variables OMP_NUM_THREADS")


def test_a_secret_that_a_layer_sets_is_not_recorded() -> None:
    changes = (
        Change(variable="API_KEY", kind="set", value="geheim"),
        Change(variable="PATH", kind="prepended", value="/x"),
        Change(variable="OLD_TOKEN", kind="unset"),
    )
    record = LayerRecord(layer="Modules", source="a/1", changes=changes)
    assert [c.value for c in mask(record).changes] == ["(hidden)", "/x", ""]
    assert b"geheim" not in render_record(draft(), [record])


@pytest.mark.parametrize("name", CASES)
def test_the_record_holds_the_whole_plan(name: str) -> None:
    plan = CASES[name].plan
    found = json.loads(render_record(plan, [LayerRecord(layer="L", source="s")]))
    assert msgspec.convert(found["plan"], Plan) == plan
    assert found["changes"] == [{"layer": "L", "source": "s"}]


def test_a_path_that_is_not_utf8_comes_back() -> None:
    prefix = "/home/ad\udce9/v"
    plan = draft(environment=venv(prefix), python=python(mark=mark(f"{prefix}/bin/python")))
    assert json.loads(render_record(plan, []))["plan"]["environment"]["prefix"] == prefix
    assert spec(plan)["metadata"]["kernelkit"]["marks"][0]["path"] == f"{prefix}/bin/python"


def test_two_installs_differ_by_their_time_only() -> None:
    one, two = (render(draft(), installed=f"2026-01-0{day}") for day in (1, 2))
    other = render(msgspec.structs.replace(draft(), display_name="Other"))
    assert one != two and same_but_for_time(one, two)
    assert not same_but_for_time(one, other)
