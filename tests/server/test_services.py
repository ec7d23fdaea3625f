"""What the routes share: kept values, tasks, answers as JSON, and how little a server pays for it."""

from __future__ import annotations

import asyncio
import json
import pathlib
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from waiting import wait_until

from kernelkit import errors, proc
from kernelkit.server import leftovers, machine
from kernelkit.server.answers import Task, TaskResult
from kernelkit.server.calls import encode, status_of
from kernelkit.server.kept import Kept
from kernelkit.server.services import Services
from kernelkit.server.steps import Steps
from kernelkit.server.tasks import Tasks


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    made = Tasks()
    yield made
    made.cancel_all()


def ended(tasks: Tasks, task: Task) -> Task:
    def look() -> Task | None:
        found = tasks.get(task.id)
        return found if found.state != "running" else None

    return wait_until(look)


# --- tasks ---------------------------------------------------------------------------------------


def test_a_task_tells_every_change_once_and_in_order(tasks: Tasks) -> None:
    told: list[Task] = []
    tasks.listen(told.append)

    def work(steps: Steps) -> TaskResult:
        with steps.step("one", "Doing one"):
            steps.line("half\x1b[31m done")
            steps.note("one is done")
        with steps.step("two", "Doing two"):
            pass
        return TaskResult(name="made")

    task = tasks.start("install", "asked", "A task", work)
    ended(tasks, task)
    assert [task.serial for task in told] == list(range(1, len(told) + 1))
    last = told[-1]
    assert (last.state, last.kernel) == ("done", "made")
    assert [(s.name, s.state, s.detail) for s in last.steps] == [
        ("one", "done", "one is done"),
        ("two", "done", "Doing two"),
    ]
    assert any(
        t.steps and "\x1b" not in t.steps[0].detail and "half" in t.steps[0].detail for t in told
    )


def test_a_task_fails_in_words_and_a_bug_without_secrets(tasks: Tasks) -> None:
    def refused(steps: Steps) -> TaskResult:
        raise errors.NotFound("There is no `x`.", hint="Look again.")

    def broken(steps: Steps) -> TaskResult:
        raise ValueError("token=abc")

    found = ended(tasks, tasks.start("test", "k", "Refused", refused))
    assert found.error and found.error["code"] == "not_found" and found.error["hint"]
    found = ended(tasks, tasks.start("test", "k", "Broken", broken))
    assert found.state == "failed" and found.error and found.error["code"] == "bug"
    assert "abc" not in json.dumps(found.error)


def test_a_cancelled_task_ends_its_command_and_one_that_waits_never_begins(tasks: Tasks) -> None:
    begun: list[str] = []

    def endless(steps: Steps) -> TaskResult:
        begun.append("endless")
        with steps.step("sleep", "Sleeping"):
            proc.run(["sleep", "600"], timeout=600)
        return TaskResult(name="never")

    running = [tasks.start("install", "k", f"{n}", endless) for n in range(4)]
    wait_until(lambda: len(begun) == 4)
    waiting = tasks.start("install", "k", "waits", endless)
    tasks.cancel(waiting.id)
    for task in running:
        tasks.cancel(task.id)
        assert ended(tasks, task).state == "cancelled"
    assert ended(tasks, waiting).state == "cancelled"
    assert len(begun) == 4


def test_no_more_tasks_are_taken_or_kept_than_is_good(tasks: Tasks) -> None:
    gate = threading.Event()

    def work(steps: Steps) -> TaskResult:
        gate.wait()
        return TaskResult(name="made")

    started = []
    with pytest.raises(errors.UsageError):
        for number in range(1000):
            started.append(tasks.start("install", "k", f"{number}", work))
    gate.set()
    for task in started:
        ended(tasks, task)
    for number in range(100):
        ended(tasks, tasks.start("install", "k", f"{number}", work))
    assert len(tasks.all()) < 100
    assert tasks.all()[0].title == "99"
    with pytest.raises(errors.NotFound):
        tasks.get(started[0].id)


# --- kept values ---------------------------------------------------------------------------------


def test_a_kept_value_is_got_once_by_many_and_anew_when_asked() -> None:
    calls: list[int] = []
    gate = threading.Event()

    def load() -> int:
        calls.append(1)
        gate.wait()
        return len(calls)

    kept = Kept(load, 1000.0)
    with ThreadPoolExecutor(8) as threads:
        found = [threads.submit(kept.get) for _ in range(8)]
        gate.set()
        assert {future.result() for future in found} == {1}
    assert kept.get() == 1 and kept.get(refresh=True) == 2
    kept.forget()
    assert kept.get() == 3


def test_a_value_that_cannot_be_got_is_asked_for_again() -> None:
    answers: list[Any] = [errors.SlurmUnavailable("not now"), 7]

    def load() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    kept = Kept(load, 1000.0)
    with pytest.raises(errors.SlurmUnavailable):
        kept.get()
    assert kept.get() == 7


# --- answers -------------------------------------------------------------------------------------


class Path(msgspec.Struct):
    path: str


def test_a_path_that_is_not_utf8_can_be_told() -> None:
    assert json.loads(encode(Path("/data/\udcff"))) == {"path": "/data/\udcff"}


def _kinds(kind: type[errors.KernelkitError]) -> Iterator[type[errors.KernelkitError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)


def test_no_error_of_ours_is_told_as_a_failure_of_the_server() -> None:
    for kind in _kinds(errors.KernelkitError):
        needed: dict[str, Any] = {"matches": ()} if kind is errors.Ambiguous else {}
        status = status_of(kind("It failed.", **needed))
        assert 400 <= status < 500 or kind.transient or kind is errors.StorageFull


# --- what it costs -------------------------------------------------------------------------------


def test_a_server_imports_next_to_nothing_for_it() -> None:
    program = (
        "import sys, jupyter_server.serverapp; before = set(sys.modules);"
        "import kernelkit.server as s; s._jupyter_server_extension_points();"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    ours = [name for name in done.stdout.split() if name.startswith("kernelkit")]
    assert {"kernelkit.server.routes", "kernelkit.server.handler"} <= set(ours)
    assert all(name.startswith("kernelkit.server") for name in ours if name != "kernelkit"), ours
    others = {name.split(".")[0] for name in done.stdout.split()} - {"kernelkit", "jupyter_server"}
    assert "msgspec" not in others and len(others) < 10, others


_PREPARE = """
import asyncio, gc, sys
from types import SimpleNamespace
from jupyter_client.kernelspec import KernelSpecManager
from kernelkit.server import readiness
async def in_thread(work): return await asyncio.to_thread(work)
server = SimpleNamespace(kernel_spec_manager=KernelSpecManager(kernel_dirs=[sys.argv[1]]))
services = SimpleNamespace(server=server, in_thread=in_thread, keep_tidy=lambda: None)
asyncio.run(readiness.prepare(services))
print("kernelkit.running.provisioner" in sys.modules, gc.get_freeze_count() > 0)
"""


@pytest.mark.parametrize(
    "stanza",
    [None, "nonsense", {"provisioner_name": "other"}, {"provisioner_name": "kernelkit-slurm"}],
)
def test_a_server_gets_ready_for_kernels_in_jobs_where_there_are_some(
    stanza: Any, tmp_path: pathlib.Path
) -> None:
    spec = {"argv": ["python"], "display_name": "A", "metadata": {"kernel_provisioner": stanza}}
    kernel = tmp_path / "a" / "kernel.json"
    kernel.parent.mkdir()
    kernel.write_text(json.dumps(spec))
    done = subprocess.run(
        [sys.executable, "-c", _PREPARE, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == 2 * [str("kernelkit-slurm" in str(stanza))]


def test_looking_for_changes_imports_nothing_that_runs_kernels() -> None:
    program = (
        "import sys; import kernelkit.server.lookout, kernelkit.server.bulletin;"
        "import kernelkit.running.opening; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    found = set(done.stdout.split())
    assert "kernelkit.specs.sightings" in found
    assert not found & {"msgspec", "zmq", "kernelkit.running.desk", "kernelkit.server.answers"}


def test_what_is_kept_for_all_does_not_end_with_who_asked_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = threading.Event()

    def ask() -> str:
        left.set()
        proc.check_wanted()
        return "the inventory"

    monkeypatch.setattr(machine, "ask_inventory", ask)
    shared: Any = Services(SimpleNamespace())  # type: ignore[arg-type]
    with proc.interruptible(left.is_set):
        assert shared.inventory.get() == "the inventory"
        with pytest.raises(errors.Cancelled):
            shared.inventory.get(refresh=True)


# --- the end of a server ---------------------------------------------------------------------------

WAITS = """
import asyncio, threading
from types import SimpleNamespace
from kernelkit.running.background import Background
from kernelkit.server.services import Services

async def main():
    services, background = Services(SimpleNamespace()), Background()
    begun = threading.Event()

    async def for_ever():
        begun.set()
        await asyncio.Event().wait()

    asyncio.ensure_future(services.in_thread(lambda: background.wait_for(for_ever())))
    await asyncio.get_running_loop().run_in_executor(None, begun.wait)
    await services.close()
    print("closed", flush=True)

asyncio.run(main())
"""


def test_what_waits_for_slurm_keeps_no_server() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WAITS], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "closed\n"), done.stderr


class Manager(dict[str, object]):
    """A MultiKernelManager's kernels, and those that start."""

    def __init__(self) -> None:
        self._pending_kernels: dict[str, asyncio.Task[None]] = {}

    def begin(self, kernel_id: str, work: Coroutine[Any, Any, object]) -> None:
        async def add() -> None:
            try:
                self[kernel_id] = await work
            except ValueError:  # it is logged, and the kernel stays with those that start
                return
            del self._pending_kernels[kernel_id]

        self._pending_kernels[kernel_id] = asyncio.create_task(add())


def test_a_server_that_stops_has_no_kernel_that_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "_START_PATIENCE", 0.2)
    cancelled: list[str] = []

    async def soon() -> str:
        await asyncio.sleep(0.01)
        return "kernel"

    async def refused() -> str:
        raise ValueError

    async def never() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append("never")
        return ""

    async def stop() -> None:
        manager = Manager()
        for work in (soon, refused, never):
            manager.begin(work.__name__, work())
        await leftovers.settle_starts(manager)
        assert (dict(manager), manager._pending_kernels) == ({"soon": "kernel"}, {})

    asyncio.run(stop())
    assert cancelled == ["never"]
