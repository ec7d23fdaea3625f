"""Why a run ended, in a code, a sentence and a next step."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from supervised import make_run, write_kernel

from kernelkit.errors import KernelFailed, SubmitRejected
from kernelkit.running import ends
from kernelkit.running.kernel_state import RunEnd
from kernelkit.running.records import Status
from kernelkit.running.runs import Runs
from kernelkit.slurm.states import Job, end_in_words
from kernelkit.slurm.tracking import JobUpdate


@pytest.mark.parametrize(
    ("state", "next_step"),
    [
        ("TIMEOUT", "more time"),
        ("OUT_OF_MEMORY", "more memory"),
        ("NODE_FAIL", "another node"),
        ("BOOT_FAIL", "another node"),
        ("PREEMPTED", "another partition or QOS"),
        ("DEADLINE", "--deadline"),
        ("CANCELLED", "a new job"),
        ("FAILED", "The log says why"),
    ],
)
def test_each_of_slurms_ends_has_a_code_words_and_a_next_step(state: str, next_step: str) -> None:
    job = Job(id="7", state=state)
    seen = ends.end_of_job(JobUpdate(job, "ended", end_in_words(job), 0.0))
    assert seen.code == state and state in seen.words and next_step in seen.advice
    # What the supervisor wrote says less than Slurm.
    assert ends.end_of_run(Status(phase="ended", reason="slurm", node="node1"), job) == seen


def test_a_job_that_was_put_back_and_one_that_is_gone() -> None:
    put_back = JobUpdate(Job(id="7", state="PENDING"), "ended", "put back (REQUEUED)", 0.0)
    assert ends.end_of_job(put_back).code == "REQUEUED"
    gone = JobUpdate(Job(id="7", state="RUNNING"), "ended", "ended (details unavailable)", 0.0)
    assert ends.end_of_job(gone).code == "UNKNOWN"


def test_every_reason_of_the_supervisor_has_a_code() -> None:
    said = Path(ends.__file__).parents[1] / "slurm/supervisor.sh"
    reasons = set(re.findall(r'(?:stop|finish) "\$[1a-z]+" ([a-z]+)\b', said.read_text()))
    reasons |= set(re.findall(r"ending=(?:\$\{ending:-)?([a-z]+)", said.read_text()))
    assert {"slurm", "asked", "lease", "exited", "address", "files", "requeued"} <= reasons
    for reason in reasons:
        end = ends.end_of_run(Status(phase="ended", reason=reason, node="node1"), None)
        assert end.words.endswith("(node node1)") and not end.words.startswith(reason)


@pytest.mark.parametrize(
    ("code", "asked", "expected", "says"),
    [
        (137, False, "OUT_OF_MEMORY", "memory was used up"),
        (139, False, "KERNEL_EXITED", "SIGSEGV"),
        (65, False, "KERNEL_EXITED", "exit code 65 on node1"),
        (250, False, "KERNEL_EXITED", "exit code 250"),
        (None, False, "KERNEL_EXITED", "node1"),
        (137, True, "SHUT_DOWN", "exit code 137"),
    ],
)
def test_the_end_of_a_kernel_in_a_job_that_lives(
    code: int | None, asked: bool, expected: str, says: str
) -> None:
    end = ends.exit_of_kernel(Status(phase="exited", exit=code, node="node1"), asked=asked)
    assert end.code == expected and says in end.words
    assert ("memory" in end.text) == (expected == "OUT_OF_MEMORY")


def test_what_could_not_start() -> None:
    refused = ends.end_by_fault(SubmitRejected("No.", field="time", hint="Change `time`."))
    assert refused == RunEnd(code="REFUSED", words="No", advice="Change `time`.")
    failed = ends.end_by_fault(KernelFailed("It did not answer."))
    assert failed.code == "NOT_STARTED" and "a new job" in failed.advice


@pytest.mark.parametrize(
    "said",
    [
        "slurmstepd-node3: error: StepId=1.batch exceeded memory limit (168845312 > 104857600), "
        "being killed",
        "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=17.batch. Some of your processes "
        "may have been killed by the cgroup out-of-memory handler.",
        "slurmstepd: error: Detected 1 oom_kill event in StepId=17.batch. Some of the step tasks "
        "have been OOM Killed.",
    ],
)
def test_the_log_knows_of_memory_what_slurms_word_does_not_say(said: str) -> None:
    failed = ends.end_of_job(JobUpdate(Job(id="7", state="FAILED"), "ended", "failed", 0.0))
    end = ends.with_log(failed, f"before\n{said}\n")
    assert (end.code, "more memory" in end.advice) == ("OUT_OF_MEMORY", True)
    assert "Slurm says FAILED" in end.words and said in end.log_tail
    late = ends.end_of_job(JobUpdate(Job(id="7", state="TIMEOUT"), "ended", "late", 0.0))
    assert ends.with_log(late, said).code == "TIMEOUT"
    assert ends.with_log(failed, "a cell wrote of an oom-kill").code == "FAILED"


def test_the_log_knows_of_a_requeue_that_the_queue_does_not_tell() -> None:
    said = "slurmstepd-node1: error: *** JOB 51 ON node1 CANCELLED AT now DUE TO JOB REQUEUE ***"
    ended = ends.end_of_run(Status(phase="ended", node="node1", reason="slurm"), None)
    end = ends.with_log(ended, said)
    assert (end.code, end.log_tail) == ("REQUEUED", said) and "(REQUEUED)" in end.words
    assert ends.with_log(ended, "DUE TO JOB REQUEUE").code == "UNKNOWN"


def test_the_text_for_a_cell_has_everything() -> None:
    end = RunEnd(code="TIMEOUT", words="over", advice="Do that.", log_tail="killed")
    assert end.text == "over. Do that.\n\nkilled"
    assert RunEnd(code="SHUT_DOWN", words="over").text == "over"


def test_the_record_of_an_end_comes_before_what_slurm_still_says(tmp_path: Path) -> None:
    run = make_run(Runs(tmp_path / "runs"), write_kernel(tmp_path / "kernel"))
    over = msgspec.structs.replace(run, end_code="TIMEOUT", reason="the time limit was reached")
    cancelled, stopped = Job(id="7", state="CANCELLED"), Status(phase="ended", reason="lease")
    assert ends.end_on_record(over, stopped, cancelled).code == "TIMEOUT"
    assert ends.end_on_record(run, stopped, cancelled).code == "CANCELLED"
    assert ends.end_on_record(run, stopped, None).code == "NO_SERVER"
    assert ends.end_on_record(run, None, None).code == "UNKNOWN"
