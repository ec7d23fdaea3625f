"""`kernelkit edit`: a kernel's recipe in an editor, and the kernel made anew from it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import KernelkitError, UsageError
from . import output
from .changing import change_options, run_change, show_change
from .output import verb
from .params import complete_managed

if TYPE_CHECKING:
    from ..site import Site
    from ..specs.states import Installed

_HEAD = """\
# The recipe of the kernel {name}. Save and leave the editor to make the kernel anew;
# an unchanged or empty file changes nothing. Paths count from {base}
"""


def show_edited(result: dict[str, Any]) -> None:
    """Tell a person what was changed."""
    if result.get("unchanged"):
        output.note("Nothing was changed.")
        return
    show_change(result)
    if "text" in result:
        output.note(f"Your text is kept in {result['text']}", "dim")


@verb("edit", show=show_edited)
@click.argument("name", shell_complete=complete_managed)
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Take the recipe from FILE (- for stdin) instead of an editor.",
)
@change_options
def command(name: str, file: Path | None, test: bool, dry_run: bool) -> dict[str, Any]:
    """Edit the recipe of a kernel; the kernel is made anew, tested and swapped in.

    The editor is $VISUAL or $EDITOR. Slurm options that are no part of a recipe stay; `kernelkit
    set` changes those. When something is wrong, the text is kept and the kernel is as it was.
    """
    from ..site import load_site
    from ..specs.lookup import find_kernel
    from ..specs.shelf import fingerprint

    kernel, site = find_kernel(name), load_site()
    how = {"test": test, "dry_run": dry_run}
    if file:
        text = sys.stdin.read() if str(file) == "-" else _read(file)
        return _apply(kernel, text, site, str(file), how)
    expected = fingerprint(kernel.root, kernel.directory)
    before = _text(kernel, site)
    path = Path(tempfile.mkdtemp(prefix="kernelkit-edit-"), f"{kernel.name}.toml")
    path.write_text(before, encoding="utf-8")
    kept = False
    try:
        click.edit(filename=str(path))
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        if text == before or not text.strip():
            return {"name": kernel.name, "unchanged": True, "dry_run": dry_run}
        kept = True  # from here on there is something to lose
        result = _apply(kernel, text, site, str(path), how, expected)
        kept = dry_run
        result |= {"text": str(path)} if dry_run else {}
    except KernelkitError as error:
        again = f"`kernelkit edit {kernel.name} --file {path}`"
        error.hint = f"{error.hint} Your text is kept: mend it, then {again}.".strip()
        raise
    except click.Abort:
        if kept:
            output.note(f"Your text is kept in {path}")
        raise
    finally:
        if not kept:
            path.unlink(missing_ok=True)
            path.parent.rmdir()
    return result


def _read(path: Path) -> str:
    from ..specs.recipe_text import read_text

    return read_text(path)


def _text(kernel: Installed, site: Site) -> str:
    from ..specs.changes import origin
    from ..specs.recipe_toml import render_recipe

    found = origin(kernel, site).definition
    return _HEAD.format(name=kernel.name, base=output.safe(found.base)) + render_recipe(
        found.recipe
    )


def _apply(
    kernel: Installed,
    text: str,
    site: Site,
    source: str,
    how: dict[str, bool],
    expected: str = "",
) -> dict[str, Any]:
    from ..slurm.argv import check_resources
    from ..specs.changes import edited, options_now
    from ..specs.recipe_text import parse_recipe

    if not text.strip():
        raise UsageError(f"`{source}` is empty.", hint="Give a whole recipe.")
    recipe = parse_recipe(text, source=source)
    if recipe.resources:
        check_resources(recipe.resources)
    change = edited(kernel, recipe, site, expected=expected)
    return run_change(change, site, options=options_now(kernel, site), **how)
