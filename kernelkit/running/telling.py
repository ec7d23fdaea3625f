"""Says how one run stands: as news, under the cells that wait, in the cell that runs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from ..slurm.tracking import JobUpdate
from .deadline import Deadline, deadline_in_words
from .kernel_state import KernelPhase, KernelState
from .news import RunNews, news_of
from .records import Run
from .relay import Relay

log = logging.getLogger(__name__)


class Telling:
    """A run's `state` and its job's last `update`, and who hears of them. `tell` gets all news;
    `warn_in_output` warns of the job's end in the output of the running cell, too."""

    def __init__(
        self, relay: Relay, tell: Callable[[RunNews], None], *, warn_in_output: bool
    ) -> None:
        self.state = KernelState("queued", "the job is being submitted")
        self.update: JobUpdate | None = None
        self._relay, self._tell, self._warn_in_output = relay, tell, warn_in_output
        self._deadline = Deadline()
        self._trouble, self._said_trouble = "", False
        self._since = time.time()
        self._changed = asyncio.Event()

    def set(self, run: Run, state: KernelState) -> None:
        """The run stands so now; what comes after its end is no matter."""
        if state == self.state or self.state.final:
            return
        if state.phase != self.state.phase:
            self._since = time.time()
        self.state = state
        self._changed.set()
        self.publish(run)
        if state.phase in ("queued", "starting"):
            number = f"job {run.job_id}" if run.job_id else "job"
            self._relay.set_text(f"{number}: {state.words}")

    def hear(self, run: Run, update: JobUpdate) -> None:
        """Take in what the watcher saw of the job."""
        self.update = update
        self._deadline.set(update.job)
        if self.state.phase == "queued":
            self.set(run, KernelState("queued", update.words))
        self.publish(run)

    def look_at_clock(self, run: Run) -> None:
        """Give the warning that is due, or take one back."""
        is_due = self._deadline.look(time.time())
        self.publish(run)
        if is_due and self._warn_in_output:
            self._relay.say(deadline_in_words(self._deadline.warning, run.id))

    def trouble(self, run: Run, text: str, *, in_output: bool) -> None:
        """The run's files cannot be read or written as they should be: say so once, in the log and
        the news; `in_output` in the running cell, too. Empty when that has passed."""
        if self._trouble == text or self.state.final:
            return
        is_new = not self._trouble or (in_output and not self._said_trouble)
        self._trouble, self._said_trouble = text, bool(text) and (in_output or self._said_trouble)
        self.publish(run)
        if not text:
            log.info("The files of run %s can be used again.", run.id)
        elif is_new:
            log.warning("Run %s: %s", run.id, text)
            if in_output:
                self._relay.say(f"kernelkit: {text}\n")

    def publish(self, run: Run) -> None:
        """Tell how the run stands, where that is news."""
        warning = "" if self.state.final else self._deadline.warning
        trouble = "" if self.state.final else self._trouble
        self._tell(
            news_of(
                run, self.state, self.update, since=self._since, warning=warning, trouble=trouble
            )
        )

    async def until(self, *phases: KernelPhase) -> KernelState:
        """Wait until the run is in one of `phases`."""
        while self.state.phase not in phases:
            self._changed.clear()
            await self._changed.wait()
        return self.state
