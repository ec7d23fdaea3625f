"""This user's running Jupyter servers, and what is asked of them over REST."""

from __future__ import annotations

import json
from collections.abc import Mapping
from socket import gethostname
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ..errors import (
    Ambiguous,
    KernelFailed,
    KernelkitError,
    NotFound,
    NotPermitted,
    SlurmUnavailable,
)
from ..running.records import Run

# Seconds: a server that hangs is passed over; one that acts may wait for Slurm.
_LOOK, _ACT = 3.0, 120.0

_ERRORS = {kind.code: kind for kind in (NotFound, NotPermitted, KernelFailed, SlurmUnavailable)}

Server = Mapping[str, Any]  # a runtime file of jupyter_server: `url`, `token`, `pid`, `sock` …


def find_server(url: str = "") -> Server | None:
    """The server to ask: the one at `url`, else the only one with kernelkit; None if none runs.

    Raises NotFound for a `url` where none of this user's is, and Ambiguous.
    """
    servers = [server for server in _running() if _is_at(server, url)]
    if url and not servers:
        raise NotFound(
            f"No Jupyter server of yours runs at `{url}`.", hint="`jupyter server list` shows them."
        )
    able = [server for server in servers if _has_kernelkit(server)]
    if url and not able:
        raise NotFound(
            f"The Jupyter server at `{url}` does not answer for kernelkit.",
            hint="Install kernelkit where that server runs, and start it again.",
        )
    if len(able) > 1:
        raise Ambiguous(
            f"{len(able)} Jupyter servers of yours run here.",
            matches=[str(server["url"]) for server in able],
            hint="Say which by `--server URL`, or `--here` for this terminal.",
        )
    return able[0] if able else None


def server_of(run: Run) -> Server:
    """The server that cares for a run. Raises NotFound where no Jupyter server of this host does."""
    here = run.server.host == gethostname()
    for server in _running() if here else []:
        if server["pid"] == run.server.pid and _has_kernelkit(server):
            return server
    raise NotFound(
        f"Process {run.server.pid} on `{run.server.host}`, which has run `{run.id}`, is no Jupyter "
        "server with kernelkit that can be asked from here.",
        hint="Start the kernel again where it was started.",
    )


def ask(server: Server, method: str, path: str, timeout: float = _ACT, *, body: Any = None) -> Any:
    """The answer of `kernelkit/PATH`. Raises the error that the server answers with."""
    address = f"{str(server['url']).rstrip('/')}/kernelkit/{path}"
    headers = {"Authorization": f"token {server['token']}"} if server.get("token") else {}
    data = None if body is None else json.dumps(body).encode()
    request = Request(address, data, headers, method=method)  # noqa: S310
    try:
        with urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")
    except HTTPError as error:
        raise _refused(server, error) from error
    except (URLError, OSError, ValueError) as error:
        raise KernelkitError(
            f"The Jupyter server at `{server['url']}` does not answer: {error}.",
            hint="`jupyter server list` shows which run.",
        ) from error


def _running() -> list[Server]:
    try:
        from jupyter_server.serverapp import list_running_servers
    except ImportError:  # kernelkit without Jupyter's server serves the command line
        return []
    # One that listens on a socket file has no URL for us.
    return [server for server in list_running_servers() if not server.get("sock")]


def _is_at(server: Server, url: str) -> bool:
    return not url or str(server["url"]).rstrip("/") == url.partition("?")[0].rstrip("/")


def _has_kernelkit(server: Server) -> bool:
    try:
        return isinstance(ask(server, "GET", "status", _LOOK), dict)
    except KernelkitError:
        return False


def _refused(server: Server, answer: HTTPError) -> KernelkitError:
    try:
        said = json.loads(answer.read())["error"]
        kind = _ERRORS.get(said["code"], KernelkitError)
        return kind(str(said["message"]), hint=str(said.get("hint", "")))
    except (ValueError, LookupError, TypeError, OSError):
        return KernelkitError(
            f"The Jupyter server at `{server['url']}` answered {answer.code} {answer.reason}.",
            hint="Attach the kernel in the browser, or `--here` in this terminal.",
        )
