"""Kernels in jobs of the real cluster: kernelspecs that are made once, and a server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from real import Parts
from slurm import Cluster, wait_for

# As tests/conftest.py does for its own directory; `driving` and `machine` serve here, too.
sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))

from job_kernels import Kernels, Shelf
from serving import Server

from kernelkit.running import desk

WAIT = 20.0


@pytest.fixture(scope="session")
def shelf(
    session_cluster: Cluster, parts: Parts, tmp_path_factory: pytest.TempPathFactory
) -> Shelf:
    """Kernelspecs by kind, each installed the first time a test wants it."""
    return Shelf(parts, tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def kernels(
    cluster: Cluster, shelf: Shelf, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kernels]:
    """Puts kernels of the shelf into the test's own home, with a request of the test's."""
    monkeypatch.setattr(desk, "_desk", None)  # it has the settings and the home of another test
    yield Kernels(shelf, home)
    used = desk._desk
    if used is not None:
        used.background.run(used.watcher.stop()).result(WAIT)
        loop = used.background.loop
        loop.call_soon_threadsafe(loop.stop)
        wait_for("the desk's thread", lambda: not loop.is_running(), WAIT)
        loop.close()


@pytest.fixture
def server(kernels: Kernels, cluster: Cluster, tmp_path: Path) -> Iterator[Server]:
    """A Jupyter server of the test's own; it has no configuration."""
    running = Server(kernels.home, cluster, tmp_path / "server")
    try:
        yield running
    finally:
        running.stop()
