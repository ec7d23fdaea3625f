"""Slurm's states as a kernel's life: every word has a meaning, and time runs one way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernelkit.slurm.states import (
    Job,
    JobPhase,
    end_in_words,
    is_later,
    job_state,
    reason_in_words,
)

STRINGS = json.loads((Path(__file__).parents[1] / "fixtures/slurm-strings.json").read_text())
phases = st.sampled_from(get_args(JobPhase))


@pytest.mark.parametrize(
    ("printed", "state", "phase"),
    [
        ("CANCELLED by 33813", "CANCELLED", "ended"),
        ("CANCELLED+", "CANCELLED", "ended"),
        ("TIMEOUT", "TIMEOUT", "ended"),
        ("COMPLETED", "COMPLETED", "ended"),
        ("NODE_FAIL", "NODE_FAIL", "ended"),
        ("REQUEUED", "REQUEUED", "pending"),
        ("OUT_OF_MEMORY", "OUT_OF_MEMORY", "ended"),
        ("COMPLETING", "COMPLETING", "ending"),
        ("CONFIGURING", "CONFIGURING", "starting"),
        ("running", "RUNNING", "running"),
        ("SUSPENDED", "SUSPENDED", "running"),
        ("SOMETHING_NEW", "SOMETHING_NEW", "unknown"),
        ("", "", "unknown"),
        ("1234", "", "unknown"),
    ],
)
def test_phases(printed: str, state: str, phase: JobPhase) -> None:
    assert job_state(printed) == state
    assert Job(id="1", state=state).phase == phase


@pytest.mark.parametrize("printed", STRINGS["sacct_states"])
def test_no_state_of_a_real_cluster_is_unknown(printed: str) -> None:
    assert Job(id="1", state=job_state(printed)).phase != "unknown"


@given(phases, phases, phases)
def test_time_runs_one_way(a: JobPhase, b: JobPhase, c: JobPhase) -> None:
    assert not is_later(a, "unknown")
    assert is_later(a, a) or a == "unknown"
    if is_later(a, b) and is_later(b, c):
        assert is_later(a, c)
    if is_later(a, b) and is_later(b, a):
        assert a == b


@given(phases)
def test_an_end_is_final(phase: JobPhase) -> None:
    assert is_later("ended", phase) == (phase == "ended")
    assert is_later(phase, "ended")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Priority", "other jobs come first"),
        ("MaxCpuRunMinsPerUser", "your running jobs hold all the CPU time you may have at once"),
        (
            "ReqNodeNotAvail, UnavailableNodes:gnode20",
            "a node it needs is not available (UnavailableNodes:gnode20)",
        ),
        (
            "ReqNodeNotAvail,_UnavailableNodes:gnode20",
            "a node it needs is not available (UnavailableNodes:gnode20)",
        ),
        (
            "(Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority "
            "partitions)",
            "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority "
            "partitions",
        ),
        ("launch_failed_requeued_held", "launch_failed_requeued_held"),
        ("(Resources)", "waiting for nodes to become free"),
        ("", ""),
    ],
)
def test_reasons(reason: str, words: str) -> None:
    assert reason_in_words(reason) == words


@given(st.text(max_size=40))
def test_any_text_is_a_state_and_a_reason(text: str) -> None:
    state = job_state(text)
    assert Job(id="1", state=state).phase in get_args(JobPhase)
    reason_in_words(text)
    assert end_in_words(Job(id="1", state=state, reason=text))


def test_ends() -> None:
    ended = Job(id="1", state="CANCELLED", reason="by uid 33813")
    assert end_in_words(ended) == "the job was cancelled by uid 33813 (CANCELLED)"
    assert end_in_words(Job(id="1", state="TIMEOUT")) == "the time limit was reached (TIMEOUT)"
    assert end_in_words(Job(id="1", state="")) == "the job ended"
    assert end_in_words(Job(id="1", state="CANCELLED", reason="by root")).endswith(
        "cancelled by root (CANCELLED)"
    )
