"""One real server for most tests of the routes; a test's kernels have names of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from real import Parts
from rest import Rest


@pytest.fixture(scope="session")
def rest(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """A server that sees the tests' Lmod modules, where they are installed."""
    trees = [str(parts.lmod_tree)] if parts.why_missing("lmod") is None else []
    # jupyter_server then refuses by itself what has no decorator that asks who one is.
    strict = "--ServerApp.allow_unauthenticated_access=False"
    settings = {"module_paths": trees}
    running = Rest(tmp_path_factory.mktemp("rest"), settings=settings, options=(strict,))
    yield running
    running.stop()


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A virtual environment whose Python has the tests' own packages, made without pip."""
    import sys
    import venv as builder

    target = tmp_path / "env"
    builder.EnvBuilder(symlinks=True, system_site_packages=False).create(target)
    [site] = target.glob("lib/python*/site-packages")
    own = next(p for p in sys.path if p.endswith("site-packages"))
    (site / "tests.pth").write_text(own + "\n")
    return target
