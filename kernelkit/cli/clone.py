"""`kernelkit clone`: a second kernel like one that is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .output import note, print_text, verb
from .params import complete_managed, scope_options, scope_root

if TYPE_CHECKING:
    from ..specs.locations import Scope


def show_cloned(data: dict[str, Any]) -> None:
    """Say what was made."""
    would = "Would make" if data["dry_run"] else "Made"
    print_text(f"{would} {data['directory']}")
    if data["shares"]:
        note(f"Both use the packages dir {data['shares']}", "dim")


@verb("clone", show=show_cloned)
@click.argument("name", shell_complete=complete_managed)
@click.argument("new", metavar="NEW")
@click.option("--display-name", metavar="TEXT", default="", help="What Jupyter shows.")
@scope_options
@click.option("--dry-run", is_flag=True, help="Only say what would be made.")
def command(
    name: str, new: str, display_name: str, scope: Scope | None, prefix: Path | None, dry_run: bool
) -> dict[str, Any]:
    """Copy a kernel under a new name, with its recipe and Slurm options.

    The clone of a kernel that an administrator installed goes to your own, unless told otherwise.
    """
    from ..specs.changes import packages_of
    from ..specs.locations import data_root, scope_of
    from ..specs.lookup import find_kernel
    from ..specs.moving import check_clone, clone_kernel

    kernel = find_kernel(name)
    root = scope_root(scope, prefix)
    if root is None:
        root = data_root("user") if scope_of(kernel.root) == "system" else kernel.root
    directory = root / "kernels" / new
    if dry_run:
        check_clone(kernel, new, root)
    else:
        directory = clone_kernel(kernel, new, display_name=display_name, root=root).directory
    shares = packages_of(kernel)
    return {"name": new, "directory": str(directory), "shares": shares, "dry_run": dry_run}
