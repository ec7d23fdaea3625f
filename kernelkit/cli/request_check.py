"""Whether Slurm would run what a kernel asks for, before the kernel is written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..model import Resources
    from ..slurm.requests import Check


def check_request(options: dict[str, Any], resources: Resources | None, *, quiet: bool) -> Any:
    """Check the request of a kernel that is to be made; what is found is for `with_check`.

    None where there is nothing to check: no `--on-slurm`, a job that is there already, or
    `--no-check`. Raises SubmitRejected for a request that could never run; a Slurm that does not
    answer is no reason to refuse. Called by `install` and `create`, before anything is pulled.
    """
    if not options["on_slurm"] or options["in_job"] or not options["check"]:
        return None
    from ..model import Resources
    from ..slurm.requests import check_afresh, raise_errors
    from ..specs.work import in_step
    from .progress import StepLines

    progress = StepLines(quiet=quiet)
    with in_step(progress, "request", "Asking Slurm whether the request can run"):
        found = asyncio.run(check_afresh(resources or Resources()))
        raise_errors(
            found,
            hint="`kernelkit cluster` shows what there is; `--no-check` makes the kernel all the "
            "same.",
        )
        progress.note(_outlook(found))
    return found


def _outlook(check: Check) -> str:
    from ..slurm.requests import start_in_words

    if check.start is None:
        return "not checked" if check.note else "the request can run"
    return start_in_words(check.start)


def with_check(result: dict[str, Any], check: Check | None) -> dict[str, Any]:
    """The result of an install with what the check of its request found."""
    if check is None:
        return result
    notices = [problem.message for problem in check.problems]
    if check.note:
        notices.append(f"The request was not checked: {check.note}")
    return {
        **result,
        "notices": [*result.get("notices", ()), *notices],
        "expected_start": check.start,
    }
