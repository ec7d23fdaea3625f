"""The watcher against canned answers and a clock that a test winds: no time passes here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernelkit.slurm.client import QueueAnswer
from kernelkit.slurm.states import Job, is_later
from kernelkit.slurm.tracking import JobUpdate, Track
from kernelkit.slurm.watcher import Clock, Watcher


class FakeClock(Clock):
    """Time passes only by waiting; `waits` are what was waited for."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.waits: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now - 1_700_000_000.0

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)
        if not event.is_set():
            self.now += seconds


class FakeSlurm:
    """Gives its answers one after another, the last for ever; counts the questions."""

    def __init__(self, *answers: QueueAnswer, history: dict[str, Job] | None = None) -> None:
        self.answers = list(answers)
        self.queries = 0
        self.histories: list[list[str]] = []
        self.known = history or {}
        self.before: Callable[[], None] = lambda: None

    async def queue(self) -> QueueAnswer:
        self.queries += 1
        self.before()
        return self.answers[min(self.queries, len(self.answers)) - 1]

    async def history(self, job_ids: Sequence[str]) -> dict[str, Job]:
        self.histories.append(list(job_ids))
        return {key: self.known[key] for key in job_ids if key in self.known}


def job(state: str, job_id: str = "7", **fields: object) -> Job:
    return Job(id=job_id, state=state, **fields)  # type: ignore[arg-type]


def queue(*jobs: Job, seconds: float = 0.01) -> QueueAnswer:
    return QueueAnswer({j.id: j for j in jobs}, seconds=seconds)


DOWN = QueueAnswer(complete=False, error="Unable to contact slurm controller")
GONE = queue()


class Seen(list[JobUpdate]):
    """What a subscriber was told."""

    @property
    def phases(self) -> list[str]:
        return [update.phase for update in self]


def looks(
    slurm: FakeSlurm,
    count: int,
    *,
    exit_words: Callable[[], str | None] | None = None,
    clock: FakeClock | None = None,
) -> tuple[Seen, Watcher]:
    """What a subscriber to job 7 hears in `count` looks."""
    seen = Seen()
    watcher = Watcher(slurm, clock=clock or FakeClock())

    async def main() -> None:
        watcher.subscribe("7", seen.append, exit_words=exit_words)
        for _ in range(count):
            await watcher.look()
        await watcher.stop()

    asyncio.run(main())
    return seen, watcher


# --- what a subscriber hears ------------------------------------------------------------------------


def test_a_life() -> None:
    slurm = FakeSlurm(
        queue(job("PENDING", reason="Priority")),
        queue(job("PENDING", reason="Priority")),
        queue(job("CONFIGURING", nodes="n1")),
        queue(job("RUNNING", nodes="n1")),
        queue(job("COMPLETING", nodes="n1")),
        queue(job("TIMEOUT", nodes="n1")),
        GONE,
    )
    seen, _ = looks(slurm, 7)
    assert seen.phases == ["pending", "starting", "running", "ending", "ended"]
    assert [update.words for update in seen] == [
        "pending: other jobs come first",
        "its nodes are being prepared on n1",
        "running on n1",
        "ending on n1",
        "the time limit was reached (TIMEOUT)",
    ]
    assert slurm.histories == []


def test_a_new_reason_is_news_and_the_same_answer_is_not() -> None:
    slurm = FakeSlurm(
        queue(job("PENDING", reason="Priority")),
        queue(job("PENDING", reason="Priority")),
        queue(job("PENDING", reason="Resources", start=1_800_000_600)),
    )
    seen, _ = looks(slurm, 3)
    assert len(seen) == 2
    assert "starts about" in seen[1].words
    assert seen[0].since == seen[1].since


def test_an_unreachable_controller_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    slurm = FakeSlurm(queue(job("RUNNING")), *[DOWN] * 50, queue(job("RUNNING")))
    seen, _ = looks(slurm, 52)
    assert seen.phases == ["running"] * 3
    assert [update.unknown_since is None for update in seen] == [True, False, True]
    assert "state unknown since" in seen[1].words
    assert [r.levelname for r in caplog.records] == ["WARNING", "INFO"]
    assert slurm.histories == []


def test_an_incomplete_answer_still_counts_for_what_it_says() -> None:
    half = QueueAnswer({"7": job("RUNNING")}, complete=False, error="1 record could not be read")
    seen, _ = looks(FakeSlurm(queue(job("PENDING")), half, DOWN, half), 4)
    assert seen.phases == ["pending", "running"]
    assert not [update for update in seen if update.phase == "ended"]


def test_gone_is_absent_twice() -> None:
    slurm = FakeSlurm(queue(job("RUNNING")), GONE, DOWN, GONE)
    seen, _ = looks(slurm, 3)
    assert "ended" not in seen.phases
    seen, _ = looks(FakeSlurm(queue(job("RUNNING")), GONE, DOWN, GONE), 4)
    assert seen[-1].phase == "ended"
    assert seen[-1].words == "ended (details unavailable)"


def test_back_again_is_not_gone() -> None:
    here, away = queue(job("RUNNING")), GONE
    slurm = FakeSlurm(here, away, here, away, here)
    seen, _ = looks(slurm, 5)
    assert seen.phases == ["running"]


def test_an_answer_asked_for_before_the_job_was_known_says_nothing_of_it() -> None:
    clock, seen = FakeClock(), Seen()
    slurm = FakeSlurm(GONE, GONE, queue(job("PENDING")))
    watcher = Watcher(slurm, clock=clock)

    async def main() -> None:
        watcher.subscribe("1", lambda update: None)

        def subscribe_late() -> None:
            if slurm.queries == 1:
                clock.now += 1
                watcher.subscribe("7", seen.append)

        slurm.before = subscribe_late
        for _ in range(3):
            await watcher.look()
            clock.now += 5
        await watcher.stop()

    asyncio.run(main())
    assert seen.phases == ["pending"]


def test_accounting_tells_how_a_lost_job_ended() -> None:
    slurm = FakeSlurm(
        queue(job("RUNNING", nodes="n1", partition="gpu")),
        GONE,
        history={"7": job("NODE_FAIL", exit_code="1:0", end=1_800_000_100)},
    )
    seen, _ = looks(slurm, 3, exit_words=lambda: pytest.fail("accounting said enough"))
    assert seen[-1].words == "its node failed (NODE_FAIL)"
    assert (seen[-1].job.partition, seen[-1].job.exit_code) == ("gpu", "1:0")


def test_accounting_that_lags_behind_is_not_believed() -> None:
    slurm = FakeSlurm(queue(job("RUNNING")), GONE, history={"7": job("RUNNING")})
    seen, _ = looks(slurm, 3)
    assert seen[-1].phase == "ended"
    assert "unavailable" in seen[-1].words


def test_the_runs_own_file_tells_when_slurm_forgot() -> None:
    slurm = FakeSlurm(queue(job("RUNNING")), GONE)
    seen, _ = looks(slurm, 3, exit_words=lambda: "the kernel ended with exit code 137")
    assert seen[-1].words == "the kernel ended with exit code 137"


def test_a_file_that_cannot_be_read_is_no_reason_to_go_on() -> None:
    def broken() -> str:
        raise OSError("Stale file handle")

    seen, _ = looks(FakeSlurm(GONE), 2, exit_words=broken)
    assert seen.phases == ["ended"]


def test_one_question_to_accounting_for_all_that_are_gone() -> None:
    slurm = FakeSlurm(GONE, history={str(n): job("COMPLETED", str(n)) for n in range(20)})
    watcher, seen = Watcher(slurm, clock=FakeClock()), Seen()

    async def main() -> None:
        for n in range(20):
            watcher.subscribe(str(n), seen.append)
        await watcher.look()
        await watcher.look()
        await watcher.stop()

    asyncio.run(main())
    assert len(seen) == 20
    assert slurm.histories == [[str(n) for n in range(20)]]


def test_who_cancelled_it_is_for_accounting_to_say() -> None:
    by = job("CANCELLED", reason="by uid 33813")
    seen, _ = looks(FakeSlurm(queue(job("CANCELLED")), history={"7": by}), 1)
    assert [u.words for u in seen] == ["the job was cancelled by uid 33813 (CANCELLED)"]
    seen, _ = looks(FakeSlurm(queue(job("CANCELLED"))), 1)
    assert [u.words for u in seen] == ["the job was cancelled (CANCELLED)"]


@pytest.mark.parametrize("state", ["PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT"])
@pytest.mark.parametrize("before", ["RUNNING", "COMPLETING"])
def test_a_requeued_job_has_ended_for_us(before: str, state: str) -> None:
    slurm = FakeSlurm(queue(job(before)), queue(job(state)), queue(job("RUNNING")))
    seen, _ = looks(slurm, 3)
    assert seen.phases[1:] == ["ended"]
    assert "REQUEUED" in seen[-1].words


def test_a_node_that_does_not_come_up_leaves_the_job_waiting() -> None:
    slurm = FakeSlurm(queue(job("CONFIGURING")), queue(job("PENDING")), queue(job("RUNNING")))
    seen, _ = looks(slurm, 3)
    assert seen.phases[0] == "starting"
    assert seen.phases[-1] == "running"
    assert "pending" not in seen.phases


def test_a_state_of_another_slurm_changes_nothing() -> None:
    slurm = FakeSlurm(queue(job("RUNNING")), queue(job("BRAND_NEW")), queue(job("TIMEOUT")))
    seen, _ = looks(slurm, 3)
    assert seen.phases[0] == "running"
    assert seen.phases[-1] == "ended"
    assert set(seen.phases) == {"running", "ended"}


def test_one_subscribers_fault_is_its_own(caplog: pytest.LogCaptureFixture) -> None:
    seen = Seen()
    watcher = Watcher(FakeSlurm(queue(job("RUNNING"))), clock=FakeClock())

    def faulty(update: JobUpdate) -> None:
        raise RuntimeError("no")

    async def main() -> None:
        watcher.subscribe("7", faulty)
        watcher.subscribe("7", seen.append)
        await watcher.look()
        await watcher.stop()

    asyncio.run(main())
    assert seen.phases == ["running"]
    assert "A subscriber to job 7 failed" in caplog.text


def test_a_second_subscriber_is_told_at_once_and_both_can_leave() -> None:
    first, second = Seen(), Seen()
    watcher = Watcher(FakeSlurm(queue(job("RUNNING"))), clock=FakeClock())

    async def main() -> None:
        leave = watcher.subscribe("7", first.append)
        await watcher.look()
        leave_too = watcher.subscribe("7", second.append)
        assert second.phases == ["running"]
        leave()
        leave()
        assert watcher.last("7") == second[-1]
        leave_too()
        assert watcher.last("7") is None
        await watcher.stop()

    asyncio.run(main())


STATES = ["PENDING", "CONFIGURING", "RUNNING", "SUSPENDED", "COMPLETING", "TIMEOUT", "CANCELLED",
          "COMPLETED", "REQUEUED", "WHATEVER", ""]  # fmt: skip
answers = st.sampled_from([GONE, DOWN, *(queue(job(state)) for state in STATES)])


@given(st.lists(answers, max_size=12))
def test_no_series_of_answers_moves_a_job_backwards(series: list[QueueAnswer]) -> None:
    seen, watcher = looks(FakeSlurm(*series, DOWN), len(series) + 1)
    phases = [phase for phase in seen.phases if phase != "unknown"]
    assert all(is_later(a, b) for a, b in zip(phases, phases[1:], strict=False))  # type: ignore[arg-type]
    assert phases.count("ended") <= 1
    last = watcher.last("7")
    assert last is not None
    # Nobody dies of silence: an end needs a word of an end, a requeue, or two absences.
    states = {j.state for answer in series for j in answer.jobs.values()}
    words = {"TIMEOUT", "CANCELLED", "COMPLETED", "REQUEUED"} & states
    absences = sum(answer.complete and not answer.jobs for answer in series)
    assert last.phase != "ended" or words or absences >= 2 or "PENDING" in states


def test_a_track_that_is_over_stays_as_it_is() -> None:
    track = Track("7", began=0, now=0)
    track.saw(job("TIMEOUT"), 1, None)
    ended = track.update
    track.saw(job("RUNNING"), 2, None)
    track.doubted(3, 3)
    track.missed(4, 4)
    track.concluded(job("COMPLETED"), "no", 5)
    assert track.update == ended


# --- when it asks -----------------------------------------------------------------------------------


def watched(
    slurm: FakeSlurm, queries: int, *, floor: float = 0.0, jobs: Sequence[str] = ("7",)
) -> FakeClock:
    """Let the watcher run by itself until it has asked `queries` times."""
    clock = FakeClock()
    watcher = Watcher(slurm, floor=floor, clock=clock)

    async def main() -> None:
        for job_id in jobs:
            watcher.subscribe(job_id, lambda update: None)
        while slurm.queries < queries:
            await asyncio.sleep(0)
        await watcher.stop()

    asyncio.run(main())
    return clock


def times_between(slurm: FakeSlurm, queries: int, *, floor: float = 0.0) -> list[float]:
    clock_times: list[float] = []
    clock = FakeClock()
    slurm.before = lambda: clock_times.append(clock.now)
    watcher = Watcher(slurm, floor=floor, clock=clock)

    async def main() -> None:
        watcher.subscribe("7", lambda update: None)
        while slurm.queries < queries:
            await asyncio.sleep(0)
        await watcher.stop()

    asyncio.run(main())
    return [round(b - a, 3) for a, b in zip(clock_times, clock_times[1:], strict=False)]


def test_intervals_while_a_job_waits() -> None:
    assert times_between(FakeSlurm(queue(job("PENDING"))), 7) == [5, 10, 15, 30, 30, 30]


def test_intervals_while_all_jobs_run() -> None:
    assert times_between(FakeSlurm(queue(job("RUNNING"))), 4) == [60, 60, 60]


def test_a_change_is_followed_closely() -> None:
    pending, configuring = queue(job("PENDING")), queue(job("CONFIGURING"))
    slurm = FakeSlurm(pending, pending, pending, configuring, configuring, queue(job("RUNNING")))
    assert times_between(slurm, 8) == [5, 10, 15, 5, 10, 60, 60]


def test_a_missing_job_is_asked_for_again_soon() -> None:
    slurm = FakeSlurm(queue(job("RUNNING")), GONE, queue(job("RUNNING")))
    assert times_between(slurm, 4) == [60, 5, 60]


def test_the_sites_floor_holds() -> None:
    assert times_between(FakeSlurm(queue(job("PENDING"))), 4, floor=120) == [120, 120, 120]


def test_a_slow_controller_is_left_alone() -> None:
    slow = queue(job("PENDING"), seconds=20)
    assert times_between(FakeSlurm(slow), 3) == [100, 100]
    down = QueueAnswer(complete=False, error="timed out", seconds=60)
    assert times_between(FakeSlurm(down), 3) == [300, 300]


def test_twenty_starts_share_one_query() -> None:
    slurm = FakeSlurm(queue(*(job("RUNNING", str(n)) for n in range(20))))
    clock = watched(slurm, 2, jobs=[str(n) for n in range(20)])
    assert clock.waits[:2] == [1, 60]


@pytest.mark.parametrize(("floor", "seconds", "least"), [(0, 0.01, 1), (30, 0.01, 30), (0, 4, 20)])
def test_a_nudge_is_heard_within_what_the_site_allows(
    floor: float, seconds: float, least: float
) -> None:
    clock = FakeClock()
    asked: list[float] = []
    slurm = FakeSlurm(queue(job("RUNNING"), seconds=seconds))
    watcher = Watcher(slurm, floor=floor, clock=clock)
    slurm.before = lambda: asked.append(clock.now)

    class Nudged(FakeClock):
        async def wait(self, event: asyncio.Event, wanted: float) -> None:
            if wanted >= 60 and len(asked) == 1:
                for _ in range(50):
                    watcher.nudge()
                await asyncio.sleep(0)
                assert event.is_set()
                return
            await FakeClock.wait(clock, event, wanted)

        def monotonic(self) -> float:
            return clock.monotonic()

    watcher._clock = Nudged()

    async def main() -> None:
        watcher.subscribe("7", lambda update: None)
        while slurm.queries < 3:
            await asyncio.sleep(0)
        await watcher.stop()

    asyncio.run(main())
    assert round(asked[1] - asked[0], 3) == least
    assert asked[2] - asked[1] >= 60


def test_nobody_asks_when_nobody_listens() -> None:
    slurm = FakeSlurm(queue(job("RUNNING")), queue(job("COMPLETED")))
    watcher = Watcher(slurm, clock=FakeClock())

    async def main() -> None:
        watcher.subscribe("7", lambda update: None)
        while watcher._task is not None:
            await asyncio.sleep(0)
        assert slurm.queries == 2
        # The next job wakes it again.
        slurm.answers.append(queue(job("PENDING", "8")))
        watcher.subscribe("8", lambda update: None)
        while slurm.queries < 3:
            await asyncio.sleep(0)
        await watcher.stop()

    asyncio.run(main())


def test_a_fault_of_ours_leaves_no_job_unwatched(caplog: pytest.LogCaptureFixture) -> None:
    class Faulty(FakeSlurm):
        async def queue(self) -> QueueAnswer:
            answer = await super().queue()
            if self.queries == 1:
                raise KeyError("a bug")
            return answer

    slurm = Faulty(queue(job("RUNNING")))
    watched(slurm, 3)
    assert "it is tried again" in caplog.text


# --- whose loop it runs in --------------------------------------------------------------------------


def in_a_loop(main: Awaitable[None], loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main)


@pytest.mark.parametrize("end", ["run", "closed", "stopped"])
def test_it_goes_on_in_the_next_loop(end: str) -> None:
    slurm = FakeSlurm(queue(job("PENDING")), queue(job("RUNNING")))
    watcher, seen = Watcher(slurm, clock=FakeClock()), Seen()

    async def first() -> None:
        watcher.subscribe("7", seen.append)
        while slurm.queries < 1:
            await asyncio.sleep(0)

    async def second() -> None:
        watcher.nudge()
        count = slurm.queries
        while slurm.queries < count + 3:
            await asyncio.sleep(0)
        assert len([t for t in asyncio.all_tasks() if t.get_name() == "kernelkit-watcher"]) == 1
        await watcher.stop()

    old = asyncio.new_event_loop()
    if end == "run":
        asyncio.run(first())
    else:
        in_a_loop(first(), old)
    if end == "closed":
        for task in asyncio.all_tasks(old):
            task.cancel()
        old.run_until_complete(asyncio.sleep(0))
        old.close()
    asyncio.run(second())
    assert seen.phases == ["pending", "running"]
    if end == "stopped":
        # What was left in the old loop asks nothing any more, should that loop go on.
        count = slurm.queries
        old.run_until_complete(asyncio.sleep(0.01))
        assert slurm.queries == count
        assert not asyncio.all_tasks(old)
    old.close()


def test_another_thread_may_subscribe_and_nudge() -> None:
    slurm = FakeSlurm(queue(job("PENDING"), job("RUNNING", "8")))
    watcher, seen = Watcher(slurm, clock=FakeClock()), Seen()

    async def main() -> None:
        watcher.subscribe("7", lambda update: None)
        await asyncio.to_thread(watcher.subscribe, "8", seen.append)
        await asyncio.to_thread(watcher.nudge)
        while not seen:
            await asyncio.sleep(0)
        await watcher.stop()

    asyncio.run(main())
    assert seen.phases == ["running"]


def test_without_a_loop_it_waits_for_one() -> None:
    slurm = FakeSlurm(queue(job("RUNNING")))
    watcher, seen = Watcher(slurm, clock=FakeClock()), Seen()
    watcher.subscribe("7", seen.append)
    assert slurm.queries == 0

    async def main() -> None:
        watcher.nudge()
        while not seen:
            await asyncio.sleep(0)
        await watcher.stop()

    asyncio.run(main())
    assert seen.phases == ["running"]


def test_cancelling_it_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        watcher = Watcher(FakeSlurm(queue(job("RUNNING"))), clock=FakeClock())
        watcher.subscribe("7", lambda update: None)
        await asyncio.sleep(0)
        await watcher.stop()
        await watcher.stop()

    asyncio.run(main())
    assert not caplog.records


# --- a page that looks, too ----------------------------------------------------------------------


def test_whoever_looks_one_query_an_interval_is_made() -> None:
    clock, slurm = FakeClock(), FakeSlurm(queue(job("RUNNING"), seconds=0.0))

    async def watch() -> None:
        watcher = Watcher(slurm, floor=60.0, clock=clock)
        began = clock.now
        watcher.subscribe("7", lambda update: None)
        for _ in range(200):
            since = clock.monotonic() - watcher.pause
            assert "7" in (await watcher.fresh(since)).jobs
            clock.now += 1.0
            await asyncio.sleep(0)
        await watcher.stop()
        assert 3 <= slurm.queries <= (clock.now - began) / 60.0 + 1

    asyncio.run(watch())


def test_many_pages_at_once_share_a_query_and_none_gets_an_older_one() -> None:
    clock, slurm = FakeClock(), FakeSlurm(DOWN, GONE)

    async def watch() -> None:
        watcher = Watcher(slurm, floor=60.0, clock=clock)
        now = clock.monotonic()
        both = await asyncio.gather(watcher.fresh(now), watcher.fresh(now))
        assert both == [DOWN, DOWN] and slurm.queries == 1
        assert watcher.failing_since == clock.now and watcher.answer is None
        clock.now += 1.0
        # Something was changed since: what is told now must know of it.
        assert await watcher.fresh(clock.monotonic()) == GONE
        assert (slurm.queries, watcher.failing_since) == (2, None)
        clock.now += 1.0
        asked = clock.now
        await watcher.fresh(clock.monotonic(), due=True)
        assert slurm.queries == 3 and clock.now == asked - 1.0 + 60.0

    asyncio.run(watch())


def test_those_who_waited_for_the_same_query_make_one_of_their_own() -> None:
    at_once = most = 0

    class Slow(FakeSlurm):
        async def queue(self) -> QueueAnswer:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await may_answer.wait()
            await asyncio.sleep(0)
            at_once -= 1
            return await super().queue()

    may_answer = asyncio.Event()
    clock, slurm = FakeClock(), Slow(GONE)

    async def watch() -> None:
        watcher = Watcher(slurm, clock=clock)
        first = asyncio.create_task(watcher.fresh(clock.monotonic()))
        await asyncio.sleep(0)
        clock.now += 1.0
        later = [asyncio.create_task(watcher.fresh(clock.monotonic())) for _ in range(3)]
        await asyncio.sleep(0)
        assert at_once == 1
        may_answer.set()
        await asyncio.gather(first, *later)

    asyncio.run(watch())
    assert (most, slurm.queries) == (1, 2)


def test_a_page_hears_of_a_job_that_is_gone_before_accounting_has_answered() -> None:
    clock, slurm = FakeClock(), FakeSlurm(queue(job("RUNNING")), GONE, history={"7": job("FAILED")})
    told: list[str] = []

    async def watch() -> None:
        watcher = Watcher(slurm, clock=clock)
        watcher.subscribe("7", lambda update: told.append(update.phase))
        await watcher.fresh(clock.monotonic())
        while told[-1:] != ["ended"]:
            clock.now += 600.0
            await watcher.fresh(clock.monotonic())
            await asyncio.sleep(0)
        await watcher.stop()

    asyncio.run(watch())
    assert told[-2:] == ["running", "ended"] and slurm.histories == [["7"]]
