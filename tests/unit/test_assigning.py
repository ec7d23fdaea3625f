"""`KEY=VALUE` in a recipe and in the options of an install."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kernelkit.errors import RecipeError, UsageError
from kernelkit.model import Container, InstallOptions, Modules, Recipe, Resources
from kernelkit.specs.assigning import OPTION_KEYS, assign

RECIPE = Recipe(name="tool", version="1.0", modules=Modules(load=("a/1",)), env={"A": "1"})
NONE = InstallOptions()


def put(*settings: str) -> Recipe:
    pairs = [(key, value) for key, _, value in (text.partition("=") for text in settings)]
    return assign(RECIPE, NONE, pairs)[0]


@pytest.mark.parametrize(
    ("setting", "changes"),
    [
        ("display_name=Mine too", {"display_name": "Mine too"}),
        ("modules.load=gcc/12 'b/2'", {"modules": Modules(load=("gcc/12", "b/2"))}),
        ("modules.load=", {"modules": None}),
        ("modules=", {"modules": None}),
        ("env.B=x = y", {"env": {"A": "1", "B": "x = y"}}),
        ("env.A=", {"env": {}}),
        ("resources.cpus=4", {"resources": Resources(cpus=4)}),
        ("resources.time=2:00:00", {"resources": Resources(time="2:00:00")}),
        ("container.image=/i.sif", {"container": Container(image="/i.sif")}),
        ("default=true", {"default": True}),
        ("env_passthrough=X Y", {"env_passthrough": ("X", "Y")}),
        ("wrap=", {}),
        ("env.NONE=", {}),
    ],
)
def test_a_value_by_its_type(setting: str, changes: dict[str, Any]) -> None:
    assert put(setting) == msgspec.structs.replace(RECIPE, **changes)


def test_several_at_once_are_checked_as_a_whole() -> None:
    found = put("container.image=/i.sif", "container.gpu=none", "modules=")
    assert found.container == Container(image="/i.sif", gpu="none")
    with pytest.raises(RecipeError, match=r"container\.image"):
        put("container.gpu=none")
    with pytest.raises(RecipeError, match=r"\[venv\]|venv|python"):
        put("venv.path=/v", "python.interpreter=/p")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("nope=1", "`nope`"),
        ("modules.laod=1", "`modules.laod`"),
        ("modules=a/1", "`modules` is a table"),
        ("name.x=1", "`name` has no keys"),
        ("resources.cpus=many", "no whole number"),
        ("default=yes", "neither true nor false"),
        ("modules.load=a 'b", "cannot be split"),
        ("lease=5", "lease"),
    ],
)
def test_what_cannot_be(setting: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        put(setting)


def test_the_nearest_key_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        put("modules.laod=a")
    assert "`modules.load`" in caught.value.hint


def test_options_of_the_job() -> None:
    pairs = [("on_slurm", "true"), ("keep", "true"), ("lease", "600"), ("gpus", "0")]
    recipe, options = assign(RECIPE, NONE, pairs)
    assert recipe == RECIPE
    assert options == InstallOptions(on_slurm=True, keep=True, lease=600, gpus="0")
    assert assign(RECIPE, options, [(key, "") for key in OPTION_KEYS])[1] == NONE


@pytest.mark.parametrize("value", ["LD_PRELOAD", "A\0B", "\x1b[31m"])
def test_a_hostile_value_is_refused_or_cleaned(value: str) -> None:
    with pytest.raises((RecipeError, UsageError)):
        put(f"env.A B={value}")
    with pytest.raises(RecipeError):
        put(f"venv.path={value}\n")
