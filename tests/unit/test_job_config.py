"""Whoever edits the Slurm request in kernel.json gets what they wrote, from every verb."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from canned import CASES
from command_line import kernelkit
from shelf import put_plan

from kernelkit.model import PROVISIONER_NAME, Provenance, Recipe, Resources
from kernelkit.specs.definition import merge, origin_of
from kernelkit.specs.detail import describe_kernel
from kernelkit.specs.sources import Source
from kernelkit.specs.states import examine

RECIPE = Recipe(name="tool", version="1.0", resources=Resources(partition="cpu", time="60"))


@pytest.fixture
def directory(home: Path) -> Path:
    plan = msgspec.structs.replace(CASES["module"].plan, resources=RECIPE.resources)
    source = Source(RECIPE, Provenance(origin="catalog", given="tool"), Path("/catalog"))
    return put_plan(home / ".local/share/jupyter", "tool-1.0", plan, source)


def write(directory: Path, resources: Any, *, portable: bool = False) -> None:
    """By hand, as an editor would."""
    file = directory / "kernel.json"
    spec = json.loads(file.read_text())
    config = {"resources": resources}
    stanza = {"provisioner_name": PROVISIONER_NAME, "config": config}
    spec["metadata"] |= {"kernelkit_job": config} if portable else {"kernel_provisioner": stanza}
    file.write_text(json.dumps(spec))


@pytest.mark.parametrize("portable", [False, True])
def test_every_verb_goes_by_what_a_start_goes_by(directory: Path, portable: bool) -> None:
    write(directory, {"partition": "gpu", "gres": "gpu:1"}, portable=portable)
    batch = kernelkit("batch", "--print", "--json", "tool-1.0", "true").json["command"]
    assert {"--partition=gpu", "--gres=gpu:1"} <= set(batch)
    assert not any(word.startswith("--time") for word in batch)
    shown = kernelkit("show", "--json", "tool-1.0").json
    assert {"--partition=gpu", "--gres=gpu:1"} <= set(shown["job"]["sbatch"])
    asked = Resources(partition="gpu", gres="gpu:1")
    detail = describe_kernel(examine(directory))
    assert detail.recipe and (detail.recipe.resources, detail.resources) == (asked, asked)


def test_a_newer_recipe_of_the_catalog_undoes_no_edit(directory: Path) -> None:
    write(directory, {"partition": "gpu", "time": "60"})
    source = origin_of(examine(directory)).source
    assert source.authored == RECIPE
    longer = msgspec.structs.replace(RECIPE, resources=Resources(partition="cpu", time="90"))
    merged = merge(RECIPE, source.recipe, longer)
    assert merged.resources == Resources(partition="gpu", time="90")


def test_without_a_job_it_is_the_recipes(directory: Path) -> None:
    assert origin_of(examine(directory)).definition.recipe == RECIPE
    batch = kernelkit("batch", "--print", "--json", "tool-1.0", "true").json["command"]
    assert {"--partition=cpu", "--time=60"} <= set(batch)


def test_what_cannot_be_used_stops_a_batch_job_as_it_stops_a_start(directory: Path) -> None:
    write(directory, {"partiton": "gpu"})
    refused = kernelkit("batch", "--print", "tool-1.0", "true")
    assert refused.code != 0 and "partiton" in refused.err
    # A change makes the kernel anew, from what can be used.
    assert origin_of(examine(directory)).definition.recipe == RECIPE
