"""Anything typed after `kernelkit set`, and any two versions of a recipe that are merged."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import put

from kernelkit.errors import KernelkitError
from kernelkit.model import Container, InstallOptions, Modules, Packages, Recipe, Resources
from kernelkit.specs.assigning import OPTION_KEYS, assign
from kernelkit.specs.definition import merge
from kernelkit.specs.detail import describe_kernel
from kernelkit.specs.handmade import Opaque, parse_argv, parse_script
from kernelkit.specs.recipe_text import parse_recipe
from kernelkit.specs.recipe_toml import render_recipe
from kernelkit.specs.states import examine

TABLES = ("modules", "container", "conda", "venv", "packages", "kernel", "env", "resources")
KEYS = st.one_of(
    st.sampled_from([*Recipe.__struct_fields__, *OPTION_KEYS]),
    st.builds("{}.{}".format, st.sampled_from(TABLES), st.text(max_size=12)),
    st.sampled_from(
        ["modules.load", "container.binds", "resources.cpus", "env.A", "kernel.command"]
    ),
    st.text(max_size=20),
)
WORDS = st.lists(st.sampled_from(["a/1", "b/2", "c/3"]), max_size=2).map(tuple)
RECIPES = st.builds(
    Recipe,
    name=st.just("tool"),
    version=st.sampled_from(["", "1", "2"]),
    display_name=st.sampled_from(["", "A", "B"]),
    modules=st.none() | st.builds(Modules, load=WORDS, use=WORDS),
    container=st.none()
    | st.builds(Container, image=st.sampled_from(["/a.sif", "/b.sif"]), binds=WORDS),
    packages=st.none() | st.builds(Packages, dir=st.sampled_from(["p", "q"])),
    env=st.dictionaries(st.sampled_from("ABC"), st.sampled_from(["", "1", "2"])),
    resources=st.none() | st.builds(Resources, time=st.none() | st.sampled_from(["1", "2"])),
)


@given(st.lists(st.tuples(KEYS, st.text(max_size=30)), max_size=4))
def test_what_is_set_is_a_recipe_or_refused_in_words(pairs: list[tuple[str, str]]) -> None:
    recipe = Recipe(name="tool", env={"A": "1"})
    try:
        found, options = assign(recipe, InstallOptions(), pairs)
    except KernelkitError as error:
        assert error.message and error.hint
        return
    assert parse_recipe(render_recipe(found), source="again") == found
    assert isinstance(options, InstallOptions)


@given(RECIPES, RECIPES, RECIPES)
def test_a_merge_keeps_ours_where_it_differs(before: Recipe, ours: Recipe, new: Recipe) -> None:
    assert merge(before, before, new) == new
    assert merge(before, ours, before) == ours
    found = msgspec.to_builtins(merge(before, ours, new))
    old, mine = msgspec.to_builtins(before), msgspec.to_builtins(ours)
    for key in ("version", "display_name"):
        theirs = msgspec.to_builtins(new).get(key)
        assert found.get(key) == (_of(mine, key) if _of(mine, key) != _of(old, key) else theirs)


def _of(table: dict[str, Any], key: str) -> Any:
    return table.get(key)


LINES = st.lists(
    st.sampled_from(
        ["module load a/1", "module purge", "ml b", "export A=1", "export A=$B", "source /v/bin/activate",
         "conda activate x", "exec python $@", "python -m ipykernel -f $1", "set -e", "apptainer exec -B /a",
         "if true", "# x", "'", "\\", "$(", "exec", "module", "export", "env A=1", "ml"]
    )
    | st.text(max_size=20),
    max_size=6,
)  # fmt: skip


@given(LINES, st.lists(st.sampled_from(["-f", "{connection_file}", "-m", "x"]), max_size=4))
def test_any_script_has_layers_or_is_opaque(lines: list[str], arguments: list[str]) -> None:
    try:
        found = parse_script("\n".join(lines), arguments)
    except Opaque as reason:
        assert str(reason)
        return
    assert "{connection_file}" in found.command
    assert not any("$" in word for word in found.command)


@given(st.lists(st.sampled_from(["env", "A=1", "apptainer", "exec", "-B", "--nv", "envkernel", "lmod",
                                 "run", "--", "bash", "-c", "python", "{connection_file}", "/i.sif", ""]),
                max_size=8))  # fmt: skip
def test_any_command_has_layers_or_is_opaque(argv: list[str]) -> None:
    try:
        assert "{connection_file}" in parse_argv(argv).command
    except Opaque as reason:
        assert str(reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
SPOILT = st.dictionaries(
    st.sampled_from(["plan", "changes", "definition", "of", "recipe", "base"]), JSON, max_size=4
)


@settings(max_examples=40, deadline=None)  # each example writes and flushes a kernelspec
@given(record=SPOILT, metadata=JSON, argv=JSON)
def test_a_kernel_is_told_whatever_its_files_hold(
    record: Any, metadata: Any, argv: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("shelf")
    directory = put(root, "tool", record=json.dumps(record).encode())
    spec = json.loads((directory / "kernel.json").read_text())
    table = spec["metadata"]["kernelkit"]
    spec["argv"] = argv
    if isinstance(metadata, dict):
        table.update(metadata)
        spec["metadata"].update(metadata)
    else:
        table["layers"] = metadata
    (directory / "kernel.json").write_text(json.dumps(spec))
    found = describe_kernel(examine(directory))
    assert found.name == "tool"
    msgspec.json.encode(found)
