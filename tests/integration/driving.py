"""Kernels as Jupyter's clients drive them: by name, through jupyter_client and nbclient."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

TIMEOUT = 60  # seconds that bound a wait; nothing here takes more than a few


@dataclass(frozen=True)
class Cells:
    """What to run in a language: `proof` prints JSON that says where the cell runs."""

    proof: str
    remember: str
    recall: str
    loop: str


# Holds no single quote: bash passes it to its layers' Python between two of them.
PYTHON_PROOF = """
import json, os, pkgutil, sys
print(json.dumps({
    "executable": sys.executable,
    "prefix": sys.prefix,
    "path": sys.path,
    "variables": dict(os.environ),
    "layers": sorted(m.name for m in pkgutil.iter_modules() if m.name.startswith("layer_")),
    "cwd": os.getcwd(),
}))
"""

R_PROOF = """
variables <- c("LOADEDMODULES", "LAYER_R", "BY_HAND")
pairs <- sprintf('"%s": "%s"', variables, Sys.getenv(variables))
cat('{"executable": "', R.home(), '", "layers": [], "variables": {', sep = "")
cat(pairs, sep = ", ")
cat("}}")
"""

CELLS = {
    "python": Cells(
        proof=PYTHON_PROOF,
        remember="kept = 6 * 7",
        recall="print(kept)",
        loop="print('go', flush=True)\nwhile True: pass",
    ),
    "r": Cells(
        proof=R_PROOF,
        remember="kept <- 6 * 7",
        recall="cat(kept)",
        loop="cat('go\\n'); flush.console(); repeat Sys.sleep(0.01)",
    ),
    "bash": Cells(
        proof=f"python3 -c '{PYTHON_PROOF}'",
        remember="kept=$((6 * 7))",
        recall='echo "${kept:?}"',
        loop="echo go; while :; do sleep 0.01; done",
    ),
}


def wait_until(condition: Callable[[], bool], what: str, timeout: float = TIMEOUT) -> None:
    """Return as soon as `condition` holds; fail, naming `what`, when it never does."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"{what}, still after {timeout:g} s"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Whether no process has this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def processes_with(variable: str, value: str) -> list[int]:
    """The processes of this user that were started with a variable of that value."""
    wanted = f"{variable}={value}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it ended meanwhile, or belongs to somebody else
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def processes_of_session(session: int) -> list[int]:
    """The processes in a session: all that a kernel started, Apptainer's FUSE daemons too.

    Those have a process group of their own and hide their environment.
    """
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # After the command in parentheses: state, parent, group, session (proc(5)).
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == session:
                    found.append(int(entry.name))
    return found


class Running:
    """A started kernel with a client that is connected to it."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient, log: Path) -> None:
        self.manager, self.client, self.log = manager, client, log

    def run(self, code: str, *, stdin: Callable[[str], str] | None = None) -> str:
        """What `code` printed and came to; fails with the kernel's own error when it raised."""
        content, text = self.execute(code, stdin=stdin)
        assert content["status"] == "ok", "\n".join(content.get("traceback", [])) or content
        return text

    def execute(
        self,
        code: str,
        *,
        stdin: Callable[[str], str] | None = None,
        on_text: Callable[[str], None] = lambda text: None,
    ) -> tuple[dict[str, Any], str]:
        """The reply's content and what was printed."""
        texts: list[str] = []

        def collect(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                texts.append(content["text"])
                on_text(content["text"])
            elif message["msg_type"] == "execute_result":
                texts.append(content["data"]["text/plain"])

        def answer(message: dict[str, Any]) -> None:
            assert stdin is not None
            self.client.input(stdin(message["content"]["prompt"]))

        reply = self.client.execute_interactive(
            code,
            timeout=TIMEOUT,
            output_hook=collect,
            allow_stdin=stdin is not None,
            stdin_hook=answer,
        )
        return reply["content"], "".join(texts)

    def prove(self, language: str = "python") -> dict[str, Any]:
        """Where a cell says it runs."""
        found = json.loads(self.run(CELLS[language].proof).strip().splitlines()[-1])
        assert isinstance(found, dict)
        return found

    def interrupt(self, loop: str) -> dict[str, Any]:
        """Start an endless cell that prints `go`, interrupt it then; how it ended."""
        sent = False

        def when_it_runs(text: str) -> None:
            nonlocal sent
            if "go" in text and not sent:
                sent = True
                self.manager.interrupt_kernel()

        content, _ = self.execute(loop, on_text=when_it_runs)
        assert sent, content
        return content

    def restart(self) -> None:
        """Restart as JupyterLab does, and wait for the kernel to answer again."""
        self.manager.restart_kernel()
        self.client.wait_for_ready(timeout=TIMEOUT)


@contextmanager
def started(name: str, log: Path, cwd: Path, **variables: str) -> Iterator[Running]:
    """The installed kernel `name`, started by its kernelspec alone; afterwards nothing is left.

    `variables` are added to the server's environment.
    """
    mark = f"{name}-{os.urandom(6).hex()}"
    manager = KernelManager(kernel_name=name)
    client: BlockingKernelClient | None = None
    stream = log.open("wb")  # a restart writes to the same one
    try:
        manager.start_kernel(
            stdout=stream,
            stderr=stream,
            cwd=str(cwd),
            env={**os.environ, **variables, "KERNELKIT_TEST_RUN": mark},
        )
        # jupyter_client starts a kernel, and each restart of it, in a session of its own.
        sessions = [manager.provisioner.pid]  # type: ignore[union-attr]
        client = manager.blocking_client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=TIMEOUT)
        except RuntimeError as error:
            raise AssertionError(f"{error}\n{log.read_text(errors='replace')}") from error
        yield Running(manager, client, log)
        sessions.append(manager.provisioner.pid)  # type: ignore[union-attr]
        manager.shutdown_kernel()
    finally:
        if client is not None:
            client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        stream.close()
    wait_until(lambda: not any(map(processes_of_session, sessions)), "its session lives")
    wait_until(
        lambda: not processes_with("KERNELKIT_TEST_RUN", mark), "a process of the kernel lives"
    )


def run_notebook(name: str, cwd: Path, *cells: str) -> list[str]:
    """Execute a notebook by nbclient; what each cell printed. Fails as nbclient does."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    client = NotebookClient(
        notebook, kernel_name=name, timeout=TIMEOUT, resources={"metadata": {"path": str(cwd)}}
    )
    client.execute()
    return [
        "".join(o.get("text", "") for o in cell.outputs if o.output_type == "stream")
        for cell in notebook.cells
    ]
