"""Slurm's misbehaving commands, and a run on disk, for the tests here."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import fakes, impatient  # noqa: F401
from supervised import make_run, write_kernel

from kernelkit.running.records import Run
from kernelkit.running.runs import Runs


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs")


@pytest.fixture
def run(runs: Runs, tmp_path: Path) -> Run:
    return make_run(runs, write_kernel(tmp_path / "kernel"))
