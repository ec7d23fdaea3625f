"""A JupyterLab or a Notebook 7 in front of the real cluster, and Chromium with the ui-tests' flows."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from gpus import put_nvidia_smi
from jupyterlabs import python_with
from real import SYSTEM_PATH, Parts
from slurm import Cluster, wait_for

UI_TESTS = Path(__file__).parents[2] / "labextension" / "ui-tests"

# What Galata needs of a server: its helpers in the page, and no token. Nobody else is on this machine.
CONFIG = """
from jupyterlab.galata import configure_jupyter_server
configure_jupyter_server(c)
c.ServerApp.root_dir = {root!r}
c.ServerApp.port = {port}
c.ServerApp.ip = "127.0.0.1"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
"""


class Lab:
    """A JupyterLab process of the test's own home; it can be killed, and started again. `program` is
    the module that serves it: `notebook` for Notebook 7; `python` has it."""

    def __init__(
        self,
        home: Path,
        parts: Parts,
        directory: Path,
        program: str = "jupyterlab",
        python: str = sys.executable,
        site_settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.home, self.directory, self.parts = home, directory, parts
        self.program, self.python = program, python
        self.log = directory / "log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.root = home / "work"
        self.root.mkdir()
        self.modules = home / "modules"
        self.modules.mkdir()
        settings = {
            "module_system": "lmod",
            "module_init": [str(parts.lmod_init)],
            "module_paths": [str(parts.lmod_tree), str(self.modules)],
            "container_runtime": str(parts.apptainer_bin / "apptainer"),
            "image_dirs": [str(parts.root / "images")],
            "queue_interval": 1,
            "gpu_use_interval": 6,
            **(site_settings or {}),
        }
        site = home / ".jupyter/jupyter_kernelkit_config.json"
        site.write_text(json.dumps({"KernelkitSite": settings}))
        (directory / "config.py").write_text(CONFIG.format(root=str(self.root), port=self.port))
        self._programs = put_nvidia_smi(directory / "bin")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, name: str, body: str) -> None:
        """A program that the server finds first, in bash."""
        program = self._programs / name
        program.write_text(f"#!/bin/bash\n{body}\n")
        program.chmod(0o755)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self.python, "-m", self.program, f"--config={self.directory / 'config.py'}"],
                env={**os.environ, "PATH": f"{self._programs}:{SYSTEM_PATH}"},
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(self.program, self._listens)

    def _listens(self) -> bool:
        assert self._process and self._process.poll() is None, self.log.read_text()
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the server politely, or as a node that goes down does."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(60)


class Browser:
    """Runs flows; each file of ui-tests/tests is one."""

    def __init__(self, parts: Parts, directory: Path) -> None:
        self._parts = parts
        self._output = directory / "browser"
        # Node looks for packages beside the sources.
        self._root = directory / "ui-tests"
        shutil.copytree(UI_TESTS, self._root, ignore=shutil.ignore_patterns("node_modules"))
        (self._root / "node_modules").symlink_to(parts.root / "browser/node_modules")

    def run(self, flow: str, url: str, **variables: str) -> None:
        """Run `tests/<flow>.spec.ts`; what it printed is the failure's text."""
        playwright = self._root / "node_modules/@playwright/test/cli.js"
        done = subprocess.run(
            [self._parts.root / "node/bin/node", playwright, "test", f"tests/{flow}.spec.ts"],
            cwd=self._root,
            env={
                **os.environ,
                **variables,
                "KERNELKIT_UI_URL": url,
                "KERNELKIT_UI_OUTPUT": str(self._output / flow),
                "CI": "1",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


@pytest.fixture
def program() -> str:
    """What serves `lab`."""
    return "jupyterlab"


@pytest.fixture
def jupyterlab() -> str:
    """The version of JupyterLab; empty is the one that the tests' environment has."""
    return os.environ.get("KERNELKIT_TEST_JUPYTERLAB", "")


@pytest.fixture
def site_settings() -> dict[str, Any]:
    """More of the site's settings."""
    return {}


@pytest.fixture
def squeue_takes() -> float:
    """Seconds from squeue's answer to its end, as of a controller under load."""
    return 0.0


@pytest.fixture
def lab(
    cluster: Cluster,
    home: Path,
    parts: Parts,
    tmp_path: Path,
    program: str,
    jupyterlab: str,
    site_settings: dict[str, Any],
    squeue_takes: float,
) -> Iterator[Lab]:
    parts.need("lmod", "modules", "python", "apptainer", "browser")
    directory = tmp_path / "lab"
    directory.mkdir()
    python = python_with(jupyterlab) if jupyterlab else sys.executable
    running = Lab(home, parts, directory, program, python, site_settings)
    if squeue_takes:
        running.put("squeue", f'/usr/bin/squeue "$@"; code=$?; sleep {squeue_takes}; exit $code')
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def browser(parts: Parts, tmp_path: Path) -> Browser:
    parts.need("browser", "node")
    return Browser(parts, tmp_path)
