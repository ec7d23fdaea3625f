"""How long a job still has, and when to say so; pure."""

from __future__ import annotations

from typing import Literal

from ..slurm.states import Job

# Minutes before the end; empty while there is no need to hurry.
MinutesLeft = Literal["", "10", "3", "1"]

_WARNINGS: tuple[MinutesLeft, ...] = ("1", "3", "10")


class Deadline:
    """The end of one job, as Slurm last told it; times in seconds since 1970.

    `warning` is the one that is in force. Each is given once; when the limit was extended, those
    that lie ahead again are given again.
    """

    def __init__(self) -> None:
        self.warning: MinutesLeft = ""
        self.ends: int | None = None
        self._longest = 0

    def set(self, job: Job) -> None:
        """Take in what Slurm says of the job. Its end changes with its limit, and by suspension."""
        if job.phase == "running":
            self.ends = job.end
            if job.end is not None:
                self._longest = max(self._longest, job.end - (job.start or 0))

    def look(self, now: float) -> bool:
        """Whether a warning is due that was not given before."""
        before, self.warning = self.warning, self._in_force(now)
        return bool(self.warning) and (not before or int(self.warning) < int(before))

    def _in_force(self, now: float) -> MinutesLeft:
        if self.ends is None:
            return ""
        left = self.ends - now
        for warning in _WARNINGS:
            # Nobody has to be told, as the job starts, what was asked for a minute ago.
            if left <= 60 * int(warning) and self._longest >= 120 * int(warning):
                return warning
        return ""


def deadline_in_words(warning: MinutesLeft, run: str) -> str:
    """A warning, as text for a cell's output."""
    minutes = "a minute" if warning == "1" else f"{warning} minutes"
    return (
        f"kernelkit: the time limit of this kernel's job is reached in {minutes}. Save what you "
        f"need; `kernelkit extend {run}` starts the same kernel in a new job with more time.\n"
    )
