"""openapi.json tells of every route, and what is answered is what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from described import DESCRIPTION, conforms
from jsonschema import Draft202012Validator
from rest import Rest, make

from kernelkit.server.calls import call_of
from kernelkit.server.routes import ROUTES


def test_every_route_is_in_it(rest: Rest) -> None:
    served = rest.ask("openapi.json")
    told = {
        (verb.upper(), path.removeprefix("/kernelkit/"))
        for path, verbs in served["paths"].items()
        for verb in verbs
    }
    assert told == {(route.verb, route.path) for route in ROUTES}


def test_its_schemas_are_schemas() -> None:
    for name, schema in DESCRIPTION["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema), name
    assert len({route.work for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.verb} {route.path}")
def test_every_route_says_what_it_takes_and_gives(route: Any) -> None:
    call = call_of(route)
    assert call.function.__doc__
    assert (call.answer is type(None)) == (route.status == 204)
    assert set(call.parameters) == {
        word[1:-1] for word in route.path.split("/") if word.startswith("{")
    }
    assert route.verb in ("POST", "PUT") or call.body is None


@pytest.mark.parametrize(
    "path",
    [
        *("status", "inventory", "folders", "schema", "catalog", "kernels", "jobs", "tasks"),
        *("kernels/{name}", "catalog/info"),
    ],
)
def test_answers_are_as_told(rest: Rest, path: str) -> None:
    asked = path.replace("{name}", "python3")
    if path == "catalog/info":
        asked += "?id=python3"
    conforms(rest.ask(asked), "GET", path)


def test_what_an_upgrade_and_a_rollback_answer_is_as_told(rest: Rest, venv: Path) -> None:
    make(rest, venv, "told")
    conforms(rest.ask("kernels/told/diff"), "GET", "kernels/{name}/diff")
    rest.do("POST", "kernels/told/rename", {"display_name": "Told anew"})
    status, answer = rest.do("POST", "kernels/told/rollback", {})
    assert status == 200
    conforms(answer, "POST", "kernels/{name}/rollback")


def test_refusals_are_as_told(rest: Rest) -> None:
    for verb, path, body in (
        ("GET", "kernels/nope", None),
        ("POST", "kernels", {"source": 1}),
        ("POST", "kernels", {}),
        ("GET", "catalog?limit=none", None),
    ):
        status, answer = rest.do(verb, path, body)
        assert status >= 400
        conforms(answer, "GET", "kernels", "default")
