"""One line of the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """`met` is None where there is no goal, `cause` why it was missed."""

    what: str
    measured: str
    against: str
    result: str
    goal: str = ""
    met: bool | None = None
    cause: str = ""

    def render(self) -> str:
        verdict = {True: "reached", False: "**missed**", None: ""}[self.met]
        cells = (self.what, self.measured, self.against, self.result, self.goal, verdict)
        return "| " + " | ".join(cells) + " |"
