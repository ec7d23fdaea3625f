"""A machine for each test, and the command line on it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from real import Parts

# As tests/conftest.py does for its own directory.
sys.path.insert(0, str(Path(__file__).parent))

from machine import Kernelkit, Machine

from kernelkit.cli.main import run


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What kernels of one user share: an added ipykernel is the same for all of them."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture
def machine(
    parts: Parts, home: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Machine:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return Machine(parts, home, project, shared)


@pytest.fixture
def kernelkit(capsys: pytest.CaptureFixture[str]) -> Kernelkit:
    """Run a verb of the command line with --json; its answer. `code` is the exit code to expect."""

    def call(*words: str, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        returned = run([words[0], "--json", *words[1:]])
        said = capsys.readouterr()
        assert returned == code, said.out + said.err
        found = json.loads(said.out)
        assert isinstance(found, dict)
        return found

    return call
