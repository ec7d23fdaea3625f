"""HTTP on one side, plain functions on the other: decoding, authorization, threads, errors."""

from __future__ import annotations

import re
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async
from tornado import web

from .routes import ROUTES, Route

if TYPE_CHECKING:
    from .services import Services

RESOURCE = "kernelkit"
# A recipe is at most 64 kB; nothing that is sent here is much longer.
BODY_LIMIT = 1 << 20

Method = Callable[..., Awaitable[None]]


class RouteHandler(APIHandler):
    """One path; its verbs are put in by `make_handlers`."""

    auth_resource = RESOURCE
    services: Services

    def initialize(self, services: Services) -> None:
        """Called by tornado for each request."""
        self.services = services
        self.gone = threading.Event()

    def on_connection_close(self) -> None:
        """End the work for a client that has left, such as a preview that was overtaken."""
        self.gone.set()
        super().on_connection_close()

    async def act(self, route: Route, arguments: dict[str, str]) -> None:
        """Do what the route is for and answer."""
        # What is imported for the first request of a route takes the loop's time from nobody.
        call = await self.services.in_thread(lambda: self.services.call_of(route))
        from ..errors import KernelkitError
        from .calls import encode

        try:
            if len(self.request.body) > BODY_LIMIT:
                raise web.HTTPError(413, f"A body has at most {BODY_LIMIT} bytes.")
            if route.also:
                await self._authorize(route.also)
            query = {name: values[-1] for name, values in self.request.query_arguments.items()}
            given = call.decode(arguments, query, self.request.body)
            if call.is_async:
                answer = await call.function(self.services, **given)
            else:
                work = partial(call.function, self.services, **given)
                answer = await self.services.in_thread(work, self.gone)
        except KernelkitError as error:
            self._refuse(error)
            return
        if not self.gone.is_set():
            self.set_status(route.status)
            self.finish(None if answer is None else encode(answer))

    async def _authorize(self, resource: str) -> None:
        allowed = self.authorizer.is_authorized(self, self.current_user, "write", resource)
        if not await ensure_async(allowed):
            raise web.HTTPError(403, f"User is not authorized to write on resource: {resource}.")

    def _refuse(self, error: Any) -> None:
        from .calls import encode, error_table, status_of

        if self.gone.is_set():
            return
        self.set_status(status_of(error))
        self.finish(encode({"error": error_table(error)}))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What is no KernelkitError, in the same form; called by tornado."""
        from .calls import encode, other_error

        error = (kwargs.get("exc_info") or (None, None))[1]
        self.set_header("Content-Type", "application/json")
        self.finish(encode({"error": other_error(status_code, error)}))


def make_handlers(services: Services) -> list[tuple[str, type, dict[str, Any]]]:
    """The routes as jupyter_server takes them, which puts its base URL before them."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        by_path.setdefault(route.path, {})[route.verb] = route
    return [
        (_pattern(path), _handler(path, verbs), {"services": services})
        for path, verbs in by_path.items()
    ]


def _pattern(path: str) -> str:
    inner = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
    return f"/{RESOURCE}/{inner}"


def _handler(path: str, verbs: dict[str, Route]) -> type[RouteHandler]:
    methods = {verb.lower(): _method(route) for verb, route in verbs.items()}
    return type(f"Kernelkit<{path}>", (RouteHandler,), dict(methods))


def _method(route: Route) -> Method:
    async def method(self: RouteHandler, **arguments: str) -> None:
        await self.act(route, arguments)

    method.__doc__ = f"{route.verb} {route.path}"
    return cast(Method, web.authenticated(authorized(method)))
