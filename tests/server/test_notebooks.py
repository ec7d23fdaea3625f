"""Which notebook a run's kernel is opened in again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.filemanager import FileContentsManager
from supervised import make_run, write_kernel

from kernelkit.running.runs import Runs
from kernelkit.server.notebooks import notebook_of, path_below, session_name


@pytest.fixture
def root(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "work").mkdir(parents=True)
    (home / "work/a = b.ipynb").write_text("{}")
    (tmp_path / "outside.ipynb").write_text("{}")
    return home


def test_a_notebook_below_the_root_is_found_again(root: Path) -> None:
    server = ServerApp()
    server.root_dir = str(root)
    server.contents_manager = FileContentsManager(root_dir=str(root))

    def found(name: str) -> str:
        return asyncio.run(notebook_of(server, name))

    assert found(str(root / "work/a = b.ipynb")) == "work/a = b.ipynb"
    # As jupyter_server has it for a session without a name.
    assert found("work/a = b.ipynb") == "work/a = b.ipynb"
    for other in (
        "",
        "gone.ipynb",
        str(root),
        str(root / "work"),
        str(root.parent / "outside.ipynb"),
    ):
        assert found(other) == ""
    assert found(str(root / "../outside.ipynb")) == found("../outside.ipynb") == ""


def test_a_root_may_be_spelled_in_another_way_than_for_the_former_server(root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    assert path_below(str(root), str(link / "work/a.ipynb")) == "work/a.ipynb"
    assert path_below(f"{link}/", str(root / "work/a.ipynb")) == "work/a.ipynb"
    assert path_below("/", "/work/a.ipynb") == "work/a.ipynb"


def test_the_session_is_on_record_after_the_runs_end(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "runs")
    kernel: Any = write_kernel(tmp_path / "kernel")
    name = str(tmp_path / "a = ü.ipynb")
    run = make_run(runs, kernel, variables={"JPY_SESSION_NAME": name, "Z": "1"})
    assert session_name(runs, run.id) == name
    other = make_run(runs, kernel, variables={"JPY_SESSION_NAME": "a\udcff.ipynb"})
    assert session_name(runs, other.id) == session_name(runs, "no run") == ""
    # What its kernels had in their environment goes with the end.
    runs.update(run.id, phase="ended")
    assert not (runs.directory(run.id) / "environment").exists()
    assert session_name(runs, run.id) == name
