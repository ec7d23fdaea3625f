"""Whatever is sent, the server answers with a refusal or a result, never with a failure of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest import Rest

from kernelkit.server.calls import call_of
from kernelkit.server.openapi import description
from kernelkit.server.routes import ROUTES

WITH_BODY = [route for route in ROUTES if call_of(route).body is not None]
WITH_QUERY = [route for route in ROUTES if call_of(route).query is not None]
EXAMPLES = settings(max_examples=40, deadline=None)

texts = st.text(max_size=12) | st.sampled_from(
    ["", "..", "/", "~", "a/b", "\udc80", "\x00", "python3", "x" * 300, "docker://x", "1-00:00:00"]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """A server without modules: what gets through the checks comes to nothing quickly."""
    running = Rest(tmp_path_factory.mktemp("fuzz"), settings={"module_system": "none"})
    yield running
    running.stop()
    assert "Traceback" not in running.log.read_text()


def nearly(schema: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that fit a schema of openapi.json, mostly."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return nearly(description()["components"]["schemas"][name], depth)
    if "anyOf" in schema:
        return st.one_of([nearly(part, depth) for part in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if kind == "object" and "properties" in schema and depth < 4:
        fields = {key: nearly(part, depth + 1) for key, part in schema["properties"].items()}
        needed = {key: fields.pop(key) for key in schema.get("required", ())}
        return st.fixed_dictionaries(needed, optional=fields)
    if kind == "object":
        return st.dictionaries(texts, texts, max_size=3)
    if kind == "array":
        return st.lists(nearly(schema.get("items", {}), depth + 1), max_size=3)
    plain = {"string": texts, "integer": st.integers(), "boolean": st.booleans()}
    return plain.get(str(kind), values)


def answered(rest: Rest, verb: str, path: str, raw: bytes) -> None:
    """The answer is one of ours, and says what happened where it is a refusal."""
    status, found = rest.call(verb, f"/kernelkit/{path}", raw=raw)
    assert status < 500 or found["error"]["transient"], (status, found)
    if status >= 400:
        assert found["error"]["code"] not in ("", "bug") and found["error"]["message"]


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: route.work)
def test_bodies(rest: Rest, route: Any) -> None:
    path = route.path.replace("{name}", "none").replace("{run}", "0" * 12)
    operation = description()["paths"][f"/kernelkit/{route.path}"][route.verb.lower()]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]

    @EXAMPLES
    @given(st.one_of(values.map(encoded), nearly(schema).map(encoded), st.binary(max_size=40)))
    def check(raw: bytes) -> None:
        answered(rest, route.verb, path, raw or b" ")

    check()


@pytest.mark.parametrize("route", WITH_QUERY, ids=lambda route: route.work)
def test_queries(rest: Rest, route: Any) -> None:
    path = route.path.replace("{name}", "none").replace("{run}", "0" * 12)
    names = call_of(route).query.__struct_fields__
    words = st.dictionaries(st.sampled_from(names), texts, max_size=3)

    @EXAMPLES
    @given(words)
    def check(given: dict[str, str]) -> None:
        query = "&".join(f"{k}={quote(v, errors='surrogateescape')}" for k, v in given.items())
        if "refresh" not in given:  # asks Slurm or reads modules
            answered(rest, route.verb, f"{path}?{query}", b"")

    check()


@EXAMPLES
@given(texts, st.sampled_from([route for route in ROUTES if "{" in route.path]))
def test_names_in_paths(rest: Rest, name: str, route: Any) -> None:
    word = quote(name or ".", safe="", errors="surrogateescape")
    path = "/".join(word if part.startswith("{") else part for part in route.path.split("/"))
    status, found = rest.call(route.verb, f"/kernelkit/{path}", {})
    assert status < 500, found
