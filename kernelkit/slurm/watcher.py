"""One watcher for all jobs of a process: one `squeue` an interval, whatever their number."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from .client import QueueAnswer
from .states import Job
from .tracking import JobUpdate, Track

log = logging.getLogger(__name__)

# Seconds between queries while something waits or changes, and when all jobs run.
PENDING_INTERVALS = (5.0, 10.0, 15.0, 30.0)
STEADY_INTERVAL = 60.0
# After a query, the controller is left alone for at least this many times as long as it took.
BACK_OFF = 5.0
# How long a look that was asked for waits, so that many starts at once share one query.
SOON = 1.0

Callback = Callable[[JobUpdate], None]
ExitWords = Callable[[], "str | None"]


class Queries(Protocol):
    """What the watcher asks Slurm; `client.Slurm` is one."""

    async def queue(self) -> QueueAnswer:
        """All jobs of this user."""
        ...

    async def history(self, job_ids: Sequence[str]) -> dict[str, Job]:
        """What accounting knows of these jobs."""
        ...


class Clock:
    """The machine's time; a test brings its own."""

    def time(self) -> float:
        """Seconds since 1970, for people."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that pass evenly whatever is done to the clock, for intervals."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Until `event` is set, at most `seconds`."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)


class _Watched:
    """One job: its track, who hears of it, and who can tell how it ended."""

    def __init__(self, track: Track) -> None:
        self.track = track
        self.told = track.update
        self.callbacks: list[Callback] = []
        self.exits: list[ExitWords] = []


class Watcher:
    """Watches jobs in the event loop that subscribes; callbacks are called in that loop.

    It looks only while a subscribed job has not ended. `floor` is the site's least time between
    two queries (s). When its loop is closed or stands still, the next `subscribe` or `nudge` from
    a running loop goes on there, with all that is known; both may be called from any thread.
    Owned by whoever owns a process's runs: a Jupyter server, or one command of the CLI.
    """

    def __init__(self, slurm: Queries, *, floor: float = 0.0, clock: Clock | None = None) -> None:
        self._slurm = slurm
        self._floor = floor
        self._clock = clock or Clock()
        self._lock = threading.RLock()
        self._jobs: dict[str, _Watched] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._answer: QueueAnswer | None = None
        # When the last query began, and what came of it; the one that is under way.
        self._last: tuple[float, QueueAnswer] | None = None
        self._under_way: asyncio.Future[None] | None = None
        self._settling: set[asyncio.Task[None]] = set()
        self._looked = float("-inf")
        self._took = 0.0
        self._quiet_looks = 0
        self._asked = False
        self._failing_since: float | None = None

    # --- what owners call ------------------------------------------------------------------------

    @property
    def answer(self) -> QueueAnswer | None:
        """The last complete answer, with every job of this user in it; None before the first."""
        return self._answer

    @property
    def failing_since(self) -> float | None:
        """Since when Slurm does not answer (s since 1970); None when it does."""
        return self._failing_since

    @property
    def pause(self) -> float:
        """Seconds for which the controller is left alone after a query."""
        return max(self._floor, BACK_OFF * self._took)

    async def fresh(self, since: float, *, due: bool = False) -> QueueAnswer:
        """What a query answered that began at `since` (s of the clock's monotonic) or later, be it
        complete or not; asks only where there is none, and with `due` not before the pause is over.

        Called in the loop that watches: by a server for its page, whose queries and the watcher's
        are then the same.
        """
        while True:
            await self._other_query()
            if self._last is not None and self._last[0] >= since:
                return self._last[1]
            rest = self._looked + self.pause - self._clock.monotonic()
            if due and rest > 0:
                await self._clock.wait(asyncio.Event(), rest)
                continue
            before, gone = await self._ask()
            # Accounting may take its time, and the page does not need it.
            settling = asyncio.create_task(self._settle(before, gone, counts=False))
            self._settling.add(settling)
            settling.add_done_callback(self._settling.discard)

    def last(self, job_id: str) -> JobUpdate | None:
        """What is known of a job that somebody is subscribed to."""
        watched = self._jobs.get(job_id)
        return watched.track.update if watched else None

    def subscribe(
        self, job_id: str, callback: Callback, *, exit_words: ExitWords | None = None
    ) -> Callable[[], None]:
        """Hear of every change of a job until it ends; returns what ends the subscription.

        `exit_words` reads what the run itself wrote of its end; it is asked in a thread when
        Slurm has forgotten the job. What is known already is told at once.
        """
        with self._lock:
            watched = self._jobs.get(job_id)
            if watched is None:
                began, now = self._clock.monotonic(), self._clock.time()
                watched = self._jobs[job_id] = _Watched(Track(job_id, began=began, now=now))
            watched.callbacks.append(callback)
            if exit_words is not None:
                watched.exits.append(exit_words)
            update = watched.track.update
        if update.phase != "unknown":
            _call(callback, update)
        self.nudge()

        def unsubscribe() -> None:
            with self._lock, contextlib.suppress(ValueError):
                watched.callbacks.remove(callback)
                if not watched.callbacks and self._jobs.get(job_id) is watched:
                    del self._jobs[job_id]

        return unsubscribe

    def nudge(self) -> None:
        """Look soon, because something has happened that Slurm knows more of."""
        with self._lock:
            self._quiet_looks = 0
            self._asked = True
            self._ensure_running()
            if self._loop is not None:
                # From another thread an event is set like this alone; the loop may be closed.
                with contextlib.suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._wake.set)

    async def stop(self) -> None:
        """Look no further; what is known stays. Called in the loop that watches."""
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    # --- the loop --------------------------------------------------------------------------------

    def _ensure_running(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._task is not None and not self._task.done() and self._loop is not None:
            if self._loop.is_running():
                return
            if not self._loop.is_closed():
                self._task.cancel()
        if self._living():
            self._loop, self._wake = loop, asyncio.Event()
            self._task = loop.create_task(self._run(self._wake), name="kernelkit-watcher")

    def _living(self) -> dict[str, _Watched]:
        return {key: job for key, job in self._jobs.items() if not job.track.is_over}

    async def _run(self, wake: asyncio.Event) -> None:
        """Look until no job is left, or another loop took over (which has another event)."""
        while self._goes_on(wake):
            await self._wait(wake)
            if not self._goes_on(wake):
                return
            if await self._other_query():
                continue
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - a fault of ours must not leave every job unwatched
                log.exception("Looking at the jobs failed; it is tried again.")
                self._looked = self._clock.monotonic()

    def _goes_on(self, wake: asyncio.Event) -> bool:
        with self._lock:
            if wake is not self._wake:
                return False
            if not self._living():
                # Under the lock, so that a subscription from now on starts a task of its own.
                self._task = None
                return False
            return True

    async def _wait(self, wake: asyncio.Event) -> None:
        """Until a query is due, or one was asked for and the controller may be asked again."""
        while True:
            # In this order: a request sets `_asked` before the event.
            wake.clear()
            now, looked = self._clock.monotonic(), self._looked
            if self._asked:
                rest = max(now + SOON, looked + self.pause) - now
                # No further request cuts this short: its event is one that nobody sets.
                await self._clock.wait(asyncio.Event(), rest)
                if self._looked == looked:
                    return
            elif (rest := looked + self.interval() - now) > 0:
                await self._clock.wait(wake, rest)
            else:
                return

    def interval(self) -> float:
        """Seconds between the last query and the next, unless somebody asks for one before."""
        with self._lock:
            settled = all(job.track.is_settled for job in self._jobs.values())
            step = min(self._quiet_looks, len(PENDING_INTERVALS) - 1)
        wanted = STEADY_INTERVAL if settled else PENDING_INTERVALS[step]
        return max(wanted, self.pause)

    # --- one look --------------------------------------------------------------------------------

    async def look(self) -> None:
        """One query, and what follows from it for every job; a Slurm in trouble raises nothing."""
        before, gone = await self._ask()
        await self._settle(before, gone, counts=True)

    async def _other_query(self) -> bool:
        """Wait for a query that is under way in this loop; False where there is none."""
        other = self._under_way
        if other is None or other.done() or other.get_loop() is not asyncio.get_running_loop():
            return False
        await asyncio.wait([other])
        return True

    async def _ask(self) -> tuple[dict[str, JobUpdate], list[str]]:
        """One query: what was known of each job before, and which have left the queue."""
        done = self._under_way = asyncio.get_running_loop().create_future()
        # Who asks from now on knows of something that this query may not have seen.
        self._asked, asked = False, self._clock.monotonic()
        try:
            answer = await self._slurm.queue()
            with self._lock:
                self._looked, self._took = self._clock.monotonic(), answer.seconds
                self._last = (asked, answer)
                self._note_health(answer)
                before = {key: job.track.update for key, job in self._living().items()}
                return before, [key for key in before if self._take_in(key, answer, asked)]
        finally:
            done.set_result(None)

    async def _settle(
        self, before: dict[str, JobUpdate], gone: Sequence[str], *, counts: bool
    ) -> None:
        """What follows from a query; one that `counts` and tells nothing new makes the next later."""
        if gone:
            await self._conclude(gone)
        news = [key for key, update in before.items() if self._publish(key, update)]
        with self._lock:
            self._quiet_looks = 0 if news else self._quiet_looks + counts

    def _note_health(self, answer: QueueAnswer) -> None:
        if answer.complete:
            self._answer = answer
            if self._failing_since is not None:
                log.info("Slurm answers again.")
            self._failing_since = None
        elif self._failing_since is None:
            self._failing_since = self._clock.time()
            log.warning("Slurm's queue cannot be read; jobs are left alone. %s", answer.error)

    def _take_in(self, job_id: str, answer: QueueAnswer, asked: float) -> bool:
        """Move one track; True when the job is over and others must tell how."""
        track, now = self._jobs[job_id].track, self._clock.time()
        if job := answer.jobs.get(job_id):
            return track.saw(job, now, self._failing_since)
        if answer.complete:
            return track.missed(asked, now)
        track.doubted(now, self._failing_since)
        return False

    async def _conclude(self, job_ids: Sequence[str]) -> None:
        """How jobs ended: one question to accounting for all of them, then the runs' own files."""
        history = await self._slurm.history(job_ids)
        for job_id in job_ids:
            with self._lock:
                watched = self._jobs.get(job_id)
            if watched is None:
                continue
            words: str | None = None
            if job_id not in history:
                for ask in list(watched.exits):
                    words = words or await asyncio.to_thread(_asked, ask)
            with self._lock:
                watched.track.concluded(history.get(job_id), words, self._clock.time())

    def _publish(self, job_id: str, before: JobUpdate) -> bool:
        """Tell the subscribers what is new; True when the job moved on or is missed."""
        with self._lock:
            watched = self._jobs.get(job_id)
            if watched is None:
                return False
            update, missed = watched.track.update, watched.track.is_missed
            # Two looks at once (an owner's and the loop's) tell a thing once.
            callbacks = list(watched.callbacks) if update != watched.told else []
            watched.told = update
        for callback in callbacks:
            _call(callback, update)
        return update.phase != before.phase or missed


def _call(callback: Callback, update: JobUpdate) -> None:
    try:
        callback(update)
    except Exception:  # noqa: BLE001 - one subscriber's fault is not another's
        log.exception("A subscriber to job %s failed.", update.job.id)


def _asked(exit_words: ExitWords) -> str | None:
    try:
        return exit_words()
    except Exception:  # noqa: BLE001 - it reads files of a run whose disk may be gone
        log.warning("What a run wrote of its end cannot be read.", exc_info=True)
        return None
