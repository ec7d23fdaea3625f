"""What `kernelkit doctor` says: named checks, each with a verdict, its cause and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from .errors import KernelkitError

Verdict = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Diagnosis:
    """One check: its `name`, the `verdict`, what was found in words, and what to do next.

    `detail` is what another program printed. A check is `skipped` where it does not apply.
    """

    verdict: Verdict
    message: str
    hint: str = ""
    detail: str = ""
    name: str = ""


def diagnose(name: str, look: Callable[[], Diagnosis | str]) -> Diagnosis:
    """Run one check. `look` returns words where all is well; an error of ours is its failure."""
    try:
        found = look()
    except KernelkitError as error:
        found = Diagnosis("failed", error.message, error.hint, error.detail)
    if isinstance(found, str):
        found = Diagnosis("ok", found)
    return replace(found, name=name)
