"""What this process's runs have to tell, and who hears it: server events, a sidebar, a test."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ..model import Resources
from ..slurm.states import Job, reason_in_words
from ..slurm.tracking import JobUpdate
from .deadline import MinutesLeft
from .kernel_state import KernelState, RunEnd
from .records import Run

log = logging.getLogger(__name__)

RunState = Literal["new", "queued", "starting", "running", "exited", "ended"]

# How many runs that have ended are still told of: a front end wants to show why one did.
_ENDED_KEPT = 50


class RunNews(Struct, frozen=True, kw_only=True):
    """One run at one moment; times in seconds since 1970.

    `serial` grows with every news of this process, whatever run it is of. `ends` is when Slurm
    will end the job, `expected_start` its own guess; both None when it does not say. `node` may
    be a host list. `unknown_since` is set while Slurm does not answer: all else is then what was
    last known. `trouble` says what is wrong with the run's files, and what to do, while it is.
    `gpus` are the positions this run was given among those of its job.
    """

    run: str
    kernel: str
    kernel_id: str
    display_name: str
    job: str
    state: RunState
    reason: str
    state_since: float
    created: float
    keep: bool
    lease: int
    resources: Resources
    serial: int = 0
    start: int = 0
    node: str = ""
    partition: str = ""
    gpus: str = ""
    gres: str = ""
    expected_start: int | None = None
    started: int | None = None
    ends: int | None = None
    warning: MinutesLeft = ""
    unknown_since: float | None = None
    trouble: str = ""
    end: RunEnd | None = None


def news_of(
    run: Run,
    state: KernelState,
    update: JobUpdate | None,
    *,
    since: float,
    warning: MinutesLeft = "",
    trouble: str = "",
) -> RunNews:
    """What there is to tell of a run: its record, its kernel, what the watcher knows of its job,
    and what is wrong with its files."""
    job = update.job if update else None
    return RunNews(
        **facts_of(run, job),
        state="new" if state.phase == "queued" and not run.job_id else state.phase,
        reason=_reason(state, job if job is not None and job.phase == "pending" else None),
        state_since=since,
        start=state.start,
        node=state.node or (job.nodes if job else ""),
        warning=warning,
        unknown_since=update.unknown_since if update else None,
        trouble=trouble,
        end=state.end,
    )


def facts_of(run: Run, job: Job | None) -> dict[str, Any]:
    """What a run's record and Slurm say of it, whoever looks after it: fields of RunNews.

    Called here, and by the server for the runs of other servers.
    """
    runs = job is not None and job.phase == "running"
    waits = job is not None and job.phase == "pending"
    return {
        "run": run.id,
        "kernel": run.kernel_name,
        "kernel_id": run.kernel_id,
        "display_name": run.display_name,
        "job": run.job_id,
        "created": run.created,
        "keep": run.keep,
        "lease": run.lease,
        "resources": run.resources,
        "gpus": run.gpus,
        "partition": (job.partition if job else "") or run.resources.partition or "",
        "gres": (job.gres if job else "") or run.resources.gres or "",
        "expected_start": job.start if job and waits else None,
        "started": job.start if job and runs else None,
        "ends": job.end if job and runs else None,
    }


def _reason(state: KernelState, waiting: Job | None) -> str:
    # The state and the estimate are told apart from it, the estimate in the reader's time zone.
    if state.phase == "queued" and waiting is not None and waiting.reason:
        return reason_in_words(waiting.reason)
    return state.words


Listener = Callable[[RunNews], None]


class NewsBoard:
    """The present news of every run. Listeners are called in the thread that publishes, which is
    the background thread: they hand over to their own loop at once, and never wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._present: dict[str, RunNews] = {}
        self._serial = 0

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear of every change from now on; returns what ends that. From any thread.

        Listen first and take the `snapshot` then: of two news of a run the one with the higher
        serial is the later.
        """
        with self._lock:
            self._listeners.append(listener)

        def unlisten() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unlisten

    def snapshot(self) -> tuple[RunNews, ...]:
        """The present news of all runs, oldest run first; from any thread."""
        with self._lock:
            return tuple(sorted(self._present.values(), key=lambda news: news.created))

    def publish(self, news: RunNews) -> None:
        """Make this the present news of its run, unless it says nothing new."""
        with self._lock:
            before = self._present.get(news.run)
            if before is not None and news == msgspec.structs.replace(before, serial=news.serial):
                return
            self._serial += 1
            news = msgspec.structs.replace(news, serial=self._serial)
            self._present[news.run] = news
            self._forget_oldest()
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener(news)
            except Exception:  # noqa: BLE001 - one listener's fault is not another's, nor the run's
                log.exception("A listener to the news of run %s failed.", news.run)

    def _forget_oldest(self) -> None:
        ended = [news for news in self._present.values() if news.state == "ended"]
        ended.sort(key=lambda news: news.serial)
        for news in ended[:-_ENDED_KEPT]:
            del self._present[news.run]
