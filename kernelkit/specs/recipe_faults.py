"""What is wrong with a recipe's keys and types, in words a recipe's author can act on."""

from __future__ import annotations

import datetime
import difflib
import re
import types
import typing
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from .. import names
from ..errors import RecipeError
from ..model import Recipe

# TOML's own names for what the parsers give us.
_KINDS = {
    "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false",
    "array": "a list", "object": "a table", "date": "a date", "datetime": "a date with a time",
    "time": "a time", "null": "",
}  # fmt: skip


# What an author most likely meant as text and only forgot to quote.
_QUOTABLE = (int, float, datetime.date, datetime.time)


class Number(float):
    """A float that remembers how it was written: `2.10` must not come back as 2.1."""

    written: str = ""


def number(text: str) -> Number:
    """A TOML float; given to the parser as `parse_float`."""
    made = Number(text)
    made.written = text
    return made


def explain(error: msgspec.ValidationError, data: Mapping[str, Any], source: str) -> RecipeError:
    """The RecipeError for a table that does not fit the schema; `data` is the parsed TOML.

    Unknown keys come first: a misspelt key is the likeliest reason for a missing one.
    """
    for table, key, valid in _unknown_keys(data):
        return _unknown(source, table, key, valid)
    # msgspec words it "Expected `str`, got `int` - at `$.modules.load[1]`"; no path at the top.
    what, _, where = str(error).partition(" - at `$.")
    key = where.rstrip("`")
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", what):
        table = f"{key}." if key else ""
        return fault(
            source, table + missing[1], "is missing", f'Add `{missing[1]} = "…"`{_inside(key)}.'
        )
    if what.startswith("Invalid enum value"):
        return _wrong_word(source, key, data)
    if wanted := re.match(r"Expected `([^`]+)`, got", what):
        return _wrong_type(source, key, data, wanted[1].split(" ")[0])
    if bound := re.fullmatch(r"Expected `int` ([<>])= (\d+)", what):
        least = "at least" if bound[1] == ">" else "at most"
        return fault(source, key, f"must be {least} {bound[2]}", "Give a number in that range.")
    if "date" in what:
        return fault(source, key, "must be a date", "Write it without quotes: `2025-06-30`.")
    return fault(source, key, f"does not fit: {what[0].lower()}{what[1:]}", "Mend that value.")


def fault(source: str, key: str, problem: str, hint: str) -> RecipeError:
    """A RecipeError about one key: `fault("a.toml", "env.X", "is empty", "Fill it.")`."""
    return RecipeError(
        f"`{source}`: key `{_shown(key)}` {problem}.", source=source, key=key, hint=hint
    )


def _shown(key: str) -> str:
    plain = names.printable(key)
    return plain if len(plain) <= 80 else plain[:79] + "…"


def _inside(table: str) -> str:
    return f" in [{table}]" if table else " at the top of the file"


# --- keys that do not exist ----------------------------------------------------------------------


def _unknown_keys(data: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    tables: dict[str, type[msgspec.Struct]] = {"": Recipe, **_tables()}
    for table, struct in tables.items():
        found = data.get(table) if table else data
        if not isinstance(found, Mapping):
            continue
        valid = list(struct.__struct_fields__)
        yield from ((table, key, valid) for key in found if key not in valid)


def _unknown(source: str, table: str, key: str, valid: list[str]) -> RecipeError:
    close = difflib.get_close_matches(key, valid, 1)
    if close:
        hint = f"Did you mean `{close[0]}`?"
    elif not table and (home := _home_of(key)):
        hint = f"`{key}` belongs in [{home}]."
    else:
        hint = f"Keys{_inside(table)}: {', '.join(sorted(valid))}."
    path = f"{table}.{key}" if table else key
    message = f"`{source}`: unknown key `{_shown(key)}`{_inside(table)}."
    return RecipeError(message, source=source, key=path, hint=hint)


def _home_of(key: str) -> str:
    return next((name for name, s in _tables().items() if key in s.__struct_fields__), "")


# --- values of the wrong kind --------------------------------------------------------------------


def _wrong_word(source: str, key: str, data: Mapping[str, Any]) -> RecipeError:
    found = _value_at(data, key)
    words = _words(key)
    close = difflib.get_close_matches(str(found), words, 1)
    listed = ", ".join(f"`{word}`" for word in words)
    hint = f"Did you mean `{close[0]}`? " if close else ""
    return fault(source, key, f"is `{_shown(str(found))}`", f"{hint}Use one of {listed}.")


def _wrong_type(source: str, key: str, data: Mapping[str, Any], wanted: str) -> RecipeError:
    if key.startswith("env["):
        # The path of a table with free keys is `env[...]`: the first value that is no text.
        name, found = next(pair for pair in data["env"].items() if not isinstance(pair[1], str))
        key = f"env.{name}"
    else:
        found = _value_at(data, key)
    problem = f"must be {_KINDS.get(wanted, wanted)}, not {_kind_of(found)}"
    return fault(source, key, problem, _as_it_should_be(key, found, wanted))


def _as_it_should_be(key: str, found: Any, wanted: str) -> str:
    name = re.sub(r"\[\d+\]$", "", key).rpartition(".")[2]
    written = _shown(getattr(found, "written", "") or str(found))
    if wanted == "str" and isinstance(found, _QUOTABLE) and not isinstance(found, bool):
        if key.endswith("]"):
            return f'Quote it: "{written}".'
        return f'Quote it: `{name} = "{written}"`.'
    if wanted == "array" and isinstance(found, str):
        return f"Put it in brackets: `{name} = [{_quoted(found)}]`."
    if wanted == "object":
        return f"Write a table: a line `[{name}]`, and its keys below."
    if wanted == "bool":
        return f"Write `{name} = true` or `{name} = false`, without quotes."
    return f"Write {_KINDS.get(wanted, wanted)}."


def _quoted(text: str) -> str:
    return f'"{text}"' if len(text) <= 60 and text.isprintable() and '"' not in text else "…"


def _kind_of(value: Any) -> str:
    if isinstance(value, Number):
        return f"the number {value.written[:40]}"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "a whole number"
    kinds = {**_KINDS, "list": "a list", "dict": "a table"}
    return kinds.get(type(value).__name__, "something else")


def _value_at(data: Mapping[str, Any], key: str) -> Any:
    found: Any = data
    for part in re.findall(r"[^.\[\]]+", key):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


# --- the schema, looked at -----------------------------------------------------------------------


@lru_cache(maxsize=1)
def _tables() -> dict[str, type[msgspec.Struct]]:
    found = {}
    for name, hint in typing.get_type_hints(Recipe).items():
        for kind in _alternatives(hint):
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                found[name] = kind
    return found


def _words(key: str) -> list[str]:
    table, _, name = key.rpartition(".")
    struct = _tables().get(table, Recipe)
    hint = typing.get_type_hints(struct)[name]
    return [w for a in _alternatives(hint) for w in typing.get_args(a) if isinstance(w, str)]


def _alternatives(hint: Any) -> tuple[Any, ...]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return typing.get_args(hint)
    return (hint,)
