"""`kernelkit jobs` in print: what GPUs do stands in a column of its own, where that is known."""

from __future__ import annotations

import time
from typing import Any

import pytest
from supervised import make_run, write_kernel

from kernelkit.cli.jobs import show_jobs
from kernelkit.running.gpu_use import Gpu, GpuUse
from kernelkit.running.overview import Row
from kernelkit.running.runs import Runs


def printed(capsys: pytest.CaptureFixture[str], *rows: Row) -> list[str]:
    data: dict[str, Any] = {"problem": "", "problems": [], "jobs_idle": [], "jobs_without_run": []}
    show_jobs({**data, "runs": list(rows)})
    return capsys.readouterr().out.splitlines()


def gpu(number: int, busy: int | None, used: int | None, name: str = "NVIDIA A100") -> Gpu:
    return Gpu(number=number, name=name, busy=busy, memory_used=used, memory_total=81920)


def test_what_gpus_do(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    run = make_run(Runs(tmp_path / "runs"), write_kernel(tmp_path / "kernel"))
    plain = Row(run, None, None, "running", "", None)
    assert "GPU USE" not in printed(capsys, plain)[0]
    gpus = (gpu(0, 37, 12288), gpu(1, None, 0), gpu(2, 5, None, "Tesla T4"))
    use = GpuUse(measured=time.time() - 12, gpus=gpus)
    head, first, second = printed(
        capsys, Row(run, None, None, "running", "", None, None, use), plain
    )
    at = head.index("GPU USE")
    assert first[at:].startswith(
        "NVIDIA A100 0: 37% 12.0/80.0G, 1: 0.0/80.0G, Tesla T4 2: 5% (12 s ago)"
    )
    assert second[at] == "-"
