"""A Jupyter server as front ends use it: REST, and a websocket for each kernel."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import websocket
from slurm import Cluster, wait_for

TOKEN = "of-the-tests"
COUNTED = ("sbatch", "squeue", "scancel", "sacct")


class Api:
    """A Jupyter server as its clients see it, wherever it runs."""

    host = "127.0.0.1"
    port: int

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            return self.call("GET", "/api")[0] == 200
        except OSError:
            return False

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the decoded body of a request."""
        request = Request(
            f"http://{self.host}:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}"},
        )
        try:
            with urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except HTTPError as error:
            text = error.read()
            return error.code, json.loads(text) if text[:1] in (b"{", b"[") else text.decode()

    def start(self, kernel: str) -> str:
        """Open a notebook with this kernel; the kernel's id."""
        status, session = self.open(kernel)
        assert status == 201, session
        return str(session["kernel"]["id"])

    def open(self, kernel: str, path: str = "") -> tuple[int, Any]:
        """POST /api/sessions."""
        body = {
            "path": path or f"{uuid.uuid4().hex}.ipynb",
            "type": "notebook",
            "name": "",
            "kernel": {"name": kernel},
        }
        return self.call("POST", "/api/sessions", body)

    def state(self, kernel_id: str) -> str:
        """What the server says of a kernel; empty for one it does not have."""
        status, found = self.call("GET", f"/api/kernels/{kernel_id}")
        return str(found["execution_state"]) if status == 200 else ""

    def act(self, kernel_id: str, verb: str) -> None:
        """`restart` or `interrupt`."""
        status, found = self.call("POST", f"/api/kernels/{kernel_id}/{verb}")
        assert status in (200, 204), found

    def delete(self, kernel_id: str) -> None:
        status, found = self.call("DELETE", f"/api/kernels/{kernel_id}")
        assert status == 204, found

    def page(self, kernel_id: str) -> Page:
        """Connect as a notebook page does."""
        address = f"ws://{self.host}:{self.port}/api/kernels/{kernel_id}/channels"
        name = uuid.uuid4().hex
        socket = websocket.create_connection(
            f"{address}?session_id={name}", header=[f"Authorization: token {TOKEN}"], timeout=60
        )
        return Page(socket, name)


class Server(Api):
    """A process of jupyter_server. Slurm's commands are counted by programs that run the real ones,
    unless not `counted`."""

    def __init__(
        self,
        home: Path,
        cluster: Cluster,
        directory: Path,
        *,
        counted: bool = True,
        **variables: str,
    ) -> None:
        self.directory = directory
        self.directory.mkdir()
        self._calls = directory / "calls"
        self._calls.touch()
        self.log = directory / "log"
        runtime = Path(os.environ["JUPYTER_RUNTIME_DIR"])
        programs = f"{self._counting_programs()}:" if counted else ""
        words = ["--ServerApp.port=0", "--no-browser", f"--ServerApp.root_dir={home}"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyter_server", *words],
                env={
                    **os.environ,
                    **variables,
                    "PATH": programs + os.environ["PATH"],
                    "JUPYTER_TOKEN": TOKEN,
                    "PYTHONFAULTHANDLER": "1",
                },
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        file = runtime / f"jpserver-{self.process.pid}.json"
        wait_for("the server", lambda: file.is_file() and file.read_text() or self._has_ended())
        self.port = json.loads(file.read_text())["port"]
        wait_for("the server to answer", self.answers)

    def _has_ended(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return False

    def _counting_programs(self) -> Path:
        path = self.directory / "bin"
        path.mkdir()
        for name in COUNTED:
            program = path / name
            program.write_text(
                f'#!/bin/bash\necho "{name} $*" >>{self._calls}\nexec /usr/bin/{name} "$@"\n'
            )
            program.chmod(0o755)
        return path

    def calls(self, program: str) -> int:
        """How often the server ran one of Slurm's commands."""
        lines = self._calls.read_text(errors="replace").splitlines()
        return sum(line.startswith(f"{program} ") for line in lines)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the server as its service manager does, or otherwise."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGABRT)  # it tells where each of its threads is
                self.process.wait(60)
                raise AssertionError(
                    f"it did not stop:\n{self.log.read_text()[-20_000:]}"
                ) from None


class Page:
    """One websocket, and everything that came over it."""

    def __init__(self, socket: Any, name: str) -> None:
        self._socket, self._name = socket, name
        self.messages: list[dict[str, Any]] = []

    def close(self) -> None:
        self._socket.close()

    def send(self, kind: str, content: dict[str, Any], channel: str = "shell") -> str:
        """Send a message; its id."""
        message_id = uuid.uuid4().hex
        header = {
            "msg_id": message_id, "msg_type": kind, "session": self._name, "username": "",
            "version": "5.3", "date": "",
        }  # fmt: skip
        message = {
            "header": header, "parent_header": {}, "metadata": {}, "content": content,
            "channel": channel, "buffers": [],
        }  # fmt: skip
        self._socket.send(json.dumps(message))
        return message_id

    def execute(self, code: str) -> str:
        """Run a cell as a notebook does; the request's id."""
        return self.send(
            "execute_request",
            {
                "code": code, "silent": False, "store_history": True, "user_expressions": {},
                "allow_stdin": True, "stop_on_error": True,
            },
        )  # fmt: skip

    def until(
        self, what: str, condition: Callable[[dict[str, Any]], bool], timeout: float = 60
    ) -> dict[str, Any]:
        """Receive until a message is the one; those that came before count, too."""
        for message in self.messages:
            if condition(message):
                return message
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            message = self._receive(left)
            if message is not None and condition(message):
                return message
        raise AssertionError(f"waited {timeout:g} s in vain for {what}; there came {self.told()}")

    def listen(self, seconds: float) -> None:
        """Take in whatever comes for some time, as an open page does."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._receive(left)

    def _receive(self, timeout: float) -> dict[str, Any] | None:
        """Take in one message; None where a ping, or the time, came first."""
        self._socket.settimeout(timeout)
        with suppress(websocket.WebSocketTimeoutException):
            # Without the control frames it would answer ping after ping, and never be late.
            opcode, data = self._socket.recv_data(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_TEXT:
                self.messages.append(json.loads(data))
                return dict(self.messages[-1])
        return None

    def answer(self, request: str, timeout: float = 60) -> dict[str, Any]:
        """The reply's content, as soon as it is there."""
        content = self.until("a reply", lambda m: is_reply(m, request), timeout)["content"]
        assert isinstance(content, dict)
        return content

    def reply(self, request: str, timeout: float = 60) -> dict[str, Any]:
        """The reply's content, once the kernel is idle again."""
        content = self.answer(request, timeout)
        self.until("an idle kernel", lambda m: is_idle(m, request), timeout)
        return content

    def text(self, request: str) -> str:
        """What one cell shows at present, by the rules of display_data and clear_output."""
        shown: list[str] = []
        for message in self.messages:
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "clear_output":
                shown.clear()
            elif kind == "stream":
                shown.append(content["text"])
            elif kind in ("display_data", "execute_result"):
                shown.append(content["data"]["text/plain"])
            elif kind == "update_display_data" and shown:
                shown[-1] = content["data"]["text/plain"]
            elif kind == "error":
                shown.append(f"{content['ename']}: {content['evalue']}")
        return "".join(shown)

    def run(self, code: str, timeout: float = 60) -> str:
        """Run a cell; what it shows in the end."""
        request = self.execute(code)
        content = self.reply(request, timeout)
        assert content["status"] == "ok", content
        return self.text(request)

    def told(self) -> list[str]:
        """The messages in a few words, for a failure."""
        return [
            f"{m['msg_type']} {m['content'].get('execution_state') or m['content'].get('text', '')}"
            for m in self.messages[-20:]
        ]


def is_reply(message: dict[str, Any], request: str) -> bool:
    """Whether it is the reply to a request."""
    return message["channel"] in ("shell", "control") and (
        message["parent_header"].get("msg_id") == request
    )


def is_idle(message: dict[str, Any], request: str = "") -> bool:
    """Whether it says that the kernel is done (with a request)."""
    if request and message["parent_header"].get("msg_id") != request:
        return False
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"


def is_state(message: dict[str, Any], state: str) -> bool:
    """Whether it tells this state of the kernel."""
    return message["msg_type"] == "status" and message["content"]["execution_state"] == state
