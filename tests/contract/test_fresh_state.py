"""What was just made is ready: no mark of an install may disagree with the disk it was made from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kernelkit.cli.main import run


@pytest.fixture
def environment(home: Path) -> Path:
    path = home / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(path)], check=True)
    return path


@pytest.mark.parametrize("layer", ["--venv", "--python"])
def test_a_new_kernel_is_ready(
    environment: Path, layer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target = environment if layer == "--venv" else environment / "bin/python"
    assert run(["create", layer, str(target), "--as", "mine", "--no-test"]) == 0
    capsys.readouterr()
    assert run(["list", "mine", "--json"]) == 0
    kernel = json.loads(capsys.readouterr().out)["kernels"][0]
    assert (kernel["state"], kernel["reasons"]) == ("ready", [])
