"""The time limit of a kernel's job, every other way that it may end, and the same with more time."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import kernelkit
from driving import TIMEOUT
from job_kernels import Kernels
from jupyter_client import AsyncMultiKernelManager
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from serving import Server
from slurm import Cluster, wait_for

from kernelkit.errors import NotPermitted
from kernelkit.running.desk import desk
from kernelkit.running.more_time import more_time
from kernelkit.running.news import RunNews

LOOP = "import time; print('go', flush=True); time.sleep(600)"


class Kernel:
    """A kernel in the middle of a cell, what its page was sent, and the news of its run."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient, code: str) -> None:
        self.client = client
        self.news: list[RunNews] = []
        self.run_id = manager.provisioner.run_id  # type: ignore[union-attr]
        (self.job,) = {news.job for news in desk().snapshot() if news.run == self.run_id}
        self._messages: list[dict[str, Any]] = []
        desk().listen(lambda news: self.news.append(news) if news.run == self.run_id else None)
        self.cell = client.execute(code)
        self.until("the cell to run", lambda: "go\n" in self.text)

    def until(self, what: str, condition: Callable[[], object], timeout: float = 60) -> None:
        """Wait, and have Slurm asked meanwhile: in a minute it would be anyway."""

        def holds() -> object:
            while self.client.iopub_channel.msg_ready():
                self._messages.append(self.client.get_iopub_msg(timeout=1))
            if condition():
                return True
            desk().watcher.nudge()
            return False

        wait_for(what, holds, timeout)

    @property
    def text(self) -> str:
        """What the cell shows, errors as their text."""
        found = ""
        for message in self._messages:
            if message["parent_header"].get("msg_id") == self.cell:
                content = message["content"]
                found += content.get("text") or content.get("evalue") or ""
        return found

    @property
    def last(self) -> RunNews | None:
        return self.news[-1] if self.news else None

    def warned(self, minutes: str) -> bool:
        return self.last is not None and self.last.warning == minutes

    def ended(self) -> bool:
        end = self.last.end if self.last else None
        return end is not None and end.words in self.text


@contextmanager
def at_work(name: str, code: str = LOOP) -> Iterator[Kernel]:
    manager = KernelManager(kernel_name=name)
    manager.start_kernel()
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=TIMEOUT)
        yield Kernel(manager, client, code)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_every_end_is_warned_of_or_named(kernels: Kernels, fragile_cluster: Cluster) -> None:
    cluster = fragile_cluster
    kernels.configure(warn_in_output=True, queue_interval=0.1)

    def kernel(name: str, partition: str, node: str) -> Kernel:
        kernels.put("module", name, partition=partition, extra=[f"--nodelist={node}"])
        return stack.enter_context(at_work(name))

    with ExitStack() as stack:
        late = kernel("late", "cpu", "node3")
        cancelled = kernel("cancelled", "cpu", "node3")
        preempted = kernel("preempted", "scavenger", "node2")
        crashed = kernel("crashed", "gpu", "node1")

        cluster.do("time-left", late.job, "590")
        late.until("the first warning", lambda: late.warned("10"))
        cluster.do("time-left", late.job, "3000")
        late.until("the extension", lambda: late.warned(""))
        cluster.do("time-left", late.job, "170")
        late.until("the second warning", lambda: late.warned("3"))
        cluster.do("time-left", late.job, "50")
        late.until("the last warning", lambda: late.warned("1"))
        late.until("its text", lambda: "in a minute" in late.text)
        assert [late.text.count(f"in {n}") for n in ("10 minutes", "3 minutes", "a minute")] == [
            1, 1, 1,
        ]  # fmt: skip

        # Slurm looks at time limits twice a minute; the others end meanwhile.
        cluster.do("time-left", late.job, "1")
        cluster.do("cancel", cancelled.job)
        cluster.submit("--nodelist=node2", "--exclusive", script="true")
        cluster.do("node-down", "node1")
        expected = {
            "TIMEOUT": (late, "the time limit was reached", "more time"),
            "CANCELLED": (cancelled, "the job was cancelled", "a new job"),
            "PREEMPTED": (preempted, "a job of higher priority took its place", "may not be"),
            "NODE_FAIL": (crashed, "its node failed", "another node"),
        }
        for code, (each, words, advice) in expected.items():
            each.until(code, each.ended, 90)
            assert each.last and each.last.end and each.last.end.code == code, each.last
            assert each.last.end.words == f"{words} ({code})"
            assert advice in each.last.end.advice
            assert each.last.end.words in each.text and advice in each.text
            assert each.last.warning == ""
            reply = each.client.get_shell_msg(timeout=TIMEOUT)["content"]
            while reply.get("ename") != "KernelEnded":
                reply = each.client.get_shell_msg(timeout=TIMEOUT)["content"]

        listed = {row["run"]: row for row in kernelkit("jobs", "--all", "--json").json["runs"]}
        for code, (each, words, advice) in expected.items():
            assert listed[each.run_id]["end"]["code"] == code
            assert words in listed[each.run_id]["reason"]
            logged = kernelkit("logs", each.run_id)
            assert f"{words} ({code})" in logged.err and advice in logged.err


def test_a_job_that_used_up_its_memory(kernels: Kernels, fragile_cluster: Cluster) -> None:
    fragile_cluster.do("variant-on", "memory")
    kernels.configure(queue_interval=0.1)
    name = kernels.put("module", mem="400M")
    with at_work(name, f"memory = b'x' * (600 << 20); {LOOP}") as kernel:
        kernel.until("the end", kernel.ended)
        assert kernel.last and kernel.last.end
        # Without cgroups Slurm calls it a failure; the log knows better.
        assert kernel.last.end.code == "OUT_OF_MEMORY", kernel.last
        assert "more memory than it asked for" in kernel.text and "(`--mem`" in kernel.text


# Slurm without cgroups never uses its own word for it: what it says of a job that it has ended is
# put into that word, in the queue or, where the queue has forgotten the job, in accounting.
REWORDED = r"sed -E 's/(CANCELLED|COMPLETING|COMPLETED|FAILED)/OUT_OF_MEMORY/g'"
TOLD = {
    "the queue": (f'/usr/bin/squeue "$@" | {REWORDED}', "exit 1"),
    "accounting": (
        ":",
        r"printf '%s\037OUT_OF_MEMORY\0370:125\0371\0372\037node1\037None\037kernel\n' $(cat {job})",
    ),
}


@pytest.mark.parametrize("told_by", TOLD)
def test_a_job_that_slurm_says_was_out_of_memory(
    told_by: str,
    kernels: Kernels,
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = tmp_path / "job"
    for name, body in zip(("squeue", "sacct"), TOLD[told_by], strict=True):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        real = f'[ -e {job} ] || exec /usr/bin/{name} "$@"'
        program.write_text(f"#!/bin/bash\n{real}\n{body.replace('{job}', str(job))}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    kernels.configure(queue_interval=0.1)
    with at_work(kernels.put("module")) as kernel:
        job.write_text(kernel.job)
        cluster.do("cancel", kernel.job)
        kernel.until("the end", kernel.ended)
        assert kernel.last and kernel.last.end
        assert (kernel.last.state, kernel.last.end.code) == ("ended", "OUT_OF_MEMORY")
        assert "(OUT_OF_MEMORY)" in kernel.text and "(`--mem`" in kernel.text


def test_a_kernel_that_is_killed_in_a_job_that_lives(kernels: Kernels, cluster: Cluster) -> None:
    # As Linux does it to the process that uses up the memory of its job.
    with at_work(kernels.put("module")) as kernel:
        assert kernel.last is None
        (run,) = kernels.runs
        pid = next(
            line[4:] for line in (run / "status").read_text().splitlines() if line[:4] == "pid="
        )
        os.killpg(int(pid), signal.SIGKILL)  # the nodes are this host
        kernel.until("the end of the cell", lambda: "exit code 137" in kernel.text)
        assert kernel.last and kernel.last.state == "exited"
        assert "memory was used up" in kernel.text and "more memory" in kernel.text
        assert "\nkernelkit: the kernel ended with exit code 137." in kernel.text, "its log's end"
        assert cluster.state(kernel.job) == "RUNNING"


def test_what_cannot_be_read_now_ends_nothing_and_what_others_could_write_does(
    kernels: Kernels, cluster: Cluster
) -> None:
    with at_work(kernels.put("module")) as kernel:
        (run,) = kernels.runs
        status = run / "status"
        status.chmod(0)  # as where a ticket for the disk has expired
        kernel.until(
            "the trouble", lambda: kernel.last and "Permission denied" in kernel.last.trouble
        )
        assert kernel.last and kernel.last.state == "running"
        status.chmod(0o600)
        kernel.until("its end", lambda: kernel.last and not kernel.last.trouble)
        assert "Permission" not in kernel.text
        status.chmod(0o602)
        kernel.until(
            "the end of the run", lambda: "can be read or written by others" in kernel.text
        )
        assert kernel.last and kernel.last.state == "ended"
        wait_for("its job to end", lambda: cluster.state(kernel.job) != "RUNNING")


def test_the_same_kernel_with_more_time(kernels: Kernels, cluster: Cluster) -> None:
    kernels.configure(queue_interval=0.1)
    name = kernels.put("module", partition="short", time="4")

    async def main() -> None:
        server = AsyncMultiKernelManager()
        kernel_id = await server.start_kernel(kernel_name=name)
        client = server.get_kernel(kernel_id).client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=TIMEOUT)

            async def run(code: str) -> str:
                said: list[str] = []
                done = await client.execute_interactive(
                    code, timeout=TIMEOUT, output_hook=lambda m: said.append(str(m["content"]))
                )
                assert done["content"]["status"] == "ok", said
                return "".join(said)

            await run("x = 1")
            (first,) = desk().snapshot()
            assert await more_time(server, first.run) == kernel_id
            # The same connection, another process, in another job with twice the time.
            assert "False" in await run("print('x' in dir())")
            before, second = desk().snapshot()
            assert (before.run, before.state) == (first.run, "ended")
            assert (second.kernel_id, second.state) == (kernel_id, "running")
            assert cluster.show(second.job)["TimeLimit"] == "00:08:00"
            with pytest.raises(NotPermitted, match="gone on in another job"):
                await more_time(server, first.run)

            # Again: as much as the partition allows, and then no more. Nothing has ended by that.
            await more_time(server, second.run)
            await run("y = 1")
            third = desk().snapshot()[-1]
            assert cluster.show(third.job)["TimeLimit"] == "00:10:00"
            for time, says in (("", "the longest time already"), ("20:00", "longer than")):
                with pytest.raises(NotPermitted, match=says):
                    await more_time(server, third.run, time)
            assert "1" in await run("print(y)")

            # Its job ends, and the server forgets it: it is started again under its id.
            await server.shutdown_kernel(kernel_id, now=True)
            assert await more_time(server, third.run, "5") == kernel_id
            fourth = desk().snapshot()[-1]
            wait_for("its job", lambda: [row[0] for row in cluster.queue()] == [fourth.job])
            assert cluster.show(fourth.job)["TimeLimit"] == "00:05:00"
        finally:
            client.stop_channels()
            await server.shutdown_all(now=True)

    asyncio.run(main())


def test_extend_asks_the_server_and_pages_stay_connected(
    kernels: Kernels, cluster: Cluster, tmp_path: Path
) -> None:
    server = Server(kernels.home, cluster, tmp_path / "server")
    try:
        kernel_id = server.start(kernels.put("module", partition="short", time="5"))
        page = server.page(kernel_id)
        assert page.run("x = 1; print('up')") == "up\n"
        refused = kernelkit("extend", "--time", "1:00:00", kernel_id)
        assert refused.code == 5 and "allows 0:10:00" in refused.err
        assert page.run("print(x)") == "1\n"

        extended = kernelkit("extend", "--json", kernel_id).json
        assert extended["kernel_id"] == kernel_id
        assert page.run("print('x' in dir())") == "False\n"
        (row,) = (row for row in cluster.queue() if row[2] != "COMPLETING")
        assert cluster.show(row[0])["TimeLimit"] == "00:10:00"
        assert server.calls("sbatch") == 3, "two jobs, and whether the second could be"
    finally:
        server.stop()
    lost = kernelkit("extend", kernel_id)
    assert lost.code == 4 and f"Process {server.process.pid} on" in lost.err
