"""`kernelkit rollback`: one step back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .output import note, print_text, verb
from .params import complete_kernels, scope_options, scope_root

if TYPE_CHECKING:
    from ..specs.locations import Scope


def show_rolled_back(data: dict[str, Any]) -> None:
    """Say what stands again."""
    if data["dry_run"]:
        print_text(f"Would put back {data['kept']}")
        return
    print_text(f"Back in place: {data['directory']} ({data['display_name']})")
    if data["redo"]:
        note(f"`kernelkit rollback {data['redo']}` undoes this.", "dim")


@verb("rollback", show=show_rolled_back)
@click.argument("name", shell_complete=complete_kernels)
@scope_options
@click.option("--dry-run", is_flag=True, help="Only say what would be put back.")
def command(name: str, scope: Scope | None, prefix: Path | None, dry_run: bool) -> dict[str, Any]:
    """Undo the last change of a kernel: an edit, upgrade, rename, adoption or removal.

    NAME is the kernel's name as it is now, or was before it was removed. Done twice, it undoes
    itself. What `kernelkit pip` changed is undone by `kernelkit pip NAME rollback`.
    """
    from ..specs.shelf import kept_path
    from ..specs.undo import check_undoable, rollback

    root = scope_root(scope, prefix)
    roots = None if root is None else [root]
    kept = kept_path(check_undoable(name, roots=roots), name.lower())
    if dry_run:
        return {"name": name, "kept": str(kept), "dry_run": True}
    undone = rollback(name, roots=roots)
    return {**undone.kernel.to_dict(), "redo": undone.redo, "dry_run": False}
