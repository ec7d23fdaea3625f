"""The watcher on a real cluster: jobs that wait, run, end in every way, and a controller that goes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slurm import Cluster, wait_for

from kernelkit.slurm.client import Slurm
from kernelkit.slurm.tracking import JobUpdate
from kernelkit.slurm.watcher import Clock, Watcher


class Hasty(Clock):
    """Intervals pass a hundred times as fast, so that a test need not wait for them."""

    def monotonic(self) -> float:
        return 100 * super().monotonic()

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        await super().wait(event, seconds / 100)


class Seen(list[JobUpdate]):
    @property
    def phases(self) -> list[str]:
        return list(dict.fromkeys(update.phase for update in self))


async def until(what: str, ready: Callable[[], object]) -> None:
    """Wait beside the running loop."""
    await asyncio.to_thread(wait_for, what, ready)


@asynccontextmanager
async def watching(*jobs: str) -> Any:
    watcher = Watcher(Slurm(), clock=Hasty())
    seen = {job: Seen() for job in jobs}
    for job in jobs:
        watcher.subscribe(job, seen[job].append)
    try:
        yield watcher, seen
    finally:
        await watcher.stop()


def last_words(jobs: list[str], act: Callable[[], object]) -> list[str]:
    """What is said of the end of each job; `act` happens once the first is seen to run."""

    async def main() -> list[str]:
        async with watching(*jobs) as (_, seen):
            first = seen[jobs[0]]
            await until("the first job to run", lambda: first and first[-1].phase == "running")
            await asyncio.to_thread(act)
            ends = lambda: [s[-1].words for s in seen.values() if s and s[-1].phase == "ended"]  # noqa: E731
            await until("every end", lambda: len(ends()) == len(jobs))
            return ends()

    return asyncio.run(main())


def test_a_job_waits_runs_and_ends(cluster: Cluster) -> None:
    async def main() -> None:
        with cluster.filled() as before:
            job = cluster.submit("--partition=full", script="exit 3")
            async with watching(job) as (watcher, seen):
                # The scheduler gives no reason before it has looked at the job.
                await until("a reason", lambda: seen[job] and ": " in seen[job][-1].words)
                assert seen[job][-1].phase == "pending"
                assert re.search("waiting for nodes|other jobs", seen[job][-1].words)
                assert {before, job} <= set(watcher.answer.jobs)
                cluster.cancel(before)
                await until("its end", lambda: seen[job][-1].phase == "ended")
                assert seen[job][-1].words == "the job failed (FAILED)"

    asyncio.run(main())


def test_twenty_jobs_are_one_query(cluster: Cluster) -> None:
    def queries() -> int:
        text = cluster.run("sdiag").stdout
        found = re.search(r"REQUEST_JOB_USER_INFO\s*\(\s*\d+\)\s*count:(\d+)", text)
        return int(found.group(1)) if found else 0

    jobs = [cluster.submit("--hold") for _ in range(20)]

    async def main() -> None:
        seen = {job: Seen() for job in jobs}
        # At its own pace: within a second of the last subscription there is one look.
        watcher = Watcher(Slurm())
        before = queries()
        for job in jobs:
            watcher.subscribe(job, seen[job].append)
        await until("all of them", lambda: all(seen.values()))
        assert {updates[0].words for updates in seen.values()} == {"pending: held by you"}
        assert queries() == before + 1
        await watcher.stop()

    asyncio.run(main())
    cluster.cancel()


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("kind", ["fragile_cluster", "accounting"])
def test_a_controller_that_goes_and_comes_back_ends_nothing(
    kind: str, request: pytest.FixtureRequest
) -> None:
    cluster: Cluster = request.getfixturevalue(kind)
    running, pending = cluster.submit(), cluster.submit("--hold")
    cluster.wait_for_state(running, "RUNNING")

    async def main() -> None:
        async with watching(running, pending) as (watcher, seen):
            await until("both", lambda: seen[running] and seen[pending])
            await asyncio.to_thread(cluster.do, "stop-ctld")
            watcher.nudge()
            await until("the silence", lambda: watcher.failing_since is not None)
            await until("the news", lambda: seen[running][-1].unknown_since is not None)
            assert (seen[running][-1].phase, seen[pending][-1].phase) == ("running", "pending")
            assert "state unknown since" in seen[pending][-1].words
            await asyncio.to_thread(cluster.do, "start-ctld")
            watcher.nudge()
            await until("an answer", lambda: seen[running][-1].unknown_since is None)
            assert seen[running].phases == ["running"]
            assert seen[pending].phases == ["pending"]
            # The pending one starts after all that, and is seen to.
            cluster.run("scontrol", "release", pending)
            watcher.nudge()
            await until("it to run", lambda: seen[pending][-1].phase == "running")

    asyncio.run(main())
    cluster.cancel()


def test_every_end_has_its_words(fragile_cluster: Cluster) -> None:
    cluster = fragile_cluster
    late = cluster.submit("--time=10")
    preempted = cluster.submit(
        "--partition=scavenger", "--nodelist=node2", "--exclusive", "--no-requeue"
    )
    requeued = cluster.submit("--requeue")
    crashed = cluster.submit("--nodelist=node1", "--no-requeue")

    def act() -> None:
        for job in (preempted, requeued, crashed):
            cluster.wait_for_state(job, "RUNNING")
        cluster.do("time-left", late, "1")
        cluster.submit("--nodelist=node2", "--exclusive", script="true")
        cluster.do("requeue", requeued)
        cluster.do("crash", "node1")

    said = last_words([late, preempted, requeued, crashed], act)
    assert said == [
        "the time limit was reached (TIMEOUT)",
        "a job of higher priority took its place (PREEMPTED)",
        "the job was put back into the queue (REQUEUED)",
        "its node failed (NODE_FAIL)",
    ]
    cluster.cancel()


def test_a_job_that_slurm_forgets(fragile_cluster: Cluster) -> None:
    """Without accounting: the run's own word, or the plain truth that nothing is known."""
    cluster = fragile_cluster
    cluster.do("variant-on", "forgetful")

    def forgotten(job: str) -> None:
        cluster.cancel(job)
        known = lambda: cluster.run("scontrol", "show", "job", job, check=False).returncode == 0  # noqa: E731
        wait_for("Slurm to forget", lambda: not known())

    async def main(**options: Any) -> str:
        job = cluster.submit()
        watcher, seen = Watcher(Slurm(), clock=Hasty()), Seen()
        watcher.subscribe(job, seen.append, **options)
        await until("it to run", lambda: seen and seen[-1].phase == "running")
        # Not looked at while it ends, as when a server sleeps.
        await watcher.stop()
        await asyncio.to_thread(forgotten, job)
        watcher.nudge()
        await until("the end", lambda: seen[-1].phase == "ended")
        await watcher.stop()
        return seen[-1].words

    assert asyncio.run(main()) == "ended (details unavailable)"
    assert (
        asyncio.run(main(exit_words=lambda: "the kernel was stopped")) == "the kernel was stopped"
    )


def test_accounting_knows_who_and_how(accounting: Cluster) -> None:
    mine, theirs = accounting.submit(), accounting.submit()
    failed = accounting.submit(script="sleep 1; exit 7")

    def cancel() -> None:
        accounting.cancel(mine)
        accounting.do("cancel", theirs)

    assert last_words([mine, theirs, failed], cancel) == [
        "the job was cancelled by you (CANCELLED)",
        "the job was cancelled by root (CANCELLED)",
        "the job failed (FAILED)",
    ]

    # Without its database nobody says who; the queue still says how.
    accounting.do("stop-dbd")
    mine, failed = accounting.submit(), accounting.submit(script="sleep 1; exit 7")
    assert last_words([mine, failed], lambda: accounting.cancel(mine)) == [
        "the job was cancelled (CANCELLED)",
        "the job failed (FAILED)",
    ]
