"""What a form is drawn from: the schemas of `model`, and hints that no schema can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..model import InstallOptions, schema
from .answers import Schema
from .labels import EXAMPLES, LABELS

if TYPE_CHECKING:
    from .services import Services

# Which picker helps with a key.
_PICKERS = {
    "modules.load": "module",
    "modules.use": "folder",
    "container.image": "image",
    "container.overlay": "file",
    "conda.environment": "conda",
    "venv.path": "venv",
    "python.interpreter": "interpreter",
    "packages.dir": "folder",
    "resources.partition": "partition",
    "resources.gres": "gpu",
    "resources.account": "account",
    "resources.qos": "qos",
    "resources.reservation": "reservation",
    "resources.constraint": "feature",
    "wrap": "kernelspec",
}
# The order in which a form asks, and what it folds away at first.
_GROUPS = (
    ("kernel", ("display_name", "name", "version", "description", "language"), False),
    ("modules", ("modules",), False),
    ("container", ("container",), False),
    ("environment", ("conda", "venv", "python"), False),
    ("packages", ("packages", "requires"), False),
    ("variables", ("env", "env_passthrough"), False),
    ("resources", ("resources",), False),
    ("advanced", ("kernel", "wrap", "aliases", "troubleshoot"), True),
)
# One of these at most.
_EXCLUSIVE = (
    ("conda", "venv", "python"),
    ("resources.mem", "resources.mem_per_cpu", "resources.mem_per_gpu"),
)


def tell_schema(services: Services) -> Schema:
    """The JSON Schemas of a recipe and of the options of an install."""
    return Schema(recipe=schema(), options=_options(), ui=_hints())


def _options() -> dict[str, Any]:
    found = msgspec.json.schema(InstallOptions)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def _hints() -> dict[str, Any]:
    groups = [{"id": id, "keys": list(keys), "folded": folded} for id, keys, folded in _GROUPS]
    return {
        "groups": groups,
        "pickers": _PICKERS,
        "exclusive": [list(keys) for keys in _EXCLUSIVE],
        "labels": LABELS,
        "examples": EXAMPLES,
        "suggestions": {"language": ["python", "r", "julia", "bash"]},
    }
