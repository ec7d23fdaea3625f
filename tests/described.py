"""What openapi.json says of the answers of routes."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from kernelkit.server.openapi import description

DESCRIPTION = description()


def _schema_of(verb: str, path: str, status: str) -> dict[str, Any]:
    operation = DESCRIPTION["paths"][f"/kernelkit/{path}"][verb.lower()]
    schema = operation["responses"][status]["content"]["application/json"]["schema"]
    return {**schema, "components": DESCRIPTION["components"]}


def conforms(answer: Any, verb: str, path: str, status: str = "200") -> None:
    """The answer of a route is as openapi.json says."""
    Draft202012Validator(_schema_of(verb, path, status)).validate(answer)
