"""What the GPUs of a run do, as its supervisor saw it on the node.

`<run_root>/jobs/<job name>/gpu-use` is replaced as a whole every `gpu_use_interval` seconds while a
kernel runs. First lines `name=value`: `every` is that interval, `count` the GPUs that Slurm gave the
job on this node, `visible` the variable that names them (CUDA_VISIBLE_DEVICES or ROCm's; left out
where it is unset) and `order` how CUDA counts. Then a line for each GPU that the job could see,
as `nvidia-smi --format=csv,noheader,nounits` has it (nvidia-smi(1)), for AMD's from sysfs:

    index, id, MIG mode, percent busy, MiB in use, MiB in all, name
"""

from __future__ import annotations

import contextlib
import functools
import re
import time
from collections.abc import Callable, Sequence

from msgspec import Struct

from ..errors import KernelkitError
from ..files import read_private_dated
from ..names import printable
from .records import Run
from .runs import Runs

_LIMIT = 1 << 16
_FIELDS = 7
# Older than so many intervals is no longer how it is: the supervisor, its node or the disk is late.
_INTERVALS_KEPT = 3
# What a slow tool and the supervisor's own pace add, in seconds.
_SLACK = 20.0


class Gpu(Struct, frozen=True, kw_only=True):
    """One GPU of a run. `number` is the kernel's own, as in `cuda:0`. `busy` is the percentage of
    the last second, or less, in which something ran on it; memory is in MB, as Slurm counts.
    Both are the whole GPU's, whoever uses it. None is what the driver does not tell."""

    number: int
    name: str
    busy: int | None
    memory_used: int | None
    memory_total: int | None


class GpuUse(Struct, frozen=True, kw_only=True):
    """The GPUs of a run, at the time `measured` (seconds since 1970, by this host's clock)."""

    measured: float
    gpus: tuple[Gpu, ...]


class SeenGpu(Struct, frozen=True, kw_only=True):
    """One GPU that the job could see. `index` and `id` are the tool's; one that is `divided` (MIG)
    is told of as a whole only, and no job has it as a whole."""

    index: str
    id: str
    divided: bool
    name: str
    busy: int | None
    memory_used: int | None
    memory_total: int | None


class Sample(Struct, frozen=True, kw_only=True):
    """A file `gpu-use`; see the module."""

    every: int
    count: int | None
    visible: tuple[str, ...] | None
    fastest_first: bool
    gpus: tuple[SeenGpu, ...]


@functools.lru_cache(maxsize=256)
def parse_gpu_use(data: bytes) -> Sample | None:
    """The content of a file; None for what is none, or tells of no GPU."""
    head: dict[str, str] = {}
    gpus: list[SeenGpu] = []
    for line in data.decode("utf-8", "replace").splitlines():
        name, equals, value = line.partition("=")
        if equals and name.isalpha() and not gpus:
            head[name] = value
        elif (gpu := _seen(line)) is not None:
            gpus.append(gpu)
    every = _number(head.get("every", ""))
    if not every or not gpus:
        return None
    visible = head.get("visible")
    return Sample(
        every=every,
        count=_number(head.get("count", "")),
        visible=None if visible is None else tuple(visible.replace(" ", "").split(",")),
        fastest_first=head.get("order") == "FASTEST_FIRST",
        gpus=tuple(gpus),
    )


def _seen(line: str) -> SeenGpu | None:
    # The name comes last: it is the only field that may hold a comma.
    fields = [field.strip() for field in line.split(",", _FIELDS - 1)]
    if len(fields) != _FIELDS or not fields[0].isdecimal():
        return None
    index, id, mig, busy, used, total, name = fields
    percent = _number(busy)
    return SeenGpu(
        index=index,
        id=id,
        divided=mig == "Enabled",
        name=printable(name)[:80],
        busy=percent if percent is not None and percent <= 100 else None,
        memory_used=_number(used),
        memory_total=_number(total),
    )


def _number(text: str) -> int | None:
    # Else it is `[N/A]`, `[Not Supported]`, `[Unknown Error]` and the like.
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def gpus_of_run(sample: Sample, positions: str) -> tuple[Gpu, ...]:
    """Those of a run that was given `positions` (`0,2`) among its job's, or all of its job's.

    None at all where it is not certain which they are: another user's, or another kernel's, are
    never told as this run's.
    """
    chosen = _chosen(_gpus_of_job(sample), positions if sample.visible is not None else "")
    if any(gpu.divided for gpu in chosen):
        return ()
    return tuple(
        Gpu(
            number=number,
            name=gpu.name,
            busy=gpu.busy,
            memory_used=gpu.memory_used,
            memory_total=gpu.memory_total,
        )
        for number, gpu in enumerate(chosen)
        if gpu.busy is not None or gpu.memory_used is not None
    )


def _chosen(gpus: Sequence[SeenGpu], positions: str) -> Sequence[SeenGpu]:
    """Those at `positions`, as the supervisor's choose_gpus gives them to a kernel."""
    if not positions:
        return gpus
    places = [int(place) for place in positions.split(",")]
    return [gpus[place] for place in places] if max(places) < len(gpus) else ()


def _gpus_of_job(sample: Sample) -> Sequence[SeenGpu]:
    if sample.visible is None:
        # Nothing tells a kernel which ones to take, so it takes what it sees: the job's own where
        # devices are constrained, else the whole node's.
        return sample.gpus if len(sample.gpus) == sample.count else ()
    unlike = len({gpu.name for gpu in sample.gpus}) > 1
    if unlike and sample.fastest_first and any(name.isdecimal() for name in sample.visible):
        # CUDA counts unlike GPUs otherwise than nvidia-smi does, unless CUDA_DEVICE_ORDER says so.
        return ()
    found = [_find(sample, name) for name in sample.visible]
    return [gpu for gpu in found if gpu is not None] if None not in found else ()


def _find(sample: Sample, name: str) -> SeenGpu | None:
    """The GPU that a word of CUDA_VISIBLE_DEVICES means: an index, or the beginning of an id.

    With constrained devices both Slurm and nvidia-smi count those of the job alone; else both
    count those of the node.
    """
    if name.isdecimal():
        return next((gpu for gpu in sample.gpus if gpu.index == name), None)
    found = [gpu for gpu in sample.gpus if name and gpu.id.lower().startswith(name.lower())]
    return found[0] if len(found) == 1 else None


def read_gpu_use(runs: Runs, run: Run, disk_now: Callable[[], float]) -> GpuUse | None:
    """What the GPUs of a run that runs do; None where that is not known, or not of just now.

    `disk_now` is `files.disk_time` of the run root; it is asked only where there is something.
    """
    directory = runs.allocations.directory(run.job_name)
    with contextlib.suppress(OSError, KernelkitError):
        # Reading the directory makes NFS look again at what it believes to be there.
        if not any(path.name == "gpu-use" for path in directory.iterdir()):
            return None
        data, written = read_private_dated(directory / "gpu-use", _LIMIT)
        sample = parse_gpu_use(data)
        gpus = gpus_of_run(sample, run.gpus) if sample else ()
        if sample is None or not gpus:
            return None
        age = max(0.0, disk_now() - written)
        if age <= _INTERVALS_KEPT * sample.every + _SLACK:
            return GpuUse(measured=time.time() - age, gpus=gpus)
    return None
