"""openapi.json: the table of routes with the schemas of what each takes and answers."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from .. import __version__
from .answers import Answer
from .calls import Call, call_of
from .routes import ROUTES, Route

if TYPE_CHECKING:
    from .services import Services

_REFERENCES = "#/components/schemas/{name}"


class ErrorTable(Answer, frozen=True, forbid_unknown_fields=False):
    """What happened, in words; `code` is stable, `field` the key to change, `detail` what another
    program printed. Trying again may help when it is `transient`."""

    code: str
    message: str
    hint: str
    transient: bool
    field: str = ""
    detail: str = ""
    step: str = ""


class Failure(Answer, frozen=True):
    """Every answer that is no success."""

    error: ErrorTable


def describe(services: Services) -> dict[str, Any]:
    """The OpenAPI description of this API."""
    return description()


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """OpenAPI 3.1, whose schemas are those of JSON Schema 2020-12."""
    calls = {route: call_of(route) for route in ROUTES}
    kinds: set[Any] = {Failure}
    for call in calls.values():
        kinds |= {kind for kind in (call.body, call.answer) if _is_struct(kind)}
    ordered = sorted(kinds, key=lambda kind: str(kind.__name__))
    schemas, components = msgspec.json.schema_components(ordered, ref_template=_REFERENCES)
    by_kind = dict(zip(ordered, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route, call in calls.items():
        operation = _operation(route, call, by_kind)
        paths.setdefault(f"/kernelkit/{route.path}", {})[route.verb.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "kernelkit", "version": __version__, "description": _ABOUT},
        "paths": paths,
        "components": {"schemas": components},
    }


_ABOUT = (
    "What the sidebar of JupyterLab asks of its server. Paths count from the server's base URL; "
    "every request is authenticated and authorized as jupyter_server's own are, as the resource "
    "`kernelkit`."
)


def summary_of(route: Route) -> str:
    """What a route is for, in one paragraph; what it raises stands in its statuses."""
    text = inspect.getdoc(call_of(route).function) or ""
    return text.split("\n\n")[0].replace("\n", " ").partition(" Raises ")[0]


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _operation(route: Route, call: Call, schemas: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": route.work.replace(".", "_"),
        "summary": summary_of(route),
        "parameters": [*_path_parameters(call), *_query_parameters(call)],
        "responses": {
            str(route.status): _response(call, schemas),
            "default": _json("What went wrong.", schemas[Failure]),
        },
    }
    if call.body is not None:
        content = {"application/json": {"schema": schemas[call.body]}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _response(call: Call, schemas: dict[Any, Any]) -> dict[str, Any]:
    if call.answer is type(None):
        return {"description": "Done; there is nothing to tell."}
    schema = schemas[call.answer] if _is_struct(call.answer) else {"type": "object"}
    return _json("Done.", schema)


def _json(text: str, schema: Any) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _path_parameters(call: Call) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in call.parameters
    ]


def _query_parameters(call: Call) -> list[dict[str, Any]]:
    if call.query is None:
        return []
    (_,), components = msgspec.json.schema_components([call.query], ref_template=_REFERENCES)
    schema = components[call.query.__name__]
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": found}
        for name, found in schema["properties"].items()
    ]
