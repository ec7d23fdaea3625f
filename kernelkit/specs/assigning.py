"""`KEY=VALUE` put into a recipe and into the options of an install, by the types of the model."""

from __future__ import annotations

import datetime
import difflib
import shlex
import types
import typing
from collections.abc import Sequence
from typing import Any

import msgspec

from ..errors import UsageError
from ..model import InstallOptions, Recipe
from .recipe_text import check_recipe

# Options that stand in kernel.json; the others only say how an install goes.
OPTION_KEYS = ("on_slurm", "portable", "keep", "lease", "in_job", "gpus", "idle")


def assign(
    recipe: Recipe, options: InstallOptions, pairs: Sequence[tuple[str, str]]
) -> tuple[Recipe, InstallOptions]:
    """`recipe` and `options` with each (dotted key, text) put in; an empty text takes a key away.

    Raises UsageError for a key that does not exist or a value of the wrong kind, and RecipeError
    for what does not fit together.
    """
    table: dict[str, Any] = msgspec.to_builtins(recipe, builtin_types=(datetime.date,))
    chosen: dict[str, Any] = msgspec.to_builtins(options)
    for key, text in pairs:
        if key in OPTION_KEYS:
            _put(chosen, key, key, _kind(InstallOptions, key), text)
            continue
        first, _, rest = key.partition(".")
        kind = _kind(Recipe, first)
        if kind is None:
            raise _unknown(key, [*Recipe.__struct_fields__, *OPTION_KEYS])
        if not rest and not _is_table(kind):
            _put(table, key, key, kind, text)
        elif not rest:
            _refuse_table(key, text)
            table.pop(key, None)
        else:
            _put_inside(table, first, rest, kind, text)
    try:
        found = msgspec.convert(chosen, InstallOptions)
    except msgspec.ValidationError as error:
        raise UsageError(f"An option does not fit: {error}.", hint="Mend that value.") from error
    return check_recipe(table, source="set"), found


def _put_inside(table: dict[str, Any], first: str, rest: str, kind: Any, text: str) -> None:
    struct = _struct(kind)
    if struct is None and not _is_table(kind):
        raise UsageError(f"`{first}` has no keys of its own.", hint=f"Write `{first}=VALUE`.")
    inner = table.setdefault(first, {})
    if struct is None:
        _put(inner, rest, f"{first}.{rest}", str, text)
    elif (found := _kind(struct, rest)) is None:
        names = [f"{first}.{name}" for name in struct.__struct_fields__]
        raise _unknown(f"{first}.{rest}", names)
    else:
        _put(inner, rest, f"{first}.{rest}", found, text)
    if not inner:
        del table[first]


def _put(table: dict[str, Any], name: str, key: str, kind: Any, text: str) -> None:
    if not text:
        table.pop(name, None)
        return
    table[name] = _value(key, kind, text)


def _value(key: str, kind: Any, text: str) -> Any:
    kinds = _alternatives(kind)
    if bool in kinds:
        if text not in ("true", "false"):
            raise UsageError(f"`{key}={text}` is neither true nor false.", hint="Give one of them.")
        return text == "true"
    if int in kinds:
        try:
            return int(text)
        except ValueError:
            raise UsageError(f"`{key}={text}` is no whole number.", hint="Give one.") from None
    if any(typing.get_origin(each) is tuple for each in kinds):
        try:
            return shlex.split(text)
        except ValueError as error:
            raise UsageError(
                f"`{key}={text}` cannot be split into words: {error}.", hint="Close the quotes."
            ) from error
    return text


def _refuse_table(key: str, text: str) -> None:
    if text:
        raise UsageError(
            f"`{key}` is a table, not a value.", hint=f"Name a key in it: `{key}.…={text}`."
        )


def _unknown(key: str, known: Sequence[str]) -> UsageError:
    close = difflib.get_close_matches(key, known, 1)
    listed = ", ".join(f"`{name}`" for name in known)
    return UsageError(
        f"There is no key `{key}`.",
        hint=f"Did you mean `{close[0]}`?" if close else f"There are {listed}.",
    )


def _kind(struct: type[msgspec.Struct], name: str) -> Any:
    return typing.get_type_hints(struct).get(name)


def _alternatives(kind: Any) -> tuple[Any, ...]:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return tuple(each for found in typing.get_args(kind) for each in _alternatives(found))
    return (kind,)


def _struct(kind: Any) -> type[msgspec.Struct] | None:
    for each in _alternatives(kind):
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            return each
    return None


def _is_table(kind: Any) -> bool:
    return _struct(kind) is not None or any(
        typing.get_origin(each) is dict for each in _alternatives(kind)
    )
