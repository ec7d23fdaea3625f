"""News of runs: each said once, in order, to everybody who listens."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
import pytest
from supervised import make_run, write_kernel

from kernelkit.model import Resources
from kernelkit.running.kernel_state import KernelState, RunEnd
from kernelkit.running.news import NewsBoard, RunNews, news_of
from kernelkit.running.records import Run
from kernelkit.running.runs import Runs
from kernelkit.slurm.states import Job
from kernelkit.slurm.tracking import JobUpdate

WAITS = KernelState("queued", "waiting for nodes")
RUNS = KernelState("running", "running on node1", 1, None, "node1")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    wanted = Resources(partition="gpu", gres="gpu:1")
    kernel = write_kernel(tmp_path / "kernel")
    return make_run(Runs(tmp_path / "runs"), kernel, resources=wanted)


def update(state: str, **fields: object) -> JobUpdate:
    job = Job(id="7", state=state, start=1_000, end=4_600, **fields)  # type: ignore[arg-type]
    return JobUpdate(job, job.phase, "words", 1.0)


def test_what_is_told_follows_the_run(run: Run) -> None:
    new = news_of(run, WAITS, None, since=1.0)
    assert (new.state, new.partition, new.gres, new.ends) == ("new", "gpu", "gpu:1", None)
    submitted = msgspec.structs.replace(run, job_id="7")
    queued = news_of(submitted, WAITS, update("PENDING"), since=1.0)
    assert (queued.state, queued.expected_start, queued.ends) == ("queued", 1_000, None)
    running = news_of(submitted, RUNS, update("RUNNING", gres="gres:gpu:1"), since=1.0)
    assert (running.state, running.node, running.started, running.ends) == (
        "running", "node1", 1_000, 4_600,
    )  # fmt: skip
    assert (running.expected_start, running.gres) == (None, "gres:gpu:1")
    over = KernelState("ended", "over", end=RunEnd(code="TIMEOUT", words="over"))
    assert news_of(submitted, over, update("TIMEOUT"), since=1.0).end == over.end


def test_everybody_hears_a_thing_once_and_in_order(run: Run) -> None:
    board, heard, later = NewsBoard(), list[RunNews](), list[RunNews]()
    unlisten = board.listen(heard.append)
    board.publish(news_of(run, WAITS, None, since=1.0))
    board.publish(news_of(run, WAITS, None, since=1.0))
    board.listen(later.append)
    board.publish(news_of(run, RUNS, None, since=2.0))
    assert [(news.serial, news.state) for news in heard] == [(1, "new"), (2, "running")]
    assert later == heard[1:] == list(board.snapshot())
    unlisten()
    unlisten()
    board.publish(news_of(run, WAITS, None, since=3.0))
    assert (len(heard), len(later)) == (2, 2)


def test_a_listener_that_fails_is_alone_in_it(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    board, heard = NewsBoard(), list[RunNews]()

    def fails(news: RunNews) -> None:
        raise RuntimeError("of the test")

    board.listen(fails)
    board.listen(heard.append)
    with caplog.at_level(logging.ERROR):
        board.publish(news_of(run, WAITS, None, since=1.0))
    assert len(heard) == 1 and "of the test" in caplog.text


def test_ended_runs_are_forgotten_at_last(run: Run) -> None:
    board = NewsBoard()
    over = KernelState("ended", "over", end=RunEnd(code="FAILED", words="over"))
    lives = news_of(run, RUNS, None, since=1.0)
    board.publish(lives)
    for number in range(200):
        each = msgspec.structs.replace(run, id=f"{number:012x}", created=float(number))
        board.publish(news_of(each, over, None, since=1.0))
    left = board.snapshot()
    assert len(left) < 100
    assert {news.run for news in left} >= {run.id, f"{199:012x}"}
