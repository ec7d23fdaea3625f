"""Half an hour in the queue, in half a minute: no timer of anybody's gives up on the kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from job_kernels import Kernels
from serving import Server
from slurm import Cluster, wait_for
from test_clients import printed, write_notebook

HURRIED = Path(__file__).parent / "hurried"
HALF_AN_HOUR = 1800 / 60  # seconds, as sitecustomize.py there has it


@contextmanager
def papermill(source: Path, target: Path, kernel: str) -> Iterator[subprocess.Popen[bytes]]:
    """papermill at work on a notebook."""
    words = ("papermill", source, target, "--kernel", kernel, "-l", "python", "--log-output")
    process = subprocess.Popen(
        [sys.executable, "-m", *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(HURRIED)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_half_an_hour_in_the_queue(kernels: Kernels, cluster: Cluster, tmp_path: Path) -> None:
    """On a server without any configuration, and for papermill, which counts time as well."""
    name = kernels.put("module", partition="full")
    source = write_notebook(tmp_path / "in.ipynb", "print('in papermill')")
    target = tmp_path / "out.ipynb"
    server = Server(kernels.home, cluster, tmp_path / "server", PYTHONPATH=str(HURRIED))

    def waiting() -> list[str]:
        return [row[0] for row in cluster.queue() if row[2] == "PENDING"]

    try:
        with cluster.filled() as filler:
            kernel_id = server.start(name)
            page = server.page(kernel_id)
            held = page.execute("print('in a notebook')")
            page.until("the text", lambda m: "pending" in str(m["content"]))
            with papermill(source, target, name) as batch:
                wait_for("both jobs", lambda: len(waiting()) == 2)
                before, asked = waiting(), server.calls("squeue")
                for process in (server.process, batch):
                    process.send_signal(signal.SIGUSR2)
                page.listen(HALF_AN_HOUR)
                for process in (server.process, batch):
                    process.send_signal(signal.SIGUSR2)
                assert batch.poll() is None
                assert waiting() == before
                assert server.state(kernel_id) == "busy"
                # It did live that long: it asks for a queued job every 30 s.
                assert server.calls("squeue") - asked >= 30

                cluster.cancel(filler)
                assert page.reply(held)["status"] == "ok"
                assert page.text(held) == "in a notebook\n"
                server.delete(kernel_id)
                assert batch.wait(60) == 0
        assert "in papermill\n" in printed(target)
        assert server.calls("sbatch") == 1
    finally:
        server.stop()
