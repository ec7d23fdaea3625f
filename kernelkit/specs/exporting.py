"""An installed kernel's recipe as a file that stands alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..model import Recipe
from .definition import Origin
from .recipe_toml import render_recipe


class Export(NamedTuple):
    """A recipe's text and the name that a file of it should have."""

    filename: str
    text: str


def export_recipe(origin: Origin) -> Export:
    """The recipe in TOML, every path absolute: it reads the same from any directory."""
    recipe = flattened(origin.definition.recipe, Path(origin.definition.base))
    name = recipe.identity.replace("/", "-")
    return Export(f"{name}.toml", render_recipe(recipe))


def flattened(recipe: Recipe, base: Path) -> Recipe:
    """`recipe` with paths that count from `base` made absolute; names and `~` stay."""

    def place(text: str, *, always: bool = False) -> str:
        a_path = always or "/" in text or text.startswith(".")
        if not a_path or text.startswith(("~", "$")) or "://" in text:
            return text
        return os.path.normpath(base / text)

    changes: dict[str, object] = {}
    if found := recipe.modules:
        use = tuple(place(text, always=True) for text in found.use)
        changes["modules"] = msgspec.structs.replace(found, use=use)
    if container := recipe.container:
        changes["container"] = msgspec.structs.replace(
            container,
            image=place(container.image, always=True),
            overlay=container.overlay and place(container.overlay, always=True),
        )
    if conda := recipe.conda:
        changes["conda"] = msgspec.structs.replace(conda, environment=place(conda.environment))
    if venv := recipe.venv:
        changes["venv"] = msgspec.structs.replace(venv, path=place(venv.path, always=True))
    if python := recipe.python:
        interpreter = place(python.interpreter, always=True)
        changes["python"] = msgspec.structs.replace(python, interpreter=interpreter)
    if packages := recipe.packages:
        changes["packages"] = msgspec.structs.replace(packages, dir=place(packages.dir))
    # A logo is a file beside a recipe, and beside this one there is none.
    return msgspec.structs.replace(recipe, logo=None, **changes)
