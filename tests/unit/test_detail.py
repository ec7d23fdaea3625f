"""What an installed kernel remembers of its making, and what is worked out where it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from canned import CASES
from shelf import put, put_foreign, put_plan

from kernelkit.errors import Unmanaged
from kernelkit.model import (
    Container,
    InstallOptions,
    KernelMetadata,
    Modules,
    Packages,
    Provenance,
    Recipe,
    Resources,
    Venv,
)
from kernelkit.specs.definition import merge, origin_of
from kernelkit.specs.derived import recipe_of_metadata, recipe_of_plan
from kernelkit.specs.detail import describe_kernel, summarize
from kernelkit.specs.shelf import fingerprint
from kernelkit.specs.sources import Source
from kernelkit.specs.spec import render_kernel_json
from kernelkit.specs.states import examine


@pytest.fixture
def root(home: Path) -> Path:
    return home / ".local/share/jupyter"


RECIPE = Recipe(
    name="tool",
    version="1.0",
    description="A tool.",
    modules=Modules(load=("gcc/12",)),
    env={"A": "1"},
    troubleshoot="Ask.",
)


def test_the_recipe_comes_back_as_it_was_given(root: Path) -> None:
    given = msgspec.structs.replace(RECIPE, display_name="Mine")
    provenance = Provenance(origin="catalog", given="tool")
    source = Source(given, provenance, Path("/catalog"), authored=RECIPE)
    put_plan(root, "tool-1.0", CASES["module"].plan, source)
    found = describe_kernel(examine(root / "kernels/tool-1.0"))
    assert found.recipe == given
    assert (found.base, found.derived, found.troubleshoot) == ("/catalog", False, "Ask.")
    assert set(found.files) == {"kernel.json", "launch.sh"}
    assert found.files["launch.sh"].startswith("#!/bin/bash")
    assert origin_of(examine(root / "kernels/tool-1.0")).source.authored == RECIPE


@pytest.mark.parametrize("name", CASES)
def test_an_older_kernel_has_its_recipe_worked_out(name: str, root: Path) -> None:
    plan = CASES[name].plan
    found = describe_kernel(examine(put_plan(root, plan.kernel_name, plan)))
    recipe = found.recipe
    assert recipe is not None and found.derived
    assert recipe.identity == plan.identity
    assert (recipe.modules is None) == (plan.modules is None)
    assert (recipe.container is None) == (plan.container is None)
    layers = [recipe.conda, recipe.venv, recipe.python]
    assert any(layers) == (plan.environment is not None)
    assert recipe.env == plan.env or recipe.wrap


@pytest.mark.parametrize("name", CASES)
def test_a_copied_kernel_tells_its_layers(name: str) -> None:
    plan = CASES[name].plan
    text = render_kernel_json(plan, directory=Path("/k"), installed="", digests={})
    kernel = json.loads(text)
    metadata = msgspec.convert(kernel["metadata"]["kernelkit"], KernelMetadata)
    found, full = recipe_of_metadata(kernel, metadata), recipe_of_plan(plan)
    for layer in ("conda", "venv", "packages"):
        assert getattr(found, layer) == getattr(full, layer), layer
    if full.container and found.container:
        assert found.container.image == full.container.image
    if full.modules and full.modules.load:
        assert found.modules and found.modules.load == full.modules.load
    assert found.env == {}


def test_binds_of_the_site_are_not_the_recipes() -> None:
    plan = CASES["everything"].plan
    assert plan.container and plan.container.binds
    recipe = recipe_of_plan(plan, plan.container.binds[:1])
    assert recipe.container and recipe.container.binds == plan.container.binds[1:]


def test_what_others_made_has_no_recipe(root: Path) -> None:
    kernel = examine(put_foreign(root, "foreign"))
    found = describe_kernel(kernel)
    assert (found.recipe, found.options, found.managed) == (None, None, False)
    with pytest.raises(Unmanaged, match="`foreign`"):
        origin_of(kernel)


@pytest.mark.parametrize("record", [b"", b"[]", b"{}", b'{"plan": 7, "definition": []}', b"\xff"])
def test_a_record_that_makes_no_sense_is_none(record: bytes, root: Path) -> None:
    found = describe_kernel(examine(put(root, "tool", record=record)))
    assert found.derived and found.recipe and found.recipe.identity == "tool/1.0"


CONFIG = {"resources": {"time": "2:00:00"}, "lease": 300, "keep": True, "gpus": "0"}


@pytest.mark.parametrize(
    ("metadata", "portable"),
    [
        ({"kernel_provisioner": {"provisioner_name": "kernelkit-slurm", "config": CONFIG}}, False),
        ({"kernelkit_job": CONFIG}, True),
    ],
)
def test_options_of_a_slurm_kernel(metadata: dict[str, Any], portable: bool, root: Path) -> None:
    directory = put(root, "other", extra={"metadata": metadata})
    found = describe_kernel(examine(directory))
    assert found.options == InstallOptions(
        as_name="other", on_slurm=True, portable=portable, keep=True, lease=300, gpus="0"
    )
    assert found.on_slurm and found.resources == Resources(time="2:00:00")


def test_scope_and_logo(root: Path, tmp_path: Path) -> None:
    project = tmp_path / ".kernelkit/share/jupyter"
    kernel = summarize(examine(put(project, "tool")))
    assert (kernel.scope, kernel.logo, kernel.on_slurm) == ("project", False, False)
    directory = put(root, "tool")
    (directory / "logo-svg.svg").write_text("<svg/>")
    kernel = summarize(examine(directory))
    assert (kernel.scope, kernel.logo) == ("user", True)


def test_every_change_changes_the_fingerprint(root: Path) -> None:
    directory = put(root, "tool", record=b"1")
    seen = {fingerprint(root, directory)}
    (directory / "launch.sh").write_text("#!/bin/bash\n")
    seen.add(fingerprint(root, directory))
    (root / "kernelkit/records/tool.json").write_bytes(b"2")
    seen.add(fingerprint(root, directory))
    (directory / "kernel.json").write_text("{}")
    seen.add(fingerprint(root, directory))
    assert len(seen) == 4


def test_a_newer_recipe_keeps_what_options_added() -> None:
    before = Recipe(
        name="tool",
        version="1.0",
        container=Container(image="/old.sif", binds=("/data",)),
        env={"A": "1", "B": "2"},
        venv=Venv(path="v"),
    )
    ours = msgspec.structs.replace(
        before,
        container=Container(image="/old.sif", binds=("/data", "/scratch")),
        env={"A": "mine", "B": "2"},
        packages=Packages(dir="extra"),
        venv=None,
    )
    theirs = msgspec.structs.replace(
        before, container=Container(image="/new.sif"), env={"A": "1", "C": "3"}
    )
    found = merge(before, ours, theirs)
    assert found.container == Container(image="/new.sif", binds=("/data", "/scratch"))
    assert found.env == {"A": "mine", "C": "3"}
    assert found.packages == Packages(dir="extra")
    assert found.venv is None
    assert merge(before, before, theirs) == theirs
    assert merge(before, ours, before) == ours
