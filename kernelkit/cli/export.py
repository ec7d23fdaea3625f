"""`kernelkit export`: an installed kernel's recipe as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import output
from .output import verb
from .params import complete_managed


def show_exported(data: dict[str, Any]) -> None:
    """Print the recipe, or say where it is."""
    if data["file"]:
        output.print_text(f"Wrote {data['file']}")
        return
    for line in data["text"].rstrip("\n").split("\n"):
        output.print_text(output.safe(line))


@verb("export", show=show_exported)
@click.argument("name", shell_complete=complete_managed)
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.toml",
    help="Write it there instead of printing it.",
)
def command(name: str, file: Path | None) -> dict[str, Any]:
    """Print the recipe of a kernel, with all paths absolute, as `kernelkit install FILE` reads it."""
    from ..site import load_site
    from ..specs.changes import origin
    from ..specs.exporting import export_recipe
    from ..specs.lookup import find_kernel
    from .create import save_text

    found = export_recipe(origin(find_kernel(name), load_site()))
    if file:
        save_text(file, found.text)
    return {"filename": found.filename, "text": found.text, "file": str(file) if file else None}
