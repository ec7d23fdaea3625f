"""Why Slurm refused: as sbatch 22.05 says it, and as tests/cluster makes it say it again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernelkit.model import Resources
from kernelkit.slurm.refusals import parse_refusal

POLICY = (
    "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit "
    "limit, user's size and/or time limits)"
)


@pytest.mark.parametrize(
    ("printed", "where"),
    [
        ("sbatch: error: Batch job submission failed: Invalid account or account/partition "
         "combination specified", "account"),
        ("sbatch: error: invalid partition specified: nosuch\n"
         "sbatch: error: Batch job submission failed: Invalid partition name specified",
         "partition"),
        ("sbatch: error: Batch job submission failed: Invalid qos specification", "qos"),
        ("sbatch: error: Batch job submission failed: Requested time limit is invalid "
         "(missing or exceeds some limit)", "time"),
        ("sbatch: error: Batch job submission failed: Invalid generic resource (gres) "
         "specification", "gres"),
        ("sbatch: error: Memory specification can not be satisfied\nsbatch: error: Batch job "
         "submission failed: Requested node configuration is not available", "mem"),
        ("sbatch: error: CPU count per node can not be satisfied\nsbatch: error: Batch job "
         "submission failed: Requested node configuration is not available", "cpus"),
        ("sbatch: error: Batch job submission failed: Node count specification invalid", "nodes"),
        ("sbatch: error: Batch job submission failed: Invalid feature specification",
         "constraint"),
        ("sbatch: error: Batch job submission failed: Requested reservation is invalid",
         "reservation"),
        ("sbatch: error: QOSMaxWallDurationPerJobLimit\nsbatch: error: Batch job submission "
         "failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time "
         "limits)", "time"),
        ("sbatch: error: QOSMaxGRESPerUser\nsbatch: error: Batch job submission failed: Job "
         "violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
         "gres"),
        ("sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job "
         "violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
         "qos"),
        ("sbatch: error: Batch job submission failed: Unspecified error", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field(printed: str, where: str) -> None:
    sentence, field = parse_refusal(printed)
    assert field == where
    assert "sbatch:" not in sentence
    assert bool(sentence) == bool(printed)


@pytest.mark.parametrize(
    ("code", "field"),
    [
        ("QOSMaxWallDurationPerJobLimit", "time"), ("AssocMaxWallDurationPerJobLimit", "time"),
        ("QOSMaxGRESPerUser", "gres"), ("QOSMinGRES", "gres"), ("AssocGrpGRES", "gres"),
        ("QOSMaxMemoryPerJob", "mem"), ("AssocMaxMemPerJob", "mem"),
        ("QOSMaxCpuPerUserLimit", "cpus"), ("QOSMinCpuNotSatisfied", "cpus"),
        ("AssocMaxNodePerJobLimit", "nodes"), ("QOSMaxSubmitJobPerUserLimit", "qos"),
        ("AssocMaxSubmitJobLimit", "qos"), ("QOSMaxJobsPerUserLimit", "qos"),
    ],
)  # fmt: skip
def test_the_limits_own_name_decides(code: str, field: str) -> None:
    sentence, found = parse_refusal(f"sbatch: error: {code}\n{POLICY}\n")
    assert found == field
    assert sentence.endswith(f"({code})")
    assert sentence.startswith("Job violates accounting/QOS policy")


def test_a_sites_own_words_are_kept() -> None:
    sentence, field = parse_refusal(
        "sbatch: error: Please ask for at least one GPU in `gpu`.\n"
        "sbatch: error: Batch job submission failed: Unspecified error\n"
    )
    assert sentence == "Please ask for at least one GPU in `gpu`. Unspecified error"
    assert field == ""


NOWHERE = "allocation failure: Requested node configuration is not available"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (Resources(gres="gpu:9", constraint="a100", partition="gpu"), "gres"),
        (Resources(constraint="a100&v100"), "constraint"),
        (Resources(mem="900G", time="1:00:00"), "mem"),
        (Resources(mem_per_cpu="900G"), "mem_per_cpu"),
        (Resources(nodes=9), "nodes"),
        (Resources(ntasks=99), "ntasks"),
        (Resources(cpus=99), "cpus"),
        (Resources(partition="closed"), "partition"),
        (Resources(), ""),
        (None, ""),
    ],
)
def test_what_no_node_can_give_is_named_by_what_was_asked(
    asked: Resources | None, field: str
) -> None:
    assert parse_refusal(NOWHERE, asked) == ("Requested node configuration is not available", field)


def test_memory_is_named_as_it_was_asked() -> None:
    printed = "sbatch: error: Memory specification can not be satisfied"
    assert parse_refusal(printed, Resources(mem_per_gpu="900G"))[1] == "mem_per_gpu"
    assert parse_refusal(printed, Resources(mem="900G"))[1] == "mem"


@given(st.text(max_size=200))
def test_any_text_has_a_value(printed: str) -> None:
    sentence, field = parse_refusal(printed)
    assert isinstance(sentence, str)
    assert not field or sentence
