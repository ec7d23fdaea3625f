"""One watcher for all jobs of a process: one `squeue` an interval, whatever their number."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence

from .asking import Asking, Clock, Queries
from .client import QueueAnswer
from .tracking import JobUpdate, Track

log = logging.getLogger(__name__)

# Seconds between queries while something waits or changes, and when all jobs run.
PENDING_INTERVALS = (5.0, 10.0, 15.0, 30.0)
STEADY_INTERVAL = 60.0
# How long a look that was asked for waits, so that many starts at once share one query.
SOON = 1.0

Callback = Callable[[JobUpdate], None]
ExitWords = Callable[[], "str | None"]


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
        self._clock = clock or Clock()
        self._lock = threading.RLock()
        self._jobs: dict[str, _Watched] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._asking = Asking(slurm, floor, self._clock)
        self._settling: set[asyncio.Task[None]] = set()
        self._quiet_looks = 0
        self._asked = False

    # --- what owners call ------------------------------------------------------------------------

    @property
    def answer(self) -> QueueAnswer | None:
        """The last complete answer, with every job of this user in it; None before the first."""
        return self._asking.complete

    @property
    def failing_since(self) -> float | None:
        """Since when Slurm does not answer (s since 1970); None when it does."""
        return self._asking.failing_since

    @property
    def pause(self) -> float:
        """Seconds for which the controller is left alone after a query."""
        return self._asking.pause

    async def fresh(self, since: float, *, due: bool = False) -> QueueAnswer:
        """What a query answered that began at `since` (s of the clock's monotonic) or later, be it
        complete or not; asks only where there is none, and with `due` not before the pause is over.

        Called in the loop that watches: by a server for its page, whose queries and the watcher's
        are then the same. Subscribers have heard of it then, but for the ends of jobs.
        """
        while True:
            if self._asking.last is not None and self._asking.began >= since:
                return self._asking.last
            # Several who waited for it go on at once, and one of them asks: of two answers at once
            # the older one may come last.
            if await self._asking.other_has_asked():
                continue
            rest = self._asking.ended + self.pause - self._clock.monotonic()
            if due and rest > 0:
                await self._clock.wait(asyncio.Event(), rest)
                continue
            standing, gone = await self._ask()
            self._tell(standing, counts=False)
            if gone:
                # Accounting may take its time, and the page does not need it.
                settling = asyncio.create_task(self._settle(gone, counts=False))
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
            if await self._asking.other_has_asked():
                continue
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - a fault of ours must not leave every job unwatched
                log.exception("Looking at the jobs failed; it is tried again.")
                self._asking.ended = self._clock.monotonic()

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
            now, looked = self._clock.monotonic(), self._asking.ended
            if self._asked:
                rest = max(now + SOON, looked + self.pause) - now
                # No further request cuts this short: its event is one that nobody sets.
                await self._clock.wait(asyncio.Event(), rest)
                if self._asking.ended == looked:
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
        standing, gone = await self._ask()
        self._tell(standing, counts=not gone)
        if gone:
            await self._settle(gone, counts=True)

    async def _ask(self) -> tuple[dict[str, JobUpdate], dict[str, JobUpdate]]:
        """One query: what was known before of each job that is in the queue, or may be, and of each
        that has left it."""
        # Who asks from now on knows of something that this query may not have seen.
        self._asked = False
        answer = await self._asking.ask()
        with self._lock:
            standing = {key: job.track.update for key, job in self._living().items()}
            gone = [key for key in standing if self._take_in(key, answer)]
            return standing, {key: standing.pop(key) for key in gone}

    async def _settle(self, gone: dict[str, JobUpdate], *, counts: bool) -> None:
        """Learn how jobs ended that have left the queue, and tell it."""
        await self._conclude(list(gone))
        self._tell(gone, counts=counts)

    def _tell(self, before: dict[str, JobUpdate], *, counts: bool) -> None:
        """What is new of these jobs; a look that `counts` and tells nothing new makes the next later."""
        news = [key for key, update in before.items() if self._publish(key, update)]
        with self._lock:
            self._quiet_looks = 0 if news else self._quiet_looks + counts

    def _take_in(self, job_id: str, answer: QueueAnswer) -> bool:
        """Move one track; True when the job is over and others must tell how."""
        track, now, since = self._jobs[job_id].track, self._clock.time(), self.failing_since
        if job := answer.jobs.get(job_id):
            return track.saw(job, now, since)
        if answer.complete:
            return track.missed(self._asking.began, now)
        track.doubted(now, since)
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
