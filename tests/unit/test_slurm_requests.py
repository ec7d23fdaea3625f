"""A request held against what the cluster offers: every complaint names its field."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernelkit.errors import SlurmUnavailable, SubmitRejected
from kernelkit.model import Resources
from kernelkit.slurm.offers import Association, GpuCount, Inventory, Partition, Qos, Reservation
from kernelkit.slurm.parse import parse_duration
from kernelkit.slurm.requests import check_request, duration_text, memory_megabytes, validate

A100 = GpuCount(kind="a100", total=8, free=0, per_node=4)
CPU = Partition(
    name="cpu", is_default=True, max_time=86400, nodes={"idle": 3}, node_cpus=8, node_memory=16000,
    features=("cpu",), max_nodes=2,
)  # fmt: skip
GPU = Partition(
    name="gpu", max_time=3600, nodes={"allocated": 2}, node_cpus=64, node_memory=512000,
    gpus=(A100,), features=("a100", "nvlink"), accounts=("physics",), qos=("normal",),
)  # fmt: skip
BARE = Partition(name="Bare")
INVENTORY = Inventory(
    taken=0,
    partitions=(CPU, GPU, BARE, Partition(name="stopped", state="INACTIVE", nodes={"idle": 1})),
    associations=(
        Association(account="physics", qos=("normal", "express"), is_default=True),
        Association(account="chemistry", qos=("normal",), max_time=7200),
    ),
    qos=(Qos(name="normal"), Qos(name="express", max_time=1800)),
    reservations=(Reservation(name="course"),),
)


def fields(**request: object) -> list[str]:
    return [found.field for found in validate(Resources(**request), INVENTORY)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"partition": "nosuch"}, "partition"),
        ({"partition": "stopped"}, "partition"),
        ({"time": "2-0"}, "time"),
        ({"partition": "gpu", "time": "2:00:00"}, "time"),
        ({"qos": "express", "time": "1:00:00"}, "time"),
        ({"account": "chemistry", "time": "3:00:00"}, "time"),
        ({"nodes": 3}, "nodes"),
        ({"cpus": 9}, "cpus"),
        ({"ntasks": 9}, "ntasks"),
        ({"mem": "16G"}, "mem"),
        ({"mem_per_cpu": "3G", "cpus": 8}, "mem_per_cpu"),
        ({"gres": "gpu:1"}, "gres"),
        ({"partition": "gpu", "gres": "gpu:v100:1"}, "gres"),
        ({"partition": "gpu", "gres": "gpu:5"}, "gres"),
        ({"partition": "gpu", "gres": "gpu:a100:5"}, "gres"),
        ({"constraint": "nvlink"}, "constraint"),
        ({"account": "geology"}, "account"),
        ({"partition": "gpu", "account": "chemistry"}, "account"),
        ({"account": "chemistry", "qos": "express"}, "qos"),
        ({"partition": "gpu", "qos": "express", "time": "10"}, "qos"),
        ({"reservation": "lecture"}, "reservation"),
        ({"partition": "a b"}, "partition"),
        ({"extra": ("--wrap=id",)}, "extra"),
        ({"mem": "1G", "mem_per_gpu": "1G"}, "mem_per_gpu"),
    ],
)
def test_the_field_to_change(request_: dict[str, object], field: str) -> None:
    assert fields(**request_) == [field]


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"time": "1-0", "nodes": 2, "ntasks": 16, "mem": "16000"},
        {"partition": "gpu", "gres": "gpu:a100:4", "time": "60", "cpus": 64},
        {"partition": "gpu", "gres": "gpu:A100:1"},
        {"partition": "cpu,gpu", "gres": "gpu:1"},
        {"partition": "gpu", "gres": "nvme:100", "constraint": "a100&nvlink"},
        {"partition": "gpu", "constraint": "a100|h100"},
        {"account": "PHYSICS", "qos": "express", "time": "30"},
        {"partition": "Bare", "gres": "gpu:9", "nodes": 99, "mem": "9T"},
        {"reservation": "course"},
    ],
)
def test_nothing_to_change(request_: dict[str, object]) -> None:
    assert fields(**request_) == []


def test_what_is_not_known_is_not_held_against_a_request() -> None:
    everything = Resources(partition="x", gres="gpu:9", time="99-0", account="y", qos="z", nodes=9)
    assert validate(everything, Inventory(taken=0)) == ()


def test_words() -> None:
    def said(**request: object) -> str:
        (found,) = validate(Resources(**request), INVENTORY)  # type: ignore[arg-type]
        return found.message

    assert said(partition="gpuu") == "`gpuu` is no partition that you may use. Did you mean `gpu`?"
    assert said(time="2-0") == "`2-0` is longer than partition `cpu` allows (1-00:00:00)."
    assert said(gres="gpu:1") == "Partition `cpu` has no GPUs. There are some in `gpu`."
    assert said(partition="Bare", account="z").startswith("`z` is no account of yours.")


def test_what_may_pass_is_a_warning_and_slurm_decides() -> None:
    nowhere = Inventory(taken=0, partitions=(GPU,))
    for request, inventory in ((Resources(partition="stopped"), INVENTORY), (Resources(), nowhere)):
        slurm = Answer(1_800_000_000)
        found = asyncio.run(check_request(slurm, request, inventory))
        assert [problem.severity for problem in found.problems] == ["warning"]
        assert (found.errors, found.start, slurm.asked) == ((), 1_800_000_000, 1)
    one_open = Resources(partition="stopped,cpu")
    assert validate(one_open, INVENTORY) == ()


class Answer:
    def __init__(self, answer: int | Exception | None) -> None:
        self.answer, self.asked = answer, 0

    async def test(self, resources: Resources) -> int | None:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_slurm_is_asked_last() -> None:
    slurm = Answer(1_800_000_000)
    found = asyncio.run(check_request(slurm, Resources(), INVENTORY))
    assert (found.problems, found.start) == ((), 1_800_000_000)
    asyncio.run(check_request(slurm, Resources(partition="nosuch"), INVENTORY))
    assert slurm.asked == 1


def test_slurms_refusal_is_a_problem_and_its_silence_a_note() -> None:
    refused = Answer(SubmitRejected("Slurm would refuse the job: no", field="qos"))
    found = asyncio.run(check_request(refused, Resources(), INVENTORY))
    assert [problem.field for problem in found.problems] == ["qos"]
    silent = Answer(SlurmUnavailable("timed out"))
    found = asyncio.run(check_request(silent, Resources(), INVENTORY))
    assert (found.problems, found.note) == ((), "timed out")


@given(st.integers(0, 10**7))
def test_a_duration_is_read_as_it_is_written(seconds: int) -> None:
    assert parse_duration(duration_text(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "megabytes"),
    [("16G", 16384), ("500", 500), ("500M", 500), ("2048K", 2), ("1T", 1048576), ("x", None)],
)
def test_memory(text: str, megabytes: int | None) -> None:
    assert memory_megabytes(text) == megabytes


anything = st.none() | st.text(max_size=20)
words = st.none() | st.from_regex(r"[a-z:|&0-9]{1,12}", fullmatch=True) | anything


@given(
    st.builds(
        Resources, partition=st.sampled_from(["cpu", "gpu", "gpu,cpu", None]) | words, gres=words,
        time=words, mem=words, account=words, qos=words, constraint=words, reservation=words,
        cpus=st.none() | st.integers(1, 100), nodes=st.none() | st.integers(1, 9),
        ntasks=st.none() | st.integers(1, 100),
    )
)  # fmt: skip
def test_any_request_has_an_answer(resources: Resources) -> None:
    for problem in validate(resources, INVENTORY):
        assert problem.field in Resources.__struct_fields__
        assert problem.message
