"""Slurm's commands that hang, lie, stammer and fall silent: no job is lost and none is doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from fakes import TROUBLE, Fakes
from waiting import wait_until

from kernelkit.errors import KernelkitError, SlurmUnavailable, SubmitRejected
from kernelkit.model import Resources
from kernelkit.slurm.client import QueueAnswer, Slurm
from kernelkit.slurm.inventory import load_inventory

T = TypeVar("T")
NAME = "kernelkit-0123456789ab"


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def submit() -> str:
    work = Slurm().submit(
        Resources(), "#!/bin/bash\n", job_name=NAME, log="/dev/null", directory="/"
    )
    return run(work)


# --- sbatch ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "printed",
    [
        "17\n",
        "17;frontier\n",
        "*** Maintenance on Monday 12:00 ***\n\n17\n",
        "17\nYou have 3 hours left in project 4711.\n",
        "sbatch: job 5 looks like this one\n17\n",
    ],
)
def test_an_id_among_a_sites_words(fakes: Fakes, printed: str) -> None:
    fakes.put("sbatch", f"printf '%s' '{printed}'")
    assert submit() == "17"
    assert fakes.calls("squeue") == 0


@pytest.mark.parametrize(
    "body",
    [
        "echo 'Submitted to the queue, have a nice day'",
        "true",
        "printf '\\377\\376 17x'",
        "echo 'sbatch: error: Socket timed out on send/recv operation' >&2; exit 1",
        "echo 'sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received'"
        " >&2; exit 1",
        "echo 'sbatch: error: Unable to contact slurm controller (receive failure)' >&2; exit 1",
        "exit 3",
        "kill -KILL $$",
        "exec sleep 60",
    ],
)
def test_an_answer_without_an_id_is_looked_for_and_never_asked_again(
    fakes: Fakes,
    impatient: None,
    body: str,
) -> None:
    fakes.put("sbatch", body)
    fakes.queue(("16", "RUNNING", "other"), ("17", "PENDING", NAME))
    assert submit() == "17"
    assert fakes.calls("sbatch") == 1


def test_what_was_never_sent_is_not_looked_for(fakes: Fakes) -> None:
    said = "Batch job submission failed: Unable to contact slurm controller (connect failure)"
    fakes.put("sbatch", f"echo 'sbatch: error: {said}' >&2; exit 1")
    fakes.queue(("17", "PENDING", NAME))
    with pytest.raises(SlurmUnavailable) as caught:
        submit()
    assert caught.value.unsent
    assert said in caught.value.detail
    assert fakes.calls("squeue") == 0


def test_no_id_and_no_job(fakes: Fakes) -> None:
    fakes.put("sbatch", "echo hello; echo 'it broke' >&2")
    fakes.queue(("16", "RUNNING", "other"))
    with pytest.raises(SlurmUnavailable) as caught:
        submit()
    assert "no job of that name" in caught.value.message
    assert "it broke" in caught.value.detail


def test_no_id_and_a_queue_that_cannot_be_read(fakes: Fakes) -> None:
    """Nobody may say that there is no job: the next look by name finds it."""
    fakes.put("sbatch", "echo hello")
    fakes.queue(("16", "RUNNING", "other"), then="echo 'slurm_load_jobs error: timed out' >&2")
    with pytest.raises(SlurmUnavailable, match="not known"):
        submit()
    assert fakes.calls("sbatch") == 1


def test_a_refusal_is_believed_at_once(fakes: Fakes) -> None:
    fakes.put(
        "sbatch",
        "echo 'sbatch: error: lua: Please name an account.' >&2\n"
        "echo 'sbatch: error: Batch job submission failed: Invalid account or account/partition "
        "combination specified' >&2; exit 1",
    )
    with pytest.raises(SubmitRejected) as caught:
        submit()
    assert caught.value.field == "account"
    assert caught.value.message.startswith("Slurm refused the job: Please name an account. Invalid")
    assert fakes.calls("squeue") == 0


@pytest.mark.parametrize(
    "said",
    [
        "sbatch: error: fetch_config: DNS SRV lookup failed\n"
        "sbatch: fatal: Could not establish a configuration source",
        "sbatch: error: Munge encode failed: Failed to connect to /run/munge/munge.socket.2: No such "
        "file or directory\nallocation failure: Invalid authentication credential",
    ],
)
def test_a_machine_that_cannot_ask_refuses_no_request(fakes: Fakes, said: str) -> None:
    fakes.put("sbatch", f"echo '{said}' >&2; exit 1")
    with pytest.raises(SlurmUnavailable, match="could not check"):
        run(Slurm().test(Resources()))


def test_no_sbatch(fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SlurmUnavailable) as caught:
        submit()
    assert "`sbatch` cannot be run" in caught.value.message


def test_a_hanging_command_is_ended_with_its_children(
    fakes: Fakes,
    impatient: None,
    tmp_path: Path,
) -> None:
    pid_file = tmp_path / "pid"
    fakes.put("squeue", f"sleep 60 & echo $! >'{pid_file}'; wait")
    answer = run(Slurm().queue())
    assert not answer.complete
    assert "did not finish" in answer.error
    assert answer.seconds >= 0.5
    wait_until(lambda: not _alive(int(pid_file.read_text())), what="the end of the child")


def test_a_query_that_is_cancelled_leaves_nothing(fakes: Fakes, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    fakes.put("squeue", f"echo $$ >'{pid_file}'; exec sleep 60")

    async def main() -> None:
        task = asyncio.create_task(Slurm().queue())
        await asyncio.to_thread(wait_until, lambda: pid_file.exists() and pid_file.read_text())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert not _alive(int(pid_file.read_text()))


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


# --- squeue ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", TROUBLE)
def test_an_answer_in_trouble_is_not_a_whole_one(fakes: Fakes, trouble: str) -> None:
    fakes.put("squeue", TROUBLE[trouble])
    answer = run(Slurm().queue())
    assert isinstance(answer, QueueAnswer)
    assert not answer.complete
    assert answer.error


def test_a_squeue_of_another_machine(fakes: Fakes) -> None:
    (fakes.directory / "squeue").write_bytes(b"\x7fELF of another kind")
    answer = run(Slurm().queue())
    assert not answer.complete
    assert "`squeue` cannot be run: Exec format error" in answer.error


def test_what_is_said_beside_an_error_counts(fakes: Fakes) -> None:
    fakes.queue(("17", "RUNNING", NAME), then="echo 'squeue: error: something' >&2")
    answer = run(Slurm().queue())
    assert (answer.complete, answer.jobs["17"].phase) == (False, "running")


def test_an_empty_queue_is_an_answer(fakes: Fakes) -> None:
    fakes.put("squeue", "exit 0")
    assert run(Slurm().queue()).complete
    fakes.put("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    answer = run(Slurm().queue(["17"]))
    assert (answer.complete, dict(answer.jobs)) == (True, {})


def test_a_job_that_is_gone_hides_no_trouble(fakes: Fakes) -> None:
    fakes.put(
        "squeue",
        "echo 'slurm_load_jobs error: Invalid job id specified' >&2\n"
        "echo 'slurm_load_jobs error: Socket timed out' >&2; exit 1",
    )
    assert not run(Slurm().queue(["17"])).complete


def test_names_and_states_that_are_no_text(fakes: Fakes) -> None:
    fakes.queue(("17", "RUNNING", "\\377\\376"), ("18", "BRAND_NEW", "x"))
    answer = run(Slurm().queue())
    assert answer.complete
    assert (answer.jobs["17"].name, answer.jobs["18"].phase) == ("\ufffd\ufffd", "unknown")


def test_times_and_words_do_not_depend_on_the_users_settings(
    fakes: Fakes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"SQUEUE_FORMAT": "%i", "LC_ALL": "de_DE.UTF-8", "SLURM_TIME_FORMAT": "relative",
                        "SQUEUE_STATES": "PENDING", "SLURM_CLUSTERS": "other"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    fakes.put("squeue", f"env >'{fakes.directory}/env'")
    run(Slurm().queue())
    lines = (fakes.directory / "env").read_text().splitlines()
    assert {"LC_ALL=C", "SLURM_TIME_FORMAT=%s"} <= set(lines)
    assert not [line for line in lines if line.startswith(("SQUEUE_", "SLURM_CLUSTERS"))]


# --- scancel, sacct and the rest -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "exit 0",
        "echo 'scancel: error: Kill job error on job id 17: Invalid job id specified' >&2; exit 1",
        "echo 'scancel: error: Kill job error on job id 17: Job/step already completing or completed'"
        " >&2; exit 1",
    ],
)
def test_what_has_ended_need_not_be_cancelled(fakes: Fakes, body: str) -> None:
    fakes.put("scancel", body)
    run(Slurm().cancel(["17"]))


@pytest.mark.parametrize(
    "body",
    [
        "exec sleep 60",
        "exit 1",
        "echo 'scancel: error: Kill job error on job id 17: Access/permission denied' >&2; exit 1",
        "echo 'scancel: error: Kill job error on job id 16: Invalid job id specified' >&2\n"
        "echo 'scancel: error: Kill job error on job id 17: Socket timed out' >&2; exit 1",
    ],
)
def test_a_job_that_may_still_run_is_not_called_cancelled(
    fakes: Fakes,
    impatient: None,
    body: str,
) -> None:
    fakes.put("scancel", body)
    with pytest.raises(SlurmUnavailable):
        run(Slurm().cancel(["16", "17"]))


@pytest.mark.parametrize(
    "body", ["exec sleep 60", "exit 1", "head -c 999 /bin/bash", "echo '17|X'"]
)
def test_no_history_is_no_error(fakes: Fakes, impatient: None, body: str) -> None:
    fakes.put("sacct", body)
    assert run(Slurm().history(["17"])) == {}
    assert run(Slurm().history([])) == {}


def test_nothing_is_asked_of_nothing(fakes: Fakes) -> None:
    run(Slurm().cancel([]))
    run(Slurm().history([]))
    assert fakes.calls("scancel") + fakes.calls("sacct") == 0


@pytest.mark.parametrize(
    "body", ["exec sleep 60", "exit 1", "head -c 5000 /bin/bash", "echo '=|='"]
)
def test_an_inventory_of_nonsense_is_an_inventory(
    fakes: Fakes,
    impatient: None,
    body: str,
) -> None:
    for name in ("sinfo", "scontrol", "sacctmgr"):
        fakes.put(name, body)
    found = run(load_inventory(Slurm()))
    assert (found.nodes, found.associations) == ((), ())
    assert found.problems


def test_every_failure_speaks_plainly(fakes: Fakes, impatient: None) -> None:
    for body in ("exit 1", "exec sleep 60", "printf '\\033[31m'; exit 2"):
        for name in ("sbatch", "squeue", "scancel"):
            fakes.put(name, body)
        for work in (Slurm().cancel(["1"]), Slurm().signal("1", "USR1"), Slurm().test(Resources())):
            with pytest.raises(KernelkitError) as caught:
                run(work)
            assert caught.value.message.strip()
            assert "Traceback" not in str(caught.value.to_dict())
