"""`kernelkit test`: start an installed kernel, run a cell, interrupt it, stop it."""

from __future__ import annotations

from typing import Any

import click

from ..errors import Stale, UsageError
from .json_flag import is_json
from .output import Outcome, print_pairs, verb
from .progress import StepLines


def show_test(result: dict[str, Any]) -> None:
    """Tell a person what the kernel answered."""
    print_pairs([("Kernel", result["name"]), ("Answered", result["implementation"])])


@verb("test", show=show_test)
@click.argument("name")
@click.option("--timeout", type=float, help="Seconds to wait for each answer.")
@click.option("--on-slurm", is_flag=True, help="In a job, as a Slurm kernel is started; it waits.")
def command(name: str, timeout: float | None, on_slurm: bool) -> Outcome:
    """Start a kernel as Jupyter would, run a cell, interrupt one, find its variables, stop it.

    NAME is any kernel of `kernelkit list`, whoever made it. A kernel for Slurm is started on this
    node, unless `--on-slurm` is given. Exit code 3 says that it works and is stale.
    """
    from ..running.handshake import shake_hands
    from ..running.stanza import job_options_of
    from ..site import load_site
    from ..specs.install import in_step
    from ..specs.lookup import find_kernel

    kernel = find_kernel(name)
    if on_slurm and job_options_of(kernel.directory) is None:
        raise UsageError(
            f"`{kernel.name}` does not run in Slurm jobs.", hint="Leave `--on-slurm` out."
        )
    progress = StepLines(quiet=is_json())
    with in_step(progress, "test", f"Starting {kernel.name}"):
        seen = shake_hands(
            kernel.directory,
            timeout=timeout or load_site().kernel_timeout,
            in_job=on_slurm,
            on_step=progress.line,
        )
        progress.note(", ".join(seen.steps))
    found = {
        "name": kernel.name,
        "state": kernel.state,
        "implementation": seen.implementation,
        "steps": list(seen.steps),
    }
    return Outcome(found, Stale.exit_code if kernel.state == "stale" else 0)
