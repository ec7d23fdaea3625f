"""A route's function as it is called: its types from its annotations, bodies checked by them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from http.client import responses
from importlib import import_module
from typing import Any, get_type_hints

import msgspec

from ..errors import (
    AlreadyExists,
    Ambiguous,
    Changed,
    KernelkitError,
    NotFound,
    NotPermitted,
    StorageFull,
    TimedOut,
    UsageError,
)
from ..names import printable
from .routes import Route

# The first that fits counts. What was understood and could not be done is 422.
_STATUSES: tuple[tuple[type[KernelkitError], int], ...] = (
    (Ambiguous, 409),
    (UsageError, 400),
    (NotFound, 404),
    (NotPermitted, 403),
    (AlreadyExists, 409),
    (Changed, 409),
    (StorageFull, 507),
    (TimedOut, 504),
)


def status_of(error: KernelkitError) -> int:
    """The HTTP status that says what an error is."""
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return status
    return 503 if error.transient else 422


def error_table(error: KernelkitError) -> dict[str, object]:
    """An error as it is sent, and as a task keeps it."""
    return {"hint": "", **error.to_dict(), "transient": error.transient}


class InvalidBody(UsageError):
    """What was sent is not what the route takes; `field` is the dotted path of the culprit."""

    code = "invalid_body"

    def __init__(self, message: str, *, field: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field

    def to_dict(self) -> dict[str, object]:
        return {**super().to_dict(), **({"field": self.field} if self.field else {})}


@dataclass(frozen=True)
class Call:
    """The function behind a route, and the types of what it takes and gives."""

    function: Callable[..., Any]
    body: Any
    query: Any
    answer: Any
    parameters: tuple[str, ...]

    @property
    def is_async(self) -> bool:
        """Whether it runs in the server's own loop; every other runs in a thread."""
        return inspect.iscoroutinefunction(self.function)

    def decode(
        self, arguments: Mapping[str, str], query: Mapping[str, bytes], body: bytes
    ) -> dict[str, Any]:
        """The function's arguments. Raises InvalidBody for what does not fit."""
        found: dict[str, Any] = {name: _path_word(text) for name, text in arguments.items()}
        if self.query is not None:
            found["query"] = _query(query, self.query)
        if self.body is not None:
            found["body"] = _body(body, self.body)
        return found


@cache
def call_of(route: Route) -> Call:
    """The function of a route with its types."""
    module, _, name = route.work.partition(".")
    function = getattr(import_module(f"{__package__}.{module}"), name)
    # The modules of routes know Services for type checkers only.
    hints = get_type_hints(function, localns={"Services": Any}, include_extras=True)
    known = ("services", "body", "query", "return")
    return Call(
        function=function,
        body=hints.get("body"),
        query=hints.get("query"),
        answer=hints.get("return"),
        parameters=tuple(n for n in hints if n not in known),
    )


def _path_word(text: str) -> str:
    if printable(text) != text:
        raise InvalidBody("The path holds characters that no name has.")
    return text


def _query(given: Mapping[str, bytes], kind: Any) -> Any:
    # Others are not ours: `token`, and the number by which JupyterLab gets around caches.
    known = kind.__struct_fields__
    words = {k: v.decode("utf-8", "replace") for k, v in given.items() if k in known}
    try:
        return msgspec.convert(words, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid("query", error) from error


def _body(data: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise _invalid("body", error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidBody(f"The body is not JSON: {error}.", hint="Send a JSON object.") from error
    except RecursionError as error:
        raise InvalidBody("The body nests too deeply.") from error


def _invalid(what: str, error: msgspec.ValidationError) -> InvalidBody:
    said, _, where = str(error).partition(" - at `$")
    # `[...]` stands for a key of a table, `[0]` for a place in a list.
    field = re.sub(r"\[(\d+)\]", r".\1", where.rstrip("`")).replace("[...]", "").lstrip(".")
    at = f" at `{field}`" if field else ""
    return InvalidBody(
        f"The {what} does not fit{at}: {printable(said)[:300]}.",
        field=field,
        hint="`openapi.json` says what this route takes.",
    )


def encode(answer: Any) -> bytes:
    """An answer as JSON; bytes of a path that are not UTF-8 stand as escapes."""
    try:
        return msgspec.json.encode(answer)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(answer)).encode()


def other_error(status: int, error: BaseException | None) -> dict[str, object]:
    """What is sent for what is none of our errors: tornado's refusals, and bugs."""
    if status == 500:
        kind = type(error).__name__ if error else "unknown"
        message = f"This is a bug in kernelkit ({kind})."
        hint = "The server's log has the details; report what it says."
        return {"code": "bug", "message": message, "hint": hint, "transient": False}
    said = getattr(error, "log_message", None) or responses.get(status, "Refused.")
    words = printable(str(said))[:300]
    code = {403: "not_permitted", 404: "not_found", 405: "no_such_verb", 413: "too_large"}
    return {"code": code.get(status, "refused"), "message": words, "hint": "", "transient": False}
