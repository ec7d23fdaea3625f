"""`kernelkit remove`: takes down kernels that kernelkit made, after asking."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .output import note, print_text, verb
from .params import complete_managed, scope_options, scope_root

if TYPE_CHECKING:
    from ..specs.locations import Scope


def remove_kernels(
    names: Sequence[str], *, roots: Sequence[Path] | None, force: bool, dry_run: bool
) -> list[dict[str, str]]:
    """Remove every named kernel, or none: all are looked up and checked first."""
    from ..specs import store

    found = [store.check_removable(name, roots=roots, force=force) for name in names]
    removed = []
    for kernel in found:
        kept = kernel.root / "kernelkit" / "previous" / kernel.name
        if not dry_run:
            store.remove(kernel.directory.name, roots=[kernel.root], force=force)
        removed.append({"name": kernel.name, "directory": str(kernel.directory), "kept": str(kept)})
    return removed


def show_removed(data: dict[str, Any]) -> None:
    """Say what was removed and where the copy is."""
    for kernel in data["removed"]:
        if data["dry_run"]:
            print_text(f"Would remove {kernel['directory']}")
        else:
            print_text(f"Removed {kernel['directory']}")
            note(f"A copy is kept in {kernel['kept']}", "dim")


def confirm(names: Sequence[str], yes: bool) -> None:
    """Ask on a terminal; elsewhere `-y` has to be given. Raises UsageError."""
    if yes:
        return
    if not sys.stdin.isatty():
        from ..errors import UsageError

        listed = ", ".join(f"`{name}`" for name in names)
        raise UsageError(
            f"Nobody can be asked here whether to remove {listed}.",
            hint="Give `-y` to remove without asking.",
        )
    click.confirm(f"Remove {', '.join(names)}?", abort=True, err=True)


@verb("remove", show=show_removed)
@click.argument("names", nargs=-1, required=True, shell_complete=complete_managed)
@scope_options
@click.option("--force", is_flag=True, help="Also when it was edited by hand.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def command(
    names: tuple[str, ...],
    scope: Scope | None,
    prefix: Path | None,
    force: bool,
    dry_run: bool,
    yes: bool,
) -> dict[str, Any]:
    """Remove kernels that kernelkit made. A copy of each is kept.

    NAME is a kernel's name as in `kernelkit list`, or the NAME/VERSION it was made from. What
    kernelkit did not make is refused: `jupyter kernelspec remove` is for those.
    """
    root = scope_root(scope, prefix)
    roots = None if root is None else [root]
    if not dry_run:
        # Looked up before asking: a question about a kernel that is not there helps nobody.
        remove_kernels(names, roots=roots, force=force, dry_run=True)
        confirm(names, yes)
    removed = remove_kernels(names, roots=roots, force=force, dry_run=dry_run)
    return {"removed": removed, "dry_run": dry_run}
