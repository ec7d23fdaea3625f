"""What a run's GPUs do: what the drivers print, and which of it is a run's own."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from supervised import make_run, write_kernel

from kernelkit.files import disk_time
from kernelkit.running.gpu_use import Gpu, GpuUse, gpus_of_run, parse_gpu_use, read_gpu_use
from kernelkit.running.records import Run
from kernelkit.running.runs import Runs

A, B = "GPU-9d32cee8-9537-2522-d0ab-7d8e1f15ae5a", "GPU-5a1b0c64-1111-4f5e-8f0a-0c1d2e3f4a5b"
# nvidia-smi of driver 550 on two of a node's GPUs; the name is last because it may hold a comma.
TWO = f"""\
0, {A}, Disabled, 37, 12034, 81920, NVIDIA A100-SXM4-80GB
1, {B}, Disabled, 0, 4, 81920, NVIDIA A100-SXM4-80GB
"""
# A GPU that is no MIG one and tells no use, as GeForce and Tegra ones; a GPU that has failed.
MUTE = f"0, {A}, [N/A], [N/A], 3332, 8192, NVIDIA GeForce GTX 1060\n"
FAILED = f"0, {A}, [N/A], [Unknown Error], [GPU is lost], [N/A], Tesla K80\n"
# MIG: no use is told, and memory is the whole GPU's, or nobody's.
MIG = f"""\
0, {A}, Enabled, [N/A], 36537, 81920, NVIDIA A800-SXM4-80GB
"""
HIDDEN = (
    f"0, {A}, Enabled, [N/A], [Insufficient Permissions], [Insufficient Permissions], NVIDIA A100\n"
)
# The supervisor's own lines for AMD GPUs.
AMD = """\
0, GPU-6c61f4e3f83a2a47, , 98, 60130, 65520, AMD Instinct MI250X
1, GPU-4fd3d0e445b9207e, , , 12, 65520, AMD aldebaran
"""


def sample(rows: str = TWO, **head: object) -> bytes:
    first = {"every": 30, "count": 2, "order": "FASTEST_FIRST", "visible": "0,1", **head}
    return "".join(f"{k}={v}\n" for k, v in first.items() if v is not None).encode() + rows.encode()


def seen(rows: str = TWO, positions: str = "", **head: object) -> list[tuple[int, str, object]]:
    """(number, memory of all, busy) of a run's GPUs; memory in use tells the fixture's rows apart."""
    found = parse_gpu_use(sample(rows, **head))
    assert found is not None
    return [(g.number, g.name, g.memory_used) for g in gpus_of_run(found, positions)]


def used(rows: str = TWO, positions: str = "", **head: object) -> list[object]:
    return [memory for _, _, memory in seen(rows, positions, **head)]


def test_what_nvidia_smi_prints() -> None:
    found = parse_gpu_use(sample())
    assert found is not None
    assert gpus_of_run(found, "") == (
        Gpu(number=0, name="NVIDIA A100-SXM4-80GB", busy=37, memory_used=12034, memory_total=81920),
        Gpu(number=1, name="NVIDIA A100-SXM4-80GB", busy=0, memory_used=4, memory_total=81920),
    )


def test_what_the_driver_does_not_tell_is_not_told() -> None:
    found = parse_gpu_use(sample(MUTE, visible="0"))
    assert found is not None
    (gpu,) = gpus_of_run(found, "")
    assert (gpu.busy, gpu.memory_used, gpu.memory_total) == (None, 3332, 8192)
    assert used(FAILED, visible="0") == []


@pytest.mark.parametrize(
    "visible", ["0", "MIG-3b2f1a90-0c4e-5a7b-9d55-0f2f6d1b7c11", "MIG-GPU-9d32/1/0"]
)
@pytest.mark.parametrize("rows", [MIG, HIDDEN])
def test_a_part_of_a_gpu_is_not_told_as_the_whole(rows: str, visible: str) -> None:
    assert used(rows, visible=visible, count=1) == []


def test_amd() -> None:
    found = parse_gpu_use(sample(AMD, order=None))
    assert found is not None
    first, second = gpus_of_run(found, "")
    assert (first.busy, first.memory_used, first.name) == (98, 60130, "AMD Instinct MI250X")
    assert (second.busy, second.memory_used, second.name) == (None, 12, "AMD aldebaran")
    assert used(AMD, order=None, visible="GPU-4fd3d0e445b9207e") == [12]


@pytest.mark.parametrize(
    ("visible", "positions", "told"),
    [
        ("0,1", "", [12034, 4]),
        ("1", "", [4]),  # devices are not constrained: another job has the first
        ("1,0", "", [4, 12034]),
        ("0,1", "1", [4]),  # kernels divide the job's
        ("1,0", "1", [12034]),
        (A, "", [12034]),
        (f"{B},{A}", "0", [4]),
        ("GPU-5a1b", "", [4]),
        ("GPU-", "", []),  # either of them
        ("", "", []),
        ("NoDevFiles", "", []),
        ("-1", "", []),
        ("2", "", []),
        ("1,2", "0", []),  # the node's numbers, where nvidia-smi tells the job's
        ("0,1", "2", []),
        (None, "", [12034, 4]),
        (None, "1", [12034, 4]),  # there is nothing to divide them by
    ],
)
def test_only_a_runs_own_gpus_are_told(
    visible: str | None, positions: str, told: list[int]
) -> None:
    assert used(TWO, positions, visible=visible) == told


@pytest.mark.parametrize("count", [1, 4, ""])
def test_a_node_that_hides_nothing_tells_nothing(count: object) -> None:
    assert used(visible=None, count=count) == []


def test_unlike_gpus_are_counted_in_another_order_by_cuda() -> None:
    rows = TWO.replace("NVIDIA A100-SXM4-80GB", "Tesla T4", 1)
    assert used(rows) == []
    assert used(rows, order="PCI_BUS_ID") == [12034, 4]
    assert used(rows, visible=f"{A},{B}") == [12034, 4]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"every=30\n", TWO.encode(), sample(every=0), sample(every="x"), sample(""),
        sample("No devices were found\n"), b"\xff\xfe\0" * 30, sample(TWO[:20]),
    ],
)  # fmt: skip
def test_what_tells_nothing(data: bytes) -> None:
    assert parse_gpu_use(data) is None


@given(
    st.text() | st.from_regex(r"(?s).*=.*\n([^,]*,){6}.*"),
    st.from_regex(r"\d(,\d)?", fullmatch=True),
)
def test_no_text_is_too_strange(text: str, positions: str) -> None:
    found = parse_gpu_use(f"every=30\nvisible=0\n{text}".encode("utf-8", "replace"))
    for gpu in gpus_of_run(found, positions) if found else ():
        assert gpu.name.isprintable() and (gpu.busy is None or 0 <= gpu.busy <= 100)


# --- on disk -------------------------------------------------------------------------------------


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs")


@pytest.fixture
def run(runs: Runs, tmp_path: Path) -> Run:
    made = make_run(runs, write_kernel(tmp_path / "kernel"))
    assert runs.allocations.join(made, made.job_name)
    return made


def put(runs: Runs, run: Run, data: bytes, *, age: float = 0, mode: int = 0o600) -> None:
    file = runs.allocations.directory(run.job_name) / "gpu-use"
    file.write_bytes(data)
    file.chmod(mode)
    then = time.time() - age
    os.utime(file, (then, then))


def read(runs: Runs, run: Run, clock: float = 0) -> GpuUse | None:
    return read_gpu_use(runs, run, lambda: disk_time(runs.root) + clock)


def test_its_age_is_told(runs: Runs, run: Run) -> None:
    assert read(runs, run) is None
    put(runs, run, sample(), age=40)
    found = read(runs, run)
    assert found is not None and len(found.gpus) == 2
    assert time.time() - found.measured == pytest.approx(40, abs=5)


def test_what_is_old_is_not_told(runs: Runs, run: Run) -> None:
    put(runs, run, sample(), age=120)
    assert read(runs, run) is None
    put(runs, run, sample(every=60), age=120)
    assert read(runs, run) is not None


def test_a_disk_whose_clock_is_another(runs: Runs, run: Run) -> None:
    put(runs, run, sample(), age=3600 - 40)
    found = read(runs, run, clock=-3600)
    assert found is not None and found.measured <= time.time()
    put(runs, run, sample(), age=-3600 + 40)
    found = read(runs, run, clock=3600)
    assert found is not None
    assert time.time() - found.measured == pytest.approx(40, abs=5)


def test_what_others_could_have_written_is_not_told(runs: Runs, run: Run) -> None:
    put(runs, run, sample(), mode=0o644)
    assert read(runs, run) is None


def test_nothing_is_left_by_asking_the_disk(tmp_path: Path) -> None:
    assert disk_time(tmp_path) == pytest.approx(time.time(), abs=5)
    assert list(tmp_path.iterdir()) == []
