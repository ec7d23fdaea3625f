"""`kernelkit adopt`: a kernelspec that somebody made by hand becomes one of kernelkit's."""

from __future__ import annotations

from typing import Any

import click

from . import output
from .changing import change_options, run_change, show_change
from .json_flag import is_json
from .output import verb
from .params import complete_kernels


def show_adopted(result: dict[str, Any]) -> None:
    """Tell a person what was made of the kernel."""
    if result["dry_run"]:
        for line in result["recipe"].rstrip("\n").split("\n"):
            output.print_text(output.safe(line))
        return
    if result["name"] == result["adopted"]:
        show_change(result)
        return
    output.print_text(f"Made {result['directory']}")
    for notice in result["notices"]:
        output.warn(notice)
    output.note(f"`{result['adopted']}` stays as it is.", "dim")


@verb("adopt", show=show_adopted)
@click.argument("name", shell_complete=complete_kernels)
@click.option("--as", "new", metavar="NEW", default="", help="Make another kernel of it, named so.")
@click.option("--display-name", metavar="TEXT", default="", help="What Jupyter shows.")
@change_options
def command(name: str, new: str, display_name: str, test: bool, dry_run: bool) -> dict[str, Any]:
    """Make a hand-made kernel one of kernelkit's, in its place or beside it.

    Understood are what `ipykernel install` writes, wrapper scripts that load modules, activate an
    environment or enter a container, `apptainer exec` in kernel.json, envkernel's kernels, and
    copies of kernelkit's own. Anything else is started by its own command as before. The old
    directory is kept: `kernelkit rollback NAME` brings it back. With `--as` it is not touched, and
    the new kernel stands beside it.
    """
    from ..site import load_site
    from ..specs.adopting import adoption_of
    from ..specs.lookup import find_kernel
    from ..specs.recipe_toml import render_recipe

    site = load_site()
    kernel = find_kernel(name)
    found = adoption_of(kernel, site, name=new, display_name=display_name)
    if not is_json():
        for note in found.notes:
            output.note(note)
    recipe = {"recipe": render_recipe(found.change.source.recipe), "notes": list(found.notes)}
    how = {"test": test, "dry_run": dry_run}
    changed = run_change(found.change, site, options=found.options, **how)
    return {**changed, **recipe, "adopted": kernel.name}
