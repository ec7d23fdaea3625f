"""What is told of jobs where Slurm does not answer, or has never been."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from described import conforms
from real import SYSTEM_PATH
from rest import Rest, recipe
from supervised import make_run, write_kernel
from waiting import wait_until

from kernelkit.files import replace_file
from kernelkit.running.runs import Runs


@pytest.fixture
def lost(need: Callable[..., None], tmp_path: Path) -> Iterator[Rest]:
    """A server whose Slurm has no configuration that it can go by; a missing one it waits for."""
    need("slurm")
    conf = tmp_path / "slurm.conf"
    conf.write_text("Nonsense=1\n")
    running = Rest(tmp_path / "server", SLURM_CONF=str(conf))
    yield running
    running.stop()


def test_a_slurm_that_does_not_answer_is_told_as_such(lost: Rest) -> None:
    first = lost.ask("jobs")
    assert first["runs"] == [] and first["problems"] and first["unknown_since"]
    assert lost.ask("jobs")["unknown_since"] == first["unknown_since"]
    inventory = lost.ask("inventory")
    assert inventory["partitions"] == [] and inventory["problems"]
    recipe = {"name": "asked", "python": {"interpreter": "/usr/bin/python3"}}
    body = {"recipe": recipe, "options": {"on_slurm": True}, "slurm": True}
    status, found = lost.do("POST", "validate", body)
    assert status == 200 and found["estimate"] is None
    assert "Nonsense" in found["words"] + str(found["problems"])


def test_without_slurm_there_is_nothing_to_complain_about(tmp_path: Path) -> None:
    running = Rest(tmp_path, PATH="/var/empty")
    try:
        found = running.ask("jobs")
        assert found["runs"] == [] and found["problems"] == [] and found["unknown_since"] is None
        assert running.ask("status")["slurm"] is False
        status, answer = running.do("GET", "jobs/000000000000/log")
        assert (status, answer["error"]["code"]) == (404, "not_found")
    finally:
        running.stop()


# Job 7 waits; the fields are those of kernelkit.slurm.argv.
COUNTED = {
    "squeue": r"printf '\0367\037PENDING\037Priority\037\037\037\037\037\037\037\037\037x\037\n'",
    "sbatch": "echo 7", "scancel": "true", "sacct": "true",
}  # fmt: skip


class Waiting:
    """A server in front of COUNTED, with a kernel whose job waits and was asked for once. `config` is
    what the kernel says of its jobs, besides."""

    def __init__(
        self, directory: Path, venv: Path, queue_interval: float = 0.0, **config: Any
    ) -> None:
        self.programs, self._calls = directory / "bin", directory / "calls"
        self.programs.mkdir()
        for name, body in COUNTED.items():
            self.put(name, body)
        path = f"{self.programs}:{SYSTEM_PATH}"
        settings = {"queue_interval": queue_interval}
        self.server = Rest(directory / "server", settings=settings, PATH=path)
        try:
            self._launch(venv, config)
        except BaseException:
            self.server.stop()
            raise

    def put(self, name: str, body: str) -> None:
        """A program answers so from now on."""
        new = self.programs / f".{name}"
        new.write_text(f"#!/bin/bash\necho {name} >>{self._calls}\n{body}\n")
        new.chmod(0o755)
        new.rename(self.programs / name)

    def _launch(self, venv: Path, config: dict[str, Any]) -> None:
        options = {"no_test": True, "on_slurm": True}
        wanted = {"recipe": recipe(venv, "waits"), "options": options}
        task = self.server.finish(self.server.do("POST", "kernels", wanted))
        assert task["state"] == "done", task
        file = self.server.data / "kernels/waits/kernel.json"
        spec = json.loads(file.read_text())
        spec["metadata"]["kernel_provisioner"]["config"].update(config)
        file.write_text(json.dumps(spec))
        # A start that waits for its job is answered when that runs, or never.
        self.launching = threading.Thread(target=self._begin, daemon=True)
        self.launching.start()
        if config.get("wait") != "always":
            self.launching.join()
        # The one who looks after the kernel's job asks first.
        wait_until(lambda: self.asked() >= 1)

    def _begin(self) -> None:
        with contextlib.suppress(OSError):
            self.server.do("POST", "kernels/waits/launch", {})

    def asked(self, name: str = "squeue") -> int:
        """How often a program was run."""
        return self._calls.read_text().split().count(name) if self._calls.exists() else 0


@pytest.mark.parametrize("keep", [True, False])
def test_a_server_stops_while_a_kernel_waits_for_its_job_to_start(
    keep: bool, tmp_path: Path, venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = Waiting(tmp_path, venv, wait="always", keep=keep)
    runs = Runs(waiting.server.home / ".local/share/kernelkit/runs")
    waiting.server.stop()
    assert waiting.server.process.returncode == 0, waiting.server.log.read_text()
    (run,) = runs.listing().runs
    expected = ("queued", 0) if keep else ("ended", 1)
    assert (run.phase, waiting.asked("scancel")) == expected


def test_slurm_is_asked_once_an_interval_whoever_looks(tmp_path: Path, venv: Path) -> None:
    waiting = Waiting(tmp_path, venv, queue_interval=600.0)
    running, asked = waiting.server, waiting.asked
    try:
        for _ in range(3):
            (run,) = running.ask("jobs")["runs"]
            assert (run["job"], run["state"], run["unknown_since"]) == ("7", "queued", None)
        assert asked() == 1
        # Who changed something is told what is true now.
        assert running.do("POST", f"jobs/{run['run']}/cancel")[0] == 202
        running.ask("jobs")
        running.ask("jobs")
        assert 2 <= asked() <= 3
    finally:
        running.stop()


def test_what_slurm_is_asked_for_an_answer_is_told_in_it(tmp_path: Path, venv: Path) -> None:
    waiting = Waiting(tmp_path, venv, queue_interval=0.0)
    try:
        waiting.put("squeue", COUNTED["squeue"].replace("Priority", "Licenses"))
        # Right after a query there is none for a while.
        while True:
            asked = waiting.asked()
            (run,) = waiting.server.ask("jobs")["runs"]
            if waiting.asked() > asked:
                break
        assert run["mine"] and "licence" in run["reason"]
    finally:
        waiting.server.stop()


# Job 7 runs on node1; the fields are those of kernelkit.slurm.argv.
SQUEUE = """#!/bin/bash
printf '\0367\\037RUNNING\\037\\037gpu\\037node1\\037\\037\\037\\037\\037gres:gpu:2\\037\\037x\\037\\n'
"""
STATUS = (
    b"phase=running\njob=7\nnode=node1\nip=10.0.0.1\nstart=1\npid=9\nexit=\nreason=\nserial=0\n"
)
GPU_USE = b"""every=30
count=2
order=FASTEST_FIRST
visible=0,1
0, GPU-aa, Disabled, 90, 70000, 81920, NVIDIA A100-SXM4-80GB
1, GPU-bb, Disabled, [N/A], 20, 81920, NVIDIA A100-SXM4-80GB
"""


def test_what_the_gpus_of_each_run_do_is_told(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "squeue").write_text(SQUEUE)
    (programs / "squeue").chmod(0o755)
    running = Rest(tmp_path / "server", PATH=f"{programs}:{SYSTEM_PATH}")
    try:
        runs = Runs(running.home / ".local/share/kernelkit/runs")
        kernel = write_kernel(tmp_path / "kernel")
        whole = make_run(runs, kernel)
        part = make_run(runs, kernel, gpus="1")
        for run in (whole, part):
            assert runs.allocations.join(run, whole.job_name)
            runs.update(run.id, job_id="7", job_name=whole.job_name, phase="running")
            replace_file(runs.directory(run.id) / "status", STATUS, 0o600)

        def told() -> dict[str, Any]:
            answer = running.ask("jobs")
            conforms(answer, "GET", "jobs")
            assert {run["state"] for run in answer["runs"]} == {"running"}
            return {run["run"]: run["gpu_use"] for run in answer["runs"]}

        assert told() == {whole.id: None, part.id: None}
        file = runs.allocations.directory(whole.job_name) / "gpu-use"
        replace_file(file, GPU_USE, 0o600)
        found = told()
        (second,) = found[part.id]["gpus"]
        assert second == {
            "number": 0, "name": "NVIDIA A100-SXM4-80GB", "busy": None, "memory_used": 20,
            "memory_total": 81920,
        }  # fmt: skip
        assert [gpu["busy"] for gpu in found[whole.id]["gpus"]] == [90, None]
        assert abs(running.ask("jobs")["taken"] - found[whole.id]["measured"]) < 30
        file.chmod(0o640)
        assert told() == {whole.id: None, part.id: None}
    finally:
        running.stop()
