"""A real Jupyter server with the extension, spoken to as a browser does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, Request, build_opener

from real import SYSTEM_PATH
from waiting import wait_until

TOKEN = "of-the-tests"
# What a test's process may hand on: the rest is a developer's or another test's.
_KEPT = ("LANG", "LC_ALL", "KERNELKIT_PARTS", "SLURM_CONF", "PYTHONPATH")


class Rest:
    """A server of its own with a home of its own; nothing enables the extension but its install.

    `program` is the module that is it: jupyter_server, or one on top of it.
    """

    def __init__(
        self,
        directory: Path,
        *,
        settings: Mapping[str, Any] | None = None,
        options: tuple[str, ...] = (),
        program: str = "jupyter_server",
        **variables: str,
    ) -> None:
        self.home = directory / "home"
        self.home.mkdir(parents=True, mode=0o700)
        self.data = self.home / ".local/share/jupyter"
        config = self.home / ".jupyter"
        config.mkdir()
        site = config / "jupyter_kernelkit_config.json"
        site.write_text(json.dumps({"KernelkitSite": dict(settings or {})}))
        self.runtime = Path(tempfile.mkdtemp(prefix="kk-"))
        self.log = directory / "log"
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.environment = {
            **kept, "HOME": str(self.home), "PATH": SYSTEM_PATH, "JUPYTER_TOKEN": TOKEN,
            "JUPYTER_RUNTIME_DIR": str(self.runtime), **variables,
        }  # fmt: skip
        words = ["--ServerApp.port=0", "--no-browser", "--allow-root", *options]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", program, *words],
                env=self.environment, cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        file = self.runtime / f"jpserver-{self.process.pid}.json"
        wait_until(lambda: (file.is_file() and file.read_text()) or self._ended(), 90)
        self.url = f"http://127.0.0.1:{json.loads(file.read_text())['port']}"
        wait_until(self._answers, 60)

    def _ended(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return False

    def _answers(self) -> bool:
        try:
            return self.call("GET", "/api")[0] == 200
        except OSError:
            return False

    # --- requests --------------------------------------------------------------------------------

    def call(
        self, verb: str, path: str, body: Any = None, *, token: str | None = TOKEN, raw: bytes = b""
    ) -> tuple[int, Any]:
        """The status and the decoded body of any request; `raw` is sent as it is."""
        data = raw or (None if body is None else json.dumps(body).encode())
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"token {token}"
        return _send(build_opener(), Request(self.url + path, data, headers, method=verb))

    def ask(self, path: str) -> Any:
        """What a route of `kernelkit/` answers; it must not refuse."""
        status, found = self.call("GET", f"/kernelkit/{path}")
        assert status == 200, found
        return found

    def do(self, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and answer of a route of `kernelkit/`."""
        return self.call(verb, f"/kernelkit/{path}", body)

    def finish(self, answer: tuple[int, Any], timeout: float = 120) -> dict[str, Any]:
        """The task that was started, once it has ended."""
        status, found = answer
        assert status == 202, found
        task: dict[str, Any] = found["task"]

        def ended() -> bool:
            task.update(self.ask(f"tasks/{task['id']}"))
            return task["state"] != "running"

        wait_until(ended, timeout, what=lambda: f"{task}")
        return task

    def with_cookie(self, verb: str, path: str, *, xsrf: bool) -> int:
        """The status for a browser that is logged in by a cookie, with or without its XSRF token."""
        jar = CookieJar()
        opener = build_opener(HTTPCookieProcessor(jar))
        _send(opener, Request(f"{self.url}/login?token={TOKEN}"))
        words = {cookie.name: cookie.value or "" for cookie in jar}
        headers = {"X-XSRFToken": words["_xsrf"]} if xsrf else {}
        return _send(opener, Request(self.url + path, b"{}", headers, method=verb))[0]

    # --- its end ---------------------------------------------------------------------------------

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            shutil.rmtree(self.runtime, ignore_errors=True)


def recipe(venv: Path, name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "display_name": f"Test {name}", "venv": {"path": str(venv)}, **more}


def make(rest: Rest, venv: Path, name: str, **more: Any) -> dict[str, Any]:
    """A kernel, made without its trial."""
    body = {"recipe": recipe(venv, name, **more), "options": {"no_test": True}}
    task = rest.finish(rest.do("POST", "kernels", body))
    assert task["state"] == "done", task
    return dict(rest.ask(f"kernels/{name}"))


def _send(opener: Any, request: Request) -> tuple[int, Any]:
    try:
        with opener.open(request, timeout=120) as answer:
            return answer.status, _decoded(answer.read())
    except HTTPError as error:
        return error.code, _decoded(error.read())


def _decoded(text: bytes) -> Any:
    return json.loads(text) if text[:1] in (b"{", b"[") else text.decode()
