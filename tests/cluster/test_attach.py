"""What a server that is gone leaves behind, and how another one gets it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from command_line import PROGRAM, kernelkit, kernelkit_process
from job_kernels import Kernels
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from serving import Server
from slurm import Cluster, wait_for
from supervised import run_cell

from kernelkit.errors import NotFound, NotPermitted
from kernelkit.running import adoption
from kernelkit.running.desk import desk
from kernelkit.running.records import Run

TIMEOUT = 60.0


def jobs(cluster: Cluster) -> dict[str, str]:
    """Job -> state, of kernels whose jobs have not ended."""
    rows = cluster.queue()
    return {r[0]: r[2] for r in rows if r[1].startswith("kernelkit-") and r[2] != "COMPLETING"}


def the_run() -> Run:
    """The only run that has not ended."""
    (run,) = [run for run in desk().runs.listing().runs if run.phase != "ended"]
    return run


async def offered() -> list[str]:
    """The runs that a server may take over."""
    here = desk()
    answer = await here.background.call(here.slurm.queue())
    return [run.id for run in adoption.attachable(here.runs, answer)]


class Another:
    """The kernels of another server, which has this process."""

    def __init__(self) -> None:
        self.manager = AsyncMappingKernelManager()

    async def attach(self, run: Run) -> str:
        return await adoption.attach(self.manager, run.id)

    async def run(self, kernel_id: str, code: str) -> str:
        return await said_by(self.manager.get_kernel(kernel_id), code)


async def said_by(manager: AsyncKernelManager, code: str) -> str:
    """What a cell prints, or the name of its error."""
    said: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        content = message["content"]
        said.append(content.get("text") or content.get("ename") or "")

    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=TIMEOUT)
        await client.execute_interactive(code, timeout=TIMEOUT, output_hook=hear)
    finally:
        client.stop_channels()
    return "".join(said)


def driven(work: Callable[[Another], Awaitable[None]]) -> None:
    """Do `work` with another server, which then ends politely."""

    async def drive() -> None:
        another = Another()
        try:
            await work(another)
        finally:
            await another.manager.shutdown_all()

    asyncio.run(drive())


# Keep a value; be busy for ever; tell the value; what is told where it is gone. R reads its control
# channel only between two cells, and is interrupted by a signal.
CELLS = {
    "module": (
        "x = 42\nprint('up')", "print('looping', flush=True)\nwhile True: pass",
        "print(x)", "NameError",
    ),
    "r": (
        "x <- 42; cat('up\\n')", "cat('looping\\n'); flush.console(); repeat {}",
        "cat(paste0(x, '\\n'))", "ERROR",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CELLS)
def test_a_running_kernel_goes_to_another_server(
    kind: str, server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    keep, loop, tell, gone = CELLS[kind]
    name = kernels.put(kind, partition="gpu", gres="gpu:1")
    kernel_id = server.start(name)
    page = server.page(kernel_id)
    assert page.run(keep) == "up\n"
    run = the_run()

    async def while_it_lives(another: Another) -> None:
        assert await offered() == []
        with pytest.raises(NotPermitted, match=f"process {server.process.pid} on"):
            await another.attach(run)
        with pytest.raises(NotFound):
            await adoption.attach(another.manager, "0" * 12)
        assert another.manager.list_kernel_ids() == []

    driven(while_it_lives)
    page.execute(loop)
    page.until("the loop", lambda m: "looping" in m["content"].get("text", ""))
    server.stop(signal.SIGKILL)

    async def afterwards(another: Another) -> None:
        assert await offered() == [run.id]
        both = await asyncio.gather(
            another.attach(run), another.attach(run), return_exceptions=True
        )
        assert both[0] == kernel_id and isinstance(both[1], NotPermitted)
        assert await offered() == []
        with pytest.raises(NotPermitted, match="This server has"):
            await another.attach(run)
        # The cell that its server was killed in still runs; nothing is lost by its end.
        await another.manager.interrupt_kernel(kernel_id)
        assert await another.run(kernel_id, tell) == "42\n"
        before = list(jobs(cluster))
        await another.manager.restart_kernel(kernel_id)
        assert await another.run(kernel_id, tell) == gone
        assert list(jobs(cluster)) == before
        await another.manager.shutdown_kernel(kernel_id)
        assert jobs(cluster) == {}

    driven(afterwards)
    assert server.calls("sbatch") == 1


def test_a_queued_job_is_taken_over_or_cancelled_by_the_next_server(
    server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    with cluster.filled() as filler:
        kernel_id = server.start(kernels.put("module", "one", partition="full"))
        server.start(kernels.put("module", "two", partition="full"))
        server.start(kernels.put("module", "three", partition="full"))
        one, two, three = desk().runs.listing().runs
        wait_for("all to be submitted", lambda: len(jobs(cluster)) == 3)
        server.stop(signal.SIGKILL)
        one, two = desk().runs.load(one.id), desk().runs.load(two.id)
        # As if the server had died before it could write the id down.
        desk().runs.update(one.id, job_id="")

        async def next_one(another: Another) -> None:
            assert await adoption.settle_queued(another.manager, "offer") == []
            # As if its user had ended it, and the server had died before Slurm knew.
            desk().runs.update(three.id, phase="ending")
            assert await adoption.settle_queued(another.manager, "offer") == [three.id]
            assert await another.attach(one) == kernel_id
            # As one of a program that is no server, and will never ask for it again.
            desk().runs.update(two.id, with_client=True)
            assert await adoption.settle_queued(another.manager, "attach") == [two.id]
            assert jobs(cluster) == {one.job_id: "PENDING"}
            assert another.manager.list_kernel_ids() == [kernel_id]
            cluster.cancel(filler)
            assert await another.run(kernel_id, "import os; print(os.environ['SLURM_JOB_ID'])") == (
                f"{one.job_id}\n"
            )

        driven(next_one)
    assert jobs(cluster) == {}


def test_a_kept_kernel_outlives_its_servers(kernels: Kernels, cluster: Cluster) -> None:
    name = kernels.put("module", config={"lease": 30})
    ids: list[str] = []

    async def first(another: Another) -> None:
        kernel_id = await another.manager.start_kernel(
            kernel_name=name, kernelkit_options={"keep": True, "resources": {"time": "20"}}
        )
        ids.append(kernel_id)
        await another.run(kernel_id, "x = 42")
        await another.manager.start_kernel(kernel_name=name)
        assert len(jobs(cluster)) == 2
        await adoption.leave_kept()

    driven(first)
    run = the_run()
    assert list(jobs(cluster)) == [run.job_id]
    assert cluster.show(run.job_id)["TimeLimit"] == "00:20:00"
    # As its server's process has gone, which this one is.
    gone = msgspec.structs.replace(run.server, started=1)
    run = desk().runs.update(run.id, server=gone)

    async def second() -> None:
        manager = AsyncKernelManager(kernel_name=name)
        await manager.start_kernel(kernel_id=ids[0], kernelkit_attach=run.id)
        try:
            assert await said_by(manager, "print(x)") == "42\n"
            cluster.cancel(run.job_id)
            end = time.monotonic() + TIMEOUT
            while await manager.is_alive():
                assert time.monotonic() < end, "nobody noticed the end of the job"
                await asyncio.sleep(0.05)
            # Asked for again it is what it was, in a new job.
            await manager.restart_kernel()
            assert await said_by(manager, "print(x)") == "NameError"
            (job,) = jobs(cluster)
            assert (job != run.job_id, cluster.show(job)["TimeLimit"]) == (True, "00:20:00")
        finally:
            await manager.shutdown_kernel()

    asyncio.run(second())
    assert jobs(cluster) == {}


def test_a_terminal_takes_a_kernel_and_leaves_it(
    server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    kernel_id = server.start(kernels.put("module"))
    assert server.page(kernel_id).run("x = 42\nprint('up')") == "up\n"
    run = the_run()
    refused = kernelkit_process("attach", "--here", run.id)
    assert (refused.code, f"process {server.process.pid} on" in refused.err) == (5, True)
    server.stop(signal.SIGKILL)

    listed = kernelkit("jobs", "--orphans", "--json").json
    assert [each["run"] for each in listed["runs"]] == [run.id]
    terminal = subprocess.Popen(
        [*PROGRAM, "attach", kernel_id],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert terminal.stdout
    file = terminal.stdout.readline().strip()
    client = BlockingKernelClient(connection_file=file)
    client.load_connection_file()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=TIMEOUT)
        assert run_cell(client, "print(x)") == "42\n"
        assert kernelkit("jobs", "--orphans", "--json").json["runs"] == []
    finally:
        client.stop_channels()
        terminal.send_signal(signal.SIGINT)
        _, said = terminal.communicate(timeout=30)
    assert (terminal.returncode, f"kernelkit attach {run.id}" in said) == (0, True), said
    assert jobs(cluster) == {run.job_id: "RUNNING"}
    ended = kernelkit("cancel", "--orphans", "--json").json["cancelled"]
    assert [each["run"] for each in ended] == [run.id]
    assert jobs(cluster) == {}


def test_a_server_that_stops_leaves_what_is_kept_and_the_next_one_takes_what_waits(
    server: Server, kernels: Kernels, cluster: Cluster, tmp_path: Path
) -> None:
    kept = server.start(kernels.put("module", "kept", config={"keep": True, "lease": 30}))
    assert server.page(kept).run("x = 42\nprint('up')") == "up\n"
    with cluster.filled() as filler:
        waits = kernels.put("module", "waits", partition="full")
        server.start(waits)
        wait_for("both to be submitted", lambda: len(jobs(cluster)) == 2)
        server.stop(signal.SIGTERM)
        assert list(jobs(cluster).values()) == ["RUNNING"]

        second = Server(kernels.home, cluster, tmp_path / "second")
        queued = second.start(waits)
        wait_for("it to be submitted", lambda: len(jobs(cluster)) == 2)
        second.stop(signal.SIGKILL)
        third = Server(kernels.home, cluster, tmp_path / "third")
        try:
            wait_for("it to be taken over", lambda: third.state(queued) != "")
            assert third.state(kept) == "", "a kernel that runs is offered, not taken"
            cluster.cancel(filler)
            assert third.page(queued).run("print('here')") == "here\n"
            assert third.calls("sbatch") == 0
        finally:
            third.stop()
    run = the_run()
    assert (run.kernel_id, list(jobs(cluster))) == (kept, [run.job_id])

    async def another(another: Another) -> None:
        assert await another.attach(run) == kept
        assert await another.run(kept, "print(x)") == "42\n"

    driven(another)
    assert jobs(cluster) == {}


def test_the_command_line_gives_a_kernel_to_the_running_server(
    server: Server, kernels: Kernels, cluster: Cluster, tmp_path: Path
) -> None:
    kernel_id = server.start(kernels.put("module"))
    assert server.page(kernel_id).run("x = 42\nprint('up')") == "up\n"
    run = the_run()
    server.stop(signal.SIGKILL)
    other = Server(kernels.home, cluster, tmp_path / "other")
    try:
        nowhere = kernelkit("attach", run.id, "--server", "http://127.0.0.1:1/", "--json")
        assert (nowhere.code, nowhere.json["error"]["code"]) == (4, "not_found")
        attached = kernelkit("attach", run.job_id, "--json")
        assert attached.json["kernel_id"] == kernel_id, attached
        assert attached.json["server"].endswith(f":{other.port}/")
        page = other.page(kernel_id)
        assert page.run("print(x)") == "42\n"
        again = kernelkit("attach", run.id, "--json")
        assert (again.code, again.json["error"]["code"]) == (5, "not_permitted")
        other.act(kernel_id, "restart")
        assert other.page(kernel_id).run("print('x' in globals())") == "False\n"
        assert other.calls("sbatch") == 0
        other.delete(kernel_id)
        assert jobs(cluster) == {}
    finally:
        other.stop()
