"""Nobody gets through without a token, an authorizer's leave and, from a page, the XSRF token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rest import Rest

from kernelkit.server.handler import BODY_LIMIT
from kernelkit.server.routes import ROUTES, Route

EVERY = [pytest.param(route, id=f"{route.verb} {route.path}") for route in ROUTES]

AUTHORIZERS = """
from jupyter_server.auth.authorizer import Authorizer


class Without(Authorizer):
    refused = ""

    def is_authorized(self, handler, user, action, resource):
        return resource != self.refused


class WithoutKernelkit(Without):
    refused = "kernelkit"


class WithoutKernels(Without):
    refused = "kernels"
"""


def path_of(route: Route) -> str:
    return "/kernelkit/" + route.path.replace("{", "").replace("}", "")


@pytest.fixture(scope="module")
def authorizers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("authorizers")
    (directory / "leave.py").write_text(AUTHORIZERS)
    return directory


def _server(directory: Path, authorizers: Path, name: str) -> Rest:
    option = f"--ServerApp.authorizer_class=leave.{name}"
    return Rest(directory, options=(option,), PYTHONPATH=str(authorizers))


@pytest.fixture(scope="module")
def refusing(authorizers: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """A server whose authorizer forbids kernelkit and nothing else."""
    running = _server(tmp_path_factory.mktemp("refusing"), authorizers, "WithoutKernelkit")
    yield running
    running.stop()


def test_who_may_start_no_kernels_starts_none_here_either(
    authorizers: Path, tmp_path: Path
) -> None:
    server = _server(tmp_path, authorizers, "WithoutKernels")
    try:
        assert server.call("GET", "/kernelkit/kernels")[0] == 200
        for route in ROUTES:
            status = server.call(route.verb, path_of(route), {})[0]
            assert (status == 403) == (route.also == "kernels"), route
    finally:
        server.stop()


@pytest.mark.parametrize("route", EVERY)
def test_every_route_wants_a_token(rest: Rest, route: Route) -> None:
    for token in (None, "wrong"):
        status, answer = rest.call(route.verb, path_of(route), {}, token=token)
        assert status == 403
        assert answer["error"]["code"] == "not_permitted"


@pytest.mark.parametrize("route", EVERY)
def test_every_route_asks_the_authorizer(refusing: Rest, route: Route) -> None:
    status, answer = refusing.call(route.verb, path_of(route), {})
    assert status == 403
    assert answer["error"]["code"] == "not_permitted"
    assert refusing.call("GET", "/api/kernels")[0] == 200


@pytest.mark.parametrize("route", [p for p in EVERY if p.values[0].verb != "GET"])
def test_a_page_needs_the_xsrf_token(rest: Rest, route: Route) -> None:
    assert rest.with_cookie(route.verb, path_of(route), xsrf=False) == 403
    assert rest.with_cookie(route.verb, path_of(route), xsrf=True) != 403


@pytest.mark.parametrize("route", EVERY)
def test_no_other_verb_is_taken(rest: Rest, route: Route) -> None:
    known = {other.verb for other in ROUTES if other.path == route.path}
    for verb in {"GET", "POST", "PUT", "DELETE", "PATCH"} - known:
        status, answer = rest.call(verb, path_of(route), {})
        assert (status, answer["error"]["code"]) == (405, "no_such_verb")


@pytest.mark.parametrize("route", [p for p in EVERY if p.values[0].verb in ("POST", "PUT")])
def test_bodies_are_bounded(rest: Rest, route: Route) -> None:
    status, answer = rest.call(route.verb, path_of(route), raw=b" " * (BODY_LIMIT + 1))
    assert (status, answer["error"]["code"]) == (413, "too_large")
