"""What a form is drawn from is whole: every key has a label, and no hint points nowhere."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from kernelkit.model import InstallOptions, schema
from kernelkit.server.form import tell_schema
from kernelkit.server.labels import EXAMPLES, LABELS
from kernelkit.server.services import Services

# What no form asks: a day that an author notes, and what the recipe says already.
_NOT_ASKED = {"verified.against", "verified.on", "options.display_name"}


def _keys() -> set[str]:
    definitions = schema()["$defs"]
    found = set()
    for key, value in definitions["Recipe"]["properties"].items():
        table = next((part["$ref"] for part in value.get("anyOf", ()) if "$ref" in part), None)
        inner = definitions[table.rpartition("/")[2]]["properties"] if table else None
        found |= {f"{key}.{name}" for name in inner} if inner else {key}
    options = msgspec.json.schema(InstallOptions)["$defs"]["InstallOptions"]["properties"]
    return found | {f"options.{name}" for name in options}


def test_every_key_has_a_label_and_every_label_a_key() -> None:
    assert set(LABELS) == _keys() - _NOT_ASKED


def test_hints_point_to_keys() -> None:
    hints: dict[str, Any] = tell_schema(cast("Services", None)).ui
    exclusive = {key for keys in hints["exclusive"] for key in keys if "." in key}
    assert set(EXAMPLES) | set(hints["pickers"]) | exclusive <= _keys()


def test_every_part_of_a_recipe_stands_in_one_group() -> None:
    hints = tell_schema(cast("Services", None)).ui
    grouped = [key for group in hints["groups"] for key in group["keys"]]
    assert len(grouped) == len(set(grouped))
    parts = {key.partition(".")[0] for key in _keys() if not key.startswith("options.")}
    assert set(grouped) == parts - {"verified", "default", "logo"}
