"""`kernelkit rename`: another name, or another display name."""

from __future__ import annotations

from typing import Any

import click

from .changing import undo_note
from .output import print_text, verb
from .params import complete_managed


def show_renamed(data: dict[str, Any]) -> None:
    """Say what the kernel is called now."""
    would = "Would be" if data["dry_run"] else "Now"
    print_text(f"{would} {data['name']} ({data['display_name']}) in {data['directory']}")
    if not data["dry_run"]:
        undo_note(data["name"])


@verb("rename", show=show_renamed)
@click.argument("name", shell_complete=complete_managed)
@click.argument("new", metavar="[NEW]", default="")
@click.option("--display-name", metavar="TEXT", default="", help="What Jupyter shows.")
@click.option("--dry-run", is_flag=True, help="Only say what would be.")
def command(name: str, new: str, display_name: str, dry_run: bool) -> dict[str, Any]:
    """Give a kernel another name, another display name, or both.

    Notebooks remember the name of their kernel: those that used the old one ask for another.
    """
    from ..specs.lookup import find_kernel
    from ..specs.moving import check_clone, rename_kernel

    kernel = find_kernel(name)
    if dry_run:
        if new and new != kernel.name:
            check_clone(kernel, new, kernel.root)
        directory = kernel.directory.with_name(new or kernel.name)
        shown = display_name or kernel.display_name
    else:
        found = rename_kernel(kernel, new, display_name=display_name)
        directory, shown = found.directory, found.display_name
    return {
        "name": directory.name,
        "was": kernel.name,
        "display_name": shown,
        "directory": str(directory),
        "dry_run": dry_run,
    }
