"""Whether Slurm would run what a kernel asks for, before the kernel is written."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..model import Resources
    from ..slurm.requests import Check

# Seconds: the scheduler rounds its plans, and looks at the queue every so often.
_AT_ONCE = 60


def check_request(options: dict[str, Any], resources: Resources | None, *, quiet: bool) -> Any:
    """Check the request of a kernel that is to be made; what is found is for `with_check`.

    None where there is nothing to check: no `--on-slurm`, a job that is there already, or
    `--no-check`. Raises SubmitRejected for a request that could never run; a Slurm that does not
    answer is no reason to refuse. Called by `install` and `create`, before anything is pulled.
    """
    if not options["on_slurm"] or options["in_job"] or not options["check"]:
        return None
    from ..model import Resources
    from ..slurm.requests import raise_errors
    from ..specs.work import in_step
    from .progress import StepLines

    progress = StepLines(quiet=quiet)
    with in_step(progress, "request", "Asking Slurm whether the request can run"):
        found = asyncio.run(_ask(resources or Resources()))
        raise_errors(
            found,
            hint="`kernelkit cluster` shows what there is; `--no-check` makes the kernel all the "
            "same.",
        )
        progress.note(_outlook(found))
    return found


async def _ask(resources: Resources) -> Check:
    from ..slurm.client import Slurm
    from ..slurm.inventory import load_inventory
    from ..slurm.requests import check_request

    slurm = Slurm()
    return await check_request(slurm, resources, await load_inventory(slurm))


def _outlook(check: Check) -> str:
    from ..slurm.states import moment_in_words

    if check.start is None:
        return "not checked" if check.note else "the request can run"
    when = moment_in_words(check.start, time.time() + _AT_ONCE)
    return f"a job would start about {when}" if when else "a job would start at once"


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
