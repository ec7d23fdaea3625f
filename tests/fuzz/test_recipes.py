"""Any text is a Recipe or a RecipeError; any Recipe survives being written and read."""

from __future__ import annotations

import datetime
import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kernelkit.errors import RecipeError
from kernelkit.model import (
    Conda,
    Container,
    KernelCommand,
    Modules,
    Packages,
    Recipe,
    Resources,
    Verified,
    schema,
)
from kernelkit.names import version_begins, version_key
from kernelkit.specs.recipes import parse_recipe, render_recipe

DEFINITIONS = schema()["$defs"]
KEYS = sorted({key for d in DEFINITIONS.values() for key in d["properties"]})
TABLES = ["modules", "container", "conda", "venv", "python", "packages", "kernel", "env",
          "resources", "verified"]  # fmt: skip


def is_recipe_or_error(text: str) -> None:
    try:
        found = parse_recipe(text, source="fuzz.toml")
    except RecipeError as error:
        assert "`fuzz.toml`" in error.message
        assert error.hint
    else:
        assert parse_recipe(render_recipe(found), source="again") == found


@given(st.text())
def test_any_text(text: str) -> None:
    is_recipe_or_error(text)


# Tokens of TOML and of recipes, put together at random, get further into the parser than text.
SCALARS = st.one_of(
    st.sampled_from(
        ['"a"', '"2.7"', "2.7", "1", "true", "[]", '["a"]', '["a", 1]', "[[1]]", "{}", '{a = "b"}',
         "{a = {b = 1}}", "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "nan", "-inf",
         "'''\n'''", '"\\u0000"', '"\\u202e"', '"{connection_file}"', '"docker://a"', "0xff",
         "9" * 30]
    ),
    st.text(max_size=20).map(lambda t: '"' + t.replace("\\", "").replace('"', "") + '"'),
)  # fmt: skip
KEY = st.one_of(
    st.sampled_from(KEYS),
    st.sampled_from(["a.b", '"a b"', '""', "'x.y'", "moduls", "env.A", "modules.load"]),
)
LINES = st.one_of(
    st.sampled_from(TABLES).map(lambda t: f"[{t}]"),
    st.sampled_from(TABLES).map(lambda t: f"[[{t}]]"),
    st.tuples(KEY, SCALARS).map(lambda pair: f"{pair[0]} = {pair[1]}"),
)


@given(st.lists(LINES, max_size=12), st.booleans())
def test_any_lines_of_toml(lines: list[str], named: bool) -> None:
    head = ['name = "a"'] if named else []
    is_recipe_or_error("\n".join([*head, *lines]))


# --- any recipe ----------------------------------------------------------------------------------

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUE = ANY.filter(lambda t: "\0" not in t)
PATH = ANY.filter(lambda t: t and not set(t) & set("\0\n\r") and "://" not in t)
WORD = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=12)
VARIABLE = WORD.map(lambda t: "X" + t)


def some(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.builds(kind, **fields)


def words(of: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(of, max_size=4).map(tuple)


RECIPES = st.builds(
    Recipe,
    name=WORD,
    version=st.just("") | WORD,
    display_name=st.just("") | ANY,
    description=ANY,
    aliases=words(WORD),
    default=st.booleans(),
    logo=st.none() | WORD.map(lambda t: f"{t}.svg"),
    modules=some(Modules, load=words(WORD), use=words(PATH), collection=st.none() | WORD),
    container=some(Container, image=PATH, contain=st.booleans(), overlay=st.none() | PATH),
    conda=some(Conda, environment=WORD),
    packages=some(Packages, dir=PATH),
    kernel=some(
        KernelCommand,
        command=st.lists(VALUE, max_size=4).map(
            lambda ws: (*(w for w in ws if w != "{connection_file}"), "{connection_file}")
        ),
        user_site=st.none() | st.booleans(),
    ),
    env=st.dictionaries(VARIABLE, VALUE, max_size=4),
    resources=some(Resources, cpus=st.none() | st.integers(1, 1000), gres=st.none() | WORD),
    verified=some(Verified, against=ANY, on=st.dates(datetime.date(1, 1, 1))),
    troubleshoot=ANY,
)


@given(RECIPES)
def test_any_recipe_round_trips(recipe: Recipe) -> None:
    text = render_recipe(recipe)
    try:
        read = parse_recipe(text, source="fuzz.toml")
    except RecipeError as error:
        # Only names that read as secrets, and a display name without a visible character.
        assert error.key.startswith("env.") or error.key == "display_name"
        return
    assert (read.env, read.modules, read.container, read.kernel) == (
        recipe.env,
        recipe.modules,
        recipe.container,
        recipe.kernel,
    )
    again = render_recipe(read)
    assert parse_recipe(again, source="again") == read
    assert render_recipe(parse_recipe(again, source="again")) == again


@given(st.lists(st.text(max_size=12), max_size=6))
def test_any_versions_can_be_sorted(versions: list[str]) -> None:
    keys = [version_key(version) for version in versions]
    assert sorted(keys) == sorted(sorted(keys, reverse=True))
    assert all(version_begins(version, version) for version in versions)
