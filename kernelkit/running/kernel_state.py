"""How a run stands and how it ended, as its keeper knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

KernelPhase = Literal["queued", "starting", "running", "exited", "ended"]


class RunEnd(Struct, frozen=True, kw_only=True):
    """Slurm's word for an end or one of ours (see `ends`), a sentence, what to do next, and the
    end of the log."""

    code: str
    words: str
    advice: str = ""
    log_tail: str = ""

    @property
    def text(self) -> str:
        """All of it, for a cell's error."""
        said = f"{self.words}. {self.advice}" if self.advice else self.words
        return f"{said}\n\n{self.log_tail}" if self.log_tail else said


@dataclass(frozen=True)
class KernelState:
    """`words` are for people, `start` counts the run's kernels, `exit` is the last one's code.
    `end` is set when the job is over and only a new one could follow."""

    phase: KernelPhase
    words: str
    start: int = 0
    exit: int | None = None
    node: str = ""
    end: RunEnd | None = None

    def why(self, log: str = "") -> str:
        """Why it is over, as long as may be: all that is known of its end, or `words` and `log`."""
        return self.end.text if self.end else f"{self.words}.\n\n{log}".strip()

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self.end is not None
