"""A Jupyter without kernelkit hides the kernels that run in Slurm jobs; `doctor` says why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import kernelkit
from shelf import put
from slurm import wait_for

from kernelkit.running.jupyters import interpreter_of

STANZA = {"kernel_provisioner": {"provisioner_name": "kernelkit-slurm", "config": {}}}


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A Python with all that this one has besides kernelkit: a Jupyter of somebody else's."""
    root = tmp_path / "jupyter"
    venv.create(root, symlinks=True)
    (theirs,) = root.glob("lib/python3.*/site-packages")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "kernelkit" not in entry.name and not (theirs / entry.name).exists():
            (theirs / entry.name).symlink_to(entry)
    script = root / "bin/jupyter"
    script.write_text(
        f"#!{root}/bin/python\nimport sys\nfrom jupyter_core.command import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    return root


@pytest.fixture
def kernels(home: Path) -> Path:
    """Where there are three kernels: one here, one in jobs, one in jobs that is portable."""
    root = Path(os.environ["JUPYTER_DATA_DIR"])
    put(root, "here")
    put(root, "in-jobs", extra={"metadata": STANZA})
    put(root, "portable", extra={"metadata": {"kernelkit_job": {}}})
    return root


def of_jupyter(python: Path, *words: str) -> tuple[int, list[dict[str, str]]]:
    """What `doctor` says of the Jupyter of `python`, and how it ends."""
    done = kernelkit("doctor", "--json", *words)
    found: list[dict[str, Any]] = [
        each
        for each in done.json["checks"]
        if each["name"] == "Jupyter" and f"`{python}`" in each["message"]
    ]
    return done.code, found


def on_path(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{bare}/bin:{os.environ['PATH']}")


def test_upstream_hides_it_without_a_word(bare: Path, kernels: Path) -> None:
    # jupyter_client.kernelspec.KernelSpecManager.find_kernel_specs; should it ever stop to do
    # so, `doctor` is wrong.
    words = [str(bare / "bin/python"), "-m", "jupyter_client.kernelspecapp", "list", "--json"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True, cwd="/").stdout
    names = json.loads(listed)["kernelspecs"].keys()
    assert {"here", "portable"} <= names
    assert "in-jobs" not in names


def test_it_is_told_with_its_cause(
    bare: Path, kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(bare, monkeypatch)
    code, (found,) = of_jupyter(bare / "bin/python")
    assert (code, found["verdict"]) == (1, "failed")
    assert "has no kernelkit, so it hides what runs in Slurm jobs: `in-jobs`." in found["message"]
    assert f"of `{bare}/bin/jupyter`" in found["message"]
    assert f"`{bare}/bin/python -m pip install` kernelkit" in found["hint"]
    assert "--portable" in found["hint"]


@pytest.mark.parametrize(
    ("name", "verdict"), [("here", "ok"), ("in-jobs", "failed"), ("portable", "ok")]
)
def test_one_kernel(
    name: str, verdict: str, bare: Path, kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(bare, monkeypatch)
    _, (found,) = of_jupyter(bare / "bin/python", name)
    assert found["verdict"] == verdict
    assert ("`in-jobs`" in found["message"]) is (verdict == "failed")


def test_where_nothing_is_hidden_it_is_no_fault(
    bare: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(bare, monkeypatch)
    _, (found,) = of_jupyter(bare / "bin/python")
    assert found["verdict"] == "ok"
    assert "there is no sidebar" in found["message"]


@contextmanager
def a_server(python: Path, directory: Path, **variables: str) -> Iterator[int]:
    """A running Jupyter server of `python`; its process id."""
    words = [str(python), "-m", "jupyter_server", "--no-browser", "--port=0"]
    words += [f"--ServerApp.root_dir={directory}", "--ServerApp.open_browser=False"]
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(
            words, cwd=directory, env={**os.environ, **variables}, stdout=log, stderr=log
        )
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_a_running_server_is_found_wherever_its_files_are(
    bare: Path, kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a server in a job of Open OnDemand: other directories than this terminal's.
    elsewhere = {"JUPYTER_RUNTIME_DIR": str(tmp_path), "JUPYTER_DATA_DIR": str(tmp_path / "data")}
    with a_server(bare / "bin/python", tmp_path, **elsewhere) as pid:
        command = Path(f"/proc/{pid}/cmdline")
        wait_for("the server's command", lambda: b"jupyter_server" in command.read_bytes())
        _, (found,) = of_jupyter(bare / "bin/python")
        assert f"the server with process id {pid}" in found["message"]
        # It does not look where the kernel is, so it hides none.
        assert found["verdict"] == "ok"
        code, (of_kernel,) = of_jupyter(bare / "bin/python", "here")
    assert code == 1
    assert f"does not look for kernels in `{kernels}/kernels`" in of_kernel["message"]
    assert f"JUPYTER_PATH to `{kernels}`" in of_kernel["hint"]


def test_another_kernel_of_that_name_comes_first(
    bare: Path, kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "first", "here")
    environment = {"JUPYTER_PATH": str(tmp_path / "first"), "JUPYTER_PREFER_ENV_PATH": "0"}
    with a_server(bare / "bin/python", tmp_path, **environment) as pid:
        command = Path(f"/proc/{pid}/cmdline")
        wait_for("the server's command", lambda: b"jupyter_server" in command.read_bytes())
        _, (found,) = of_jupyter(bare / "bin/python", "here")
    assert found["verdict"] == "failed"
    assert f"shows another `here` first: `{tmp_path}/first/kernels/here`" in found["message"]


def test_a_python_that_does_not_answer(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\necho no libpython >&2\nexit 127\n")
    python.chmod(0o755)
    (tmp_path / "jupyter").write_text(f"#!{python}\n")
    (tmp_path / "jupyter").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    code, (found,) = of_jupyter(python)
    assert (code, found["verdict"]) == (1, "failed")
    assert "no libpython" in found["detail"]


def test_its_own_jupyter_shows_everything(
    kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    script = Path(sys.executable).parent / "jupyter"
    _, (found,) = of_jupyter(Path(interpreter_of(script)), "in-jobs")
    assert found["verdict"] == "ok"
