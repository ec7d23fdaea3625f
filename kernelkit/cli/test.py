"""`kernelkit test`: start an installed kernel, run a cell, interrupt it, stop it."""

from __future__ import annotations

from typing import Any

import click

from .json_flag import is_json
from .output import print_pairs, verb
from .progress import StepLines


def show_test(result: dict[str, Any]) -> None:
    """Tell a person what the kernel answered."""
    print_pairs([("Kernel", result["name"]), ("Answered", result["implementation"])])


@verb("test", show=show_test)
@click.argument("name")
@click.option("--timeout", type=float, help="Seconds to wait for each answer.")
def command(name: str, timeout: float | None) -> dict[str, Any]:
    """Start a kernel as Jupyter would, run a cell, interrupt one, find its variables, stop it.

    NAME is any kernel of `kernelkit list`, whoever made it.
    """
    from ..running.handshake import shake_hands
    from ..site import load_site
    from ..specs.install import in_step
    from ..specs.lookup import find_kernel

    kernel = find_kernel(name)
    progress = StepLines(quiet=is_json())
    with in_step(progress, "test", f"Starting {kernel.name}"):
        seen = shake_hands(
            kernel.directory,
            timeout=timeout or load_site().kernel_timeout,
            on_step=progress.line,
        )
        progress.note(", ".join(seen.steps))
    return {
        "name": kernel.name,
        "state": kernel.state,
        "implementation": seen.implementation,
        "steps": list(seen.steps),
    }
