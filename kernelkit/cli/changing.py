"""What the verbs that change a kernel share: their options, the way of a change, how it is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import output
from .installing import describe
from .json_flag import is_json
from .progress import StepLines

if TYPE_CHECKING:
    from ..model import InstallOptions
    from ..site import Site
    from ..specs.changes import Change
    from ..specs.making import Trial


def change_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """How careful a change is."""
    options = [
        click.option("--no-test", "test", is_flag=True, default=True, flag_value=False,
                     help="Do not start the kernel before it is put in place."),
        click.option("--dry-run", is_flag=True, help="Print what would differ; write nothing."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def run_change(
    change: Change, site: Site, *, options: InstallOptions, test: bool, dry_run: bool
) -> dict[str, Any]:
    """Apply `change`, or with `dry_run` say what would differ; for `show_change`.

    Raises any KernelkitError; the kernel is as it was then.
    """
    from ..running.stanza import job_of
    from ..specs import changes

    kernel = change.kernel
    progress = StepLines(quiet=is_json())
    job = job_of(options, site, directory=kernel.directory)
    if dry_run:
        made = changes.preview(change, site, progress, job=job)
        return {**describe(made), "dry_run": True, "diff": changes.differences(kernel, made)}
    trial = trial_of(site, progress, keep_info=options.on_slurm) if test else None
    made = changes.apply(change, site, progress, job=job, trial=trial)
    return {**describe(made), "tested": list(made.tested), "notices": list(made.notices)}


def trial_of(site: Site, progress: StepLines, *, keep_info: bool) -> Trial:
    """Starts the kernel in a staged directory; `keep_info` as `try_staged` has it."""

    def start(directory: Path) -> tuple[str, ...]:
        from ..running.handshake import try_staged

        return try_staged(
            directory, timeout=site.kernel_timeout, keep_info=keep_info, on_step=progress.line
        )

    return start


def show_change(result: dict[str, Any]) -> None:
    """Tell a person what was changed, or what would be."""
    if result["dry_run"]:
        show_diff(result["diff"])
        return
    output.print_text(f"Changed {result['directory']}")
    for notice in result["notices"]:
        output.warn(notice)
    undo_note(result["name"])


def undo_note(name: str) -> None:
    """Say how to go back."""
    output.note(f"`kernelkit rollback {name}` puts the former version back.", "dim")


_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def show_diff(diff: dict[str, str]) -> None:
    """Print the differences of both files."""
    lines = "".join(diff.values()).splitlines()
    for line in lines:
        # `styled` puts the colour around what `safe` has taken every escape out of.
        output.print_text(output.safe(line), _STYLES.get(line[:1], ""))
    if not lines:
        output.note("Nothing differs.")
