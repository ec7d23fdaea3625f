"""What a path in a recipe means: absolute, from home, or relative to the recipe's directory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..names import path_text


@dataclass(frozen=True)
class Place:
    """An absolute path, and the same relative to the recipe's directory if it was given so."""

    path: Path
    relative: str = ""


def locate(text: str, *, base: Path, recipe_file: Path | None = None) -> Place:
    """The place that `text` names, seen from `base`.

    No symlink is resolved: an environment that is reached through a link knows itself by that
    name. `relative` is filled only for a relative `text` of a recipe file, and counts from that
    file's directory. Raises InvalidName for text that no path can be.
    """
    path_text(text)
    if text.startswith("~"):
        text = os.path.expanduser(text)  # noqa: PTH111
    path = Path(os.path.abspath(base / text))  # noqa: PTH100
    if recipe_file is None or text.startswith("/"):
        return Place(path)
    directory = Path(os.path.abspath(recipe_file)).parent  # noqa: PTH100
    return Place(path, os.path.relpath(path, directory))
