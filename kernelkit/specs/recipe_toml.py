"""Recipe -> TOML text that reads back as the same Recipe (TOML 1.0, https://toml.io/en/v1.0.0)."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ..model import Recipe

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_NAMED_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r",
}  # fmt: skip
_LINE = 96


def render_recipe(recipe: Recipe) -> str:
    """The recipe as TOML, keys in the order of the model, defaults left out."""
    data = msgspec.to_builtins(recipe, builtin_types=(datetime.date,))
    plain = {key: value for key, value in data.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in data.items() if isinstance(value, Mapping)}
    blocks = [_block(plain)]
    blocks += [f"[{_key(name)}]\n{_block(table)}" for name, table in tables.items()]
    return "\n".join(blocks)


def _block(table: Mapping[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in table.items())


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _lines(value) if "\n" in value.rstrip("\n") else _text(value)
    if isinstance(value, list | tuple):
        return _array([_text(item) for item in value])
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def _array(items: list[str]) -> str:
    line = f"[{', '.join(items)}]"
    if len(line) <= _LINE:
        return line
    return "[\n" + "".join(f"  {item},\n" for item in items) + "]"


def _text(value: str) -> str:
    return f'"{"".join(map(_escaped, value))}"'


def _lines(value: str) -> str:
    # A line break right after the opening quotes is not part of the text.
    return '"""\n' + "\n".join("".join(map(_escaped, part)) for part in value.split("\n")) + '"""'


def _escaped(character: str) -> str:
    if character in _NAMED_ESCAPES:
        return _NAMED_ESCAPES[character]
    # Control characters are not allowed in TOML text; the rest stands as it is.
    if ord(character) < 0x20 or ord(character) == 0x7F:
        return f"\\u{ord(character):04x}"
    return character
