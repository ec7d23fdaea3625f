"""Runs, their control and supervisor.sh in real jobs, with kernels reached at their node's address."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from job_kernels import Kernels
from jupyter_client.blocking.client import BlockingKernelClient
from slurm import Cluster
from supervised import KEY, connected, is_alive, make_run, run_cell, write_kernel
from waiting import wait_until

from kernelkit.errors import (
    KernelFailed,
    NotFound,
    NotPermitted,
    SlurmUnavailable,
    SubmitRejected,
)
from kernelkit.model import Resources
from kernelkit.running import control
from kernelkit.running.control import ControlSettings, JobControl
from kernelkit.running.front import new_seed
from kernelkit.running.orphans import find_orphans
from kernelkit.running.records import Run, Status
from kernelkit.running.runs import Runs
from kernelkit.running.servers import this_server
from kernelkit.slurm import client
from kernelkit.slurm.client import Slurm
from kernelkit.slurm.job_script import JobSettings, render_job_script

DEAF = "trap '' TERM INT HUP\nwhile :; do sleep 0.2; done"


@dataclass
class Lab:
    """A home with runs, and the control that a server has of them."""

    cluster: Cluster
    kernels: Kernels
    runs: Runs
    directory: Path
    control: JobControl = field(init=False)

    def __post_init__(self) -> None:
        self.control = JobControl(Slurm(), self.runs, ControlSettings(grace=1))

    def make(self, body: str = "", *, kind: str = "", **changes: Any) -> Run:
        """A run of `body`, of a kernel of the shelf, or of the ipykernel of the tests."""
        if kind:
            kernel = self.kernels.directory(self.kernels.put(kind))
        else:
            kernel = write_kernel(
                self.directory / f"kernel-{len(list(self.runs.root.glob('*')))}", body
            )
        resources = changes.pop("resources", Resources(partition="cpu", time="10"))
        return make_run(self.runs, kernel, resources=resources, **changes)

    def do(self, name: str, *arguments: Any, **options: Any) -> Any:
        """A method of the control, to its end."""
        return asyncio.run(getattr(self.control, name)(*arguments, **options))

    def start(self, *arguments: Any, **options: Any) -> Run:
        run = self.make(*arguments, **options)
        started = self.do("start", run.id)
        assert isinstance(started, Run) and started.job_id
        return started

    def status(self, run: Run, condition: Callable[[Status], Any] = lambda status: True) -> Status:
        def look() -> Status | None:
            status = self.runs.read_status(run.id)
            return status if status and condition(status) else None

        return wait_until(look, 60, what=lambda: self._state(run))

    @contextlib.contextmanager
    def client(self, run: Run, start: int = 1) -> Iterator[BlockingKernelClient]:
        found = wait_until(
            lambda: self.runs.read_connection(run.id, start), 60, what=lambda: self._state(run)
        )
        with connected(found) as client:
            yield client

    def _state(self, run: Run) -> str:
        return f"{self.runs.read_status(run.id)}\n{self.runs.read_log(run.id)}"


@pytest.fixture
def lab(kernels: Kernels, cluster: Cluster, tmp_path: Path) -> Iterator[Lab]:
    made = Lab(cluster, kernels, Runs(tmp_path / "runs"), tmp_path)
    yield made
    for run in made.runs.listing().runs:
        made.do("end", run.id)


def gone(run: Run) -> Run:
    """The run as a server that was killed leaves it."""
    server = msgspec.structs.replace(run.server, pid=2**22 + 1)
    return msgspec.structs.replace(run, server=server)


# --- one kernel -----------------------------------------------------------------------------------


def test_a_kernel_of_modules_gets_the_gpu_that_slurm_gave(lab: Lab) -> None:
    run = lab.start(kind="module", resources=Resources(partition="gpu", gres="gpu:a100:2"))
    with lab.client(run) as client:
        shown = run_cell(
            client,
            "import os, json, layer_python\nprint(json.dumps(dict(os.environ)))",
        )
    environment = json.loads(shown)
    assert environment["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert environment["SLURM_JOB_ID"] == run.job_id
    assert environment["SLURMD_NODENAME"] == lab.status(run).node == "node1"
    assert "SLURM_STEP_ID" not in environment
    assert lab.runs.read_connection(run.id, 1)["ip"] == lab.status(run).ip  # type: ignore[index]


def test_nothing_secret_is_told_to_slurm(accounting: Cluster, lab: Lab) -> None:
    seed = new_seed(KEY, "hmac-sha256", "demo", encrypted=True)
    keys = [KEY, seed["curve_secretkey"], seed["curve_publickey"]]
    run = lab.start(connection=seed, variables={"HF_TOKEN": "very-secret"})
    with lab.client(run) as client:
        assert run_cell(client, "import os; print(os.environ['HF_TOKEN'])") == "very-secret\n"
        processes = accounting.processes()
        kernel = Path(f"/proc/{lab.status(run).pid}")
        supervisor = Path("/proc") / (kernel / "stat").read_text().rpartition(")")[2].split()[1]
        environments = [
            (process / "environ").read_text(errors="replace") for process in (kernel, supervisor)
        ]
        assert "HF_TOKEN" in environments[0] and "HF_TOKEN" not in environments[1]
    found = lab.runs.read_connection(run.id, 1)
    assert found and found["curve_publickey"] == seed["curve_publickey"], "it was encrypted"

    def kept(*options: str) -> str:
        return accounting.run("sacct", "-j", run.job_id, *options).stdout

    script = accounting.run("scontrol", "write", "batch_script", run.job_id, "-").stdout
    shown = accounting.run("scontrol", "--details", "show", "job", run.job_id).stdout
    in_database = wait_until(
        lambda: "supervisor" in (text := kept("--batch-script")) and text,
        what=lambda: kept("--batch-script"),
    )
    variables, columns = kept("--env-vars"), kept("-P", "-o", "ALL")
    assert run.job_name in columns and run.job_name in script and variables
    log = lab.runs.read_log(run.id)
    told = (script, shown, in_database, variables, columns, log, *processes)
    for text in told:
        assert not any(secret in text for secret in (*keys, "very-secret")), text
    for text in environments:
        assert not any(key in text for key in keys), text
    lab.do("end", run.id)


def test_a_restart_and_a_crash_stay_in_the_job(lab: Lab) -> None:
    run = lab.start()
    first = lab.status(run)
    with lab.client(run) as client:
        run_cell(client, "x = 1")
    assert lab.do("relaunch", run.id) == 2
    with lab.client(run, 2) as client:
        assert run_cell(client, "print('x' in dir())") == "False\n"
        second = lab.status(run, lambda s: s.start == 2)
        os.kill(second.pid, signal.SIGKILL)
    assert lab.status(run, lambda s: s.phase == "exited").exit == 137
    assert lab.do("relaunch", run.id) == 3
    with lab.client(run, 3) as client:
        assert run_cell(client, "print(6 * 7)") == "42\n"
    third = lab.status(run, lambda s: s.start == 3)
    assert first.job == second.job == third.job == run.job_id
    assert first.node == third.node
    assert [row[0] for row in lab.cluster.queue()] == [run.job_id]


def test_what_ignores_everything_is_killed_and_started_again(lab: Lab) -> None:
    run = lab.start("echo deaf\n" + DEAF)
    wait_until(lambda: "deaf" in lab.runs.read_log(run.id))
    pid = lab.status(run).pid
    lab.do("relaunch", run.id)
    assert lab.status(run, lambda s: s.start == 2).job == run.job_id
    assert not is_alive(pid)


@pytest.mark.parametrize("kind", ["module", "image", "r"])
def test_an_interrupt_reaches_a_busy_loop_and_variables_survive(lab: Lab, kind: str) -> None:
    set_, loop, show = {
        "r": ("kept <- 42", "cat('go\\n'); flush.console(); repeat {}", "cat(kept, '\\n')"),
    }.get(kind, ("kept = 42", "print('go', flush=True)\nwhile True: pass", "print(kept)"))
    run = lab.start(kind=kind, picks_ports=kind != "r")
    with lab.client(run) as client:
        run_cell(client, set_)
        asked = client.execute(loop)
        wait_until(lambda: "go" in str(client.get_iopub_msg(timeout=30)["content"]), 60)
        assert lab.do("signal", run.id, "INT")
        reply = wait_until(
            lambda: (
                (m := client.get_shell_msg(timeout=30))["parent_header"]["msg_id"] == asked and m
            )
        )
        assert reply["content"]["status"] in ("error", "abort", "aborted")
        # Until then IRkernel drops what comes, without an idle of its own (abort_shell_msg).
        wait_until(lambda: _is_idle(client.get_iopub_msg(timeout=30), asked), 60)
        assert run_cell(client, show).strip() == "42"


def _is_idle(message: dict[str, Any], asked: str) -> bool:
    state = message["content"].get("execution_state")
    return message["parent_header"].get("msg_id") == asked and state == "idle"


def test_several_nodes_are_seen_from_a_cell(lab: Lab) -> None:
    resources = Resources(partition="cpu", nodes=2, ntasks=4, time="10")
    run = lab.start(kind="module", resources=resources)
    launch = lab.runs.directory(run.id) / "launch.sh"
    with lab.client(run) as client:
        code = (
            "import subprocess, sys\n"
            "def srun(*argv): return subprocess.run(['srun', '--overlap', *argv], text=True,"
            " stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout\n"
        )
        run_cell(client, code)
        nodes = run_cell(client, "print(srun('-n', '4', 'sh', '-c', 'echo $SLURMD_NODENAME'))")
        inner = run_cell(
            client,
            f"print(srun('-n', '4', '/bin/bash', {str(launch)!r}, '--run', 'python3', '-c',"
            " 'import layer_python, os; print(os.environ[\"SLURM_PROCID\"])'))",
        )
        assert run_cell(client, "import os; print(os.environ['SLURM_NNODES'])") == "2\n"
    assert len(nodes.split()) == 4 and len(set(nodes.split())) == 2
    assert sorted(inner.split()) == ["0", "1", "2", "3"]
    assert lab.status(run).node == sorted(set(nodes.split()))[0], "the kernel is on the first node"


# --- several kernels in one job -------------------------------------------------------------------


def test_two_kernels_share_a_job_and_divide_its_gpus(lab: Lab) -> None:
    resources = Resources(partition="gpu", gres="gpu:a100:2", time="10")
    one = lab.start(resources=resources, gpus="0")
    lab.status(one)
    two = lab.make(gpus="1")
    two = lab.do("join", two.id, one.job_id)
    assert (two.job_id, two.job_name) == (one.job_id, one.job_name)
    with lab.client(one) as first, lab.client(two) as second:
        code = "import os; print(os.environ['CUDA_VISIBLE_DEVICES'], os.environ['SLURM_JOB_ID'])"
        assert run_cell(first, code) == f"0 {one.job_id}\n"
        assert run_cell(second, code) == f"1 {one.job_id}\n"
        lab.do("relaunch", two.id)
        assert lab.status(two, lambda s: s.start == 2)
        run_cell(first, "still = 'here'")
        lab.do("end", two.id)
        assert lab.status(two, lambda s: s.phase == "ended").reason == "asked"
        assert run_cell(first, "print(still)") == "here\n"
    assert lab.cluster.state(one.job_id) == "RUNNING"
    lab.do("end", one.id)
    assert lab.cluster.wait_for_state(one.job_id, "CANCELLED", "COMPLETING")
    with pytest.raises(NotFound, match="can take another kernel"):
        lab.do("join", lab.make().id, one.job_id)


def test_a_kernel_may_join_while_the_job_waits(lab: Lab) -> None:
    with lab.cluster.filled():
        one = lab.start("sleep 600", resources=Resources(partition="full", time="10"))
        two = lab.make("sleep 600")
        lab.do("join", two.id, one.id)
        three = lab.make("sleep 600")
        lab.do("join", three.id, one.job_name)
        lab.do("end", three.id)
        assert [row[2] for row in lab.cluster.queue() if row[0] == one.job_id] == ["PENDING"]
    assert lab.status(one).job == lab.status(two).job == one.job_id
    assert lab.runs.read_status(three.id) is None


# --- the end ----------------------------------------------------------------------------------------


def test_a_cancelled_job_ends_its_kernel_politely(lab: Lab) -> None:
    run = lab.start("trap 'echo saved; exit 0' TERM\necho ready\nwhile :; do sleep 0.1; done")
    wait_until(lambda: "ready" in lab.runs.read_log(run.id))
    lab.cluster.cancel(run.job_id)
    status = lab.status(run, lambda s: s.phase == "ended")
    assert status.reason == "slurm"
    wait_until(lambda: "saved" in lab.runs.read_log(run.id))
    with pytest.raises(KernelFailed, match="has ended: slurm"):
        lab.do("relaunch", run.id)


def test_the_time_limit_ends_what_ignores_it(lab: Lab) -> None:
    run = lab.start("echo deaf\n" + DEAF)
    wait_until(lambda: "deaf" in lab.runs.read_log(run.id))
    lab.cluster.do("time-left", run.job_id, "1")
    status = lab.status(run, lambda s: s.phase == "ended")
    assert (status.reason, status.exit) == ("slurm", 137)
    lab.cluster.wait_for_state(run.job_id, "TIMEOUT")
    assert "DUE TO TIME LIMIT" in lab.runs.read_log(run.id)


def test_a_run_ends_while_it_waits(lab: Lab) -> None:
    with lab.cluster.filled() as filler:
        run = lab.start(resources=Resources(partition="full"))
        assert lab.do("relaunch", run.id) == 1, "its place in the queue is kept"
        assert lab.do("signal", run.id, "INT") is False
        assert lab.do("end", run.id, reason="cancelled").phase == "ended"
        assert lab.do("end", run.id).reason == "cancelled"
        assert [row[0] for row in lab.cluster.queue()] == [filler]
    assert lab.runs.read_status(run.id) is None
    with pytest.raises(KernelFailed):
        lab.do("start", lab.runs.update(run.id, job_id="").id)


def test_a_run_without_a_server_ends_with_its_lease(lab: Lab) -> None:
    run = lab.start("sleep 600", lease=1)
    assert lab.status(run, lambda s: s.phase == "ended").reason == "lease"
    lab.cluster.wait_for_state(run.job_id, "COMPLETED")


def test_a_node_that_dies(fragile_cluster: Cluster, lab: Lab) -> None:
    run = lab.start("sleep 600", resources=Resources(partition="cpu", extra=("--nodelist=node2",)))
    lab.status(run)
    fragile_cluster.do("crash", "node2")
    fragile_cluster.do("node-down", "node2")
    fragile_cluster.wait_for_state(run.job_id, "NODE_FAIL")
    assert lab.do("end", run.id).phase == "ended"


def test_a_directory_that_the_nodes_do_not_share(lab: Lab) -> None:
    lab.runs = Runs(lab.cluster.node_local / f"runs-{os.getpid()}")
    lab.control = JobControl(Slurm(), lab.runs)
    run = lab.start("sleep 600")
    lab.cluster.wait_for_state(run.job_id, "FAILED", "COMPLETED")
    assert lab.runs.read_status(run.id) is None
    lab.runs.remove(run.id)


# --- what gets lost ----------------------------------------------------------------------------------


def test_two_starts_are_one_job(lab: Lab) -> None:
    run = lab.make("sleep 600")

    async def twice() -> list[Run]:
        return list(await asyncio.gather(*(lab.control.start(run.id) for _ in range(3))))

    assert len({started.job_id for started in asyncio.run(twice())}) == 1
    assert lab.do("start", run.id).job_id == lab.cluster.queue()[0][0]
    assert len(lab.cluster.queue()) == 1


def test_a_job_whose_id_was_never_recorded_is_found(lab: Lab) -> None:
    run = lab.start("sleep 600")
    lost = lab.runs.update(run.id, job_id="")
    assert lost.submits == 1
    assert lab.do("start", run.id).job_id == run.job_id
    lab.runs.update(run.id, job_id="")
    lab.do("end", run.id)
    lab.cluster.wait_for_state(run.job_id, "CANCELLED", "COMPLETING")


def test_what_never_reached_the_controller_is_submitted_when_it_is_back(
    lab: Lab, fragile_cluster: Cluster
) -> None:
    run = lab.make("sleep 600")
    fragile_cluster.do("stop-ctld")
    with pytest.raises(SlurmUnavailable) as caught:
        lab.do("start", run.id)
    assert caught.value.unsent
    assert lab.runs.load(run.id).submits == 0
    fragile_cluster.do("start-ctld")
    started = lab.do("start", run.id)
    assert (started.submits, started.job_name) == (1, run.job_name)
    assert [job for job, *_ in fragile_cluster.queue()] == [started.job_id]


def test_a_job_that_slurm_lost_is_submitted_by_another_name(
    lab: Lab, fragile_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request hangs on a controller that never works on it: killed, as its host may be."""
    monkeypatch.setattr(client, "SUBMIT_TIMEOUT", 2.0)
    monkeypatch.setattr(client, "QUERY_TIMEOUT", 2.0)
    run = lab.make("echo it runs; sleep 600")
    fragile_cluster.do("pause-ctld")
    with pytest.raises(SlurmUnavailable):
        lab.do("start", run.id)
    fragile_cluster.do("kill-ctld")
    fragile_cluster.do("start-ctld")
    monkeypatch.setattr(client, "QUERY_TIMEOUT", 60.0)
    monkeypatch.setattr(client, "SUBMIT_TIMEOUT", 60.0)
    with pytest.raises(SlurmUnavailable) as caught:
        lab.do("start", run.id)
    assert f"`{run.job_name}`" in caught.value.message
    monkeypatch.setattr(control, "LATE", 0.0)
    started = lab.do("start", run.id)
    assert (started.submits, started.job_name) == (2, f"{run.job_name}-2")

    # The first one comes all the same.
    settings = JobSettings(run_root=str(lab.runs.root), job_name=run.job_name)
    late = fragile_cluster.submit(
        "--partition=cpu", f"--job-name={run.job_name}", script=render_job_script(settings)
    )
    fragile_cluster.wait_for_state(late, "COMPLETED")
    lab.status(started, lambda status: status.phase == "running")
    assert lab.runs.read_log(run.id).count("it runs") == 1
    assert not find_orphans(lab.runs, asyncio.run(Slurm().queue()).jobs, complete=True).runless
    assert lab.do("end", run.id).phase == "ended"


def test_a_job_that_slurm_loses_again_and_again_is_given_up(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "LATE", 0.0)
    run = lab.make("sleep 600")
    lab.runs.update(run.id, submits=3)
    with pytest.raises(KernelFailed, match="lost the job 3 times"):
        lab.do("start", run.id)
    assert lab.cluster.queue() == []


def test_a_refused_request_leaves_nothing(lab: Lab) -> None:
    run = lab.make(resources=Resources(partition="nowhere"))
    with pytest.raises(SubmitRejected) as caught:
        lab.do("start", run.id)
    assert caught.value.field == "partition"
    after = lab.runs.load(run.id)
    assert after.phase == "ended" and "nowhere" not in after.job_name
    assert not lab.runs.allocations.directory(run.job_name).exists()


def test_another_server_takes_over_a_kernel_with_its_variables(lab: Lab) -> None:
    run = lab.start()
    with lab.client(run) as client:
        run_cell(client, "kept = 'variable'")
    mine = this_server()
    with pytest.raises(NotPermitted, match="belongs to a server that still runs"):
        lab.do("adopt", run.id, msgspec.structs.replace(mine, token="another"))
    lab.runs.update(run.id, server=gone(run).server)
    answer = asyncio.run(lab.control.slurm.queue())
    found = find_orphans(lab.runs, answer.jobs, complete=answer.complete)
    assert [each.id for each in found.abandoned] == [run.id]
    assert not found.jobless and not found.runless
    adopted = lab.do("adopt", run.id, mine)
    assert adopted.server == mine and adopted.kernel_id == run.kernel_id
    with lab.client(adopted) as client:
        assert run_cell(client, "print(kept)") == "variable\n"


def test_orphans_of_every_kind(lab: Lab) -> None:
    lost = lab.start("sleep 600")
    runless = lab.start("sleep 600")
    lab.cluster.cancel(lost.job_id)
    lab.cluster.wait_for_state(lost.job_id, "CANCELLED")
    lab.runs.remove(runless.id)
    answer = asyncio.run(lab.control.slurm.queue())
    found = find_orphans(lab.runs, answer.jobs, complete=answer.complete)
    assert [run.id for run in found.jobless] == [lost.id]
    assert [job.id for job in found.runless] == [runless.job_id]
    assert not find_orphans(lab.runs, {}, complete=False).jobless
    asyncio.run(lab.control.slurm.cancel([runless.job_id]))
