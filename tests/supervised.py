"""supervisor.sh without Slurm: the same script, a job's variables, signals by kill."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from slurm import Cluster
from waiting import wait_until

from kernelkit.model import Resources
from kernelkit.running import making
from kernelkit.running.records import Run, Status
from kernelkit.running.runs import Runs
from kernelkit.running.servers import this_server
from kernelkit.slurm.job_script import JobSettings, render_job_script

KEY = "a-key-that-nobody-else-may-see"


def write_kernel(directory: Path, body: str = "") -> Path:
    """A kernel directory whose launch.sh is `body`, or starts the ipykernel of the tests."""
    directory.mkdir(parents=True, exist_ok=True)
    start = f'exec {sys.executable} -m ipykernel_launcher "$@"'
    (directory / "launch.sh").write_text("#!/bin/bash -p\n" + (textwrap.dedent(body) or start))
    return directory


def make_run(runs: Runs, kernel: Path, **changes: Any) -> Run:
    """A run as the provisioner makes it."""
    wanted: dict[str, Any] = {
        "kernel_name": "demo",
        "kernel_id": "11111111-2222-3333-4444-555555555555",
        "connection": {
            "key": KEY, "signature_scheme": "hmac-sha256", "kernel_name": "demo"
        },
        "server": this_server(),
        "resources": Resources(),
        "cwd": str(kernel),
    }  # fmt: skip
    return making.make_run(runs, kernel_dir=kernel, **{**wanted, **changes})


def make_queued_runs(runs: Runs, kernel: Path, cluster: Cluster, count: int) -> None:
    """Runs whose jobs are in the queue and will not start; the caller cancels them."""
    for _ in range(count):
        run = make_run(runs, kernel)
        job = cluster.submit("--hold", "--time=1", f"--job-name={run.job_name}")
        runs.update(run.id, submits=1, job_id=job, phase="queued")


class Supervised:
    """One job: bash with supervisor.sh, and what it says of its runs. With `sys` in the place of
    /sys, behind the words `inside`."""

    def __init__(
        self,
        runs: Runs,
        job_name: str,
        settings: dict[str, Any],
        env: dict[str, str],
        sys: Path = Path("/sys"),
        inside: Sequence[str] = (),
    ):
        self.runs = runs
        self._ready = False
        wanted: dict[str, Any] = {"grace": 1, "network": "127.0.0.0/8", **settings}
        script = render_job_script(JobSettings(str(runs.root), job_name, **wanted))
        script = script.replace("/sys/class/", f"{sys}/class/")
        base = {
            "PATH": "/usr/bin:/bin", "HOME": os.environ["HOME"], "SLURM_JOB_ID": "77",
            "SLURMD_NODENAME": socket.gethostname(),
        }  # fmt: skip
        self.process = subprocess.Popen(
            [*inside, "/bin/bash", "-p", "/dev/stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**base, **env},
            start_new_session=True,
        )
        assert self.process.stdin
        self.process.stdin.write(script.encode())
        self.process.stdin.close()

    def wake(self) -> None:
        """What `scancel --batch --signal=USR1` does."""
        self.process.send_signal(signal.SIGUSR1)

    def status(self, run: Run, condition: Callable[[Status], Any] = lambda status: True) -> Status:
        """The first status that meets `condition`."""

        def look() -> Status | None:
            status = self.runs.read_status(run.id)
            return status if status and condition(status) else None

        return wait_until(look, what=lambda: self._state(run))

    def status_soon(self, run: Run, condition: Callable[[Status], Any]) -> Status:
        """Like `status`, where only a tick would tell: wakes the supervisor instead."""

        def look() -> Status | None:
            self.wake_if_alive()
            status = self.runs.read_status(run.id)
            return status if status and condition(status) else None

        return wait_until(look, what=lambda: self._state(run))

    def wake_if_alive(self) -> None:
        # Before its first word it has no trap yet, and a signal ends it.
        self._ready = self._ready or any(
            path.stat().st_size for path in self.runs.root.glob("*/status")
        )
        if self._ready and self.process.poll() is None:
            self.wake()

    def connection(self, run: Run, start: int) -> dict[str, Any]:
        found = wait_until(
            lambda: self.runs.read_connection(run.id, start), what=lambda: self._state(run)
        )
        return dict(found)

    def _state(self, run: Run) -> str:
        return f"{self.runs.read_status(run.id)}\n{self.runs.read_log(run.id)}"

    def wait(self) -> int:
        """Until the job has ended; its exit code."""
        return self.process.wait(30)

    def children(self) -> list[int]:
        """What the supervisor itself has started and not waited for yet."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if int(path.read_text().rpartition(")")[2].split()[1]) == self.process.pid:
                    found.append(int(path.parent.name))
        return found

    def end(self) -> str:
        """End whatever is left; what the supervisor printed."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        assert self.process.stdout
        with self.process.stdout as output:
            return output.read().decode()


@contextmanager
def connected(connection: dict[str, Any]) -> Iterator[BlockingKernelClient]:
    """A client straight to the kernel's address, once it answers."""
    client = BlockingKernelClient()
    client.load_connection_info(connection)
    # A kernel that is still loading, as R is for seconds, misses heartbeats and is taken for dead.
    client.start_channels(hb=False)
    try:
        client.wait_for_ready(timeout=30)
        wait_until(lambda: _is_heard(client), what="the kernel on iopub")
        yield client
    finally:
        client.stop_channels()


def _is_heard(client: BlockingKernelClient) -> bool:
    # A subscription takes effect some time after connecting; what is published before is lost.
    client.kernel_info()
    try:
        client.get_iopub_msg(timeout=0.2)
    except Empty:
        return False
    return True


def run_cell(client: BlockingKernelClient, code: str) -> str:
    """What a cell printed, errors included."""
    printed: list[str] = []

    def on_output(message: dict[str, Any]) -> None:
        content = message["content"]
        printed.append(content.get("text") or "\n".join(content.get("traceback", [])))

    client.execute_interactive(code, timeout=60, output_hook=on_output, allow_stdin=False)
    return "".join(printed)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"
