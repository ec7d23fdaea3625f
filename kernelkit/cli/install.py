"""`kernelkit install`: one command from a name, a file, an image or an environment to a kernel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from .installing import (
    Request,
    extra_options,
    install_source,
    show_installed,
    target_options,
    with_extras,
)
from .job_options import job_options, take_resources
from .output import verb


def find_source(text: str) -> Any:
    """What `text` means. Raises NotFound, Ambiguous and what reading it raises."""
    from ..specs import sources

    if sources.is_reference(text):
        return sources.source_of_reference(text)
    if sources.looks_like_path(text):
        return sources.source_of_path(text)
    from ..errors import InvalidName, NotFound

    try:
        return _named(text)
    except (NotFound, InvalidName):
        # An environment's directory given without `./`, as tab completion leaves it.
        if Path(text).exists():
            return sources.source_of_path(text)
        raise


def _named(text: str) -> Any:
    from ..environment.modules import module_backend_or_none
    from ..site import load_site
    from ..specs.candidates import choose
    from ..specs.recipes import Catalog
    from ..specs.sources import source_of_candidate

    site = load_site()
    chosen = choose(text, site, Catalog(site), module_backend_or_none(site))
    return source_of_candidate(chosen, text)


@verb("install", show=show_installed)
@click.argument("source", metavar="NAME[/VERSION]|FILE.toml|IMAGE|docker://…|ENVIRONMENT")
@extra_options
@job_options
@target_options
def command(
    source: str,
    packages: str | None,
    **options: Any,
) -> dict[str, Any]:
    """Install a kernel, tested before it is put in place.

    \b
    kernelkit install pytorch/2.7.1           a catalog recipe or a module, by name or prefix
    kernelkit install ./kernelkit.toml        a recipe of your project
    kernelkit install image.sif               an Apptainer image (or docker://…, pulled now)
    kernelkit install .venv                   a conda or virtual environment (or a conda name)
    kernelkit install my-old-kernel           a kernelspec you already have, wrapped
    kernelkit install pytorch/2.7.1 --on-slurm --partition gpu --gres gpu:1 --time 2:00:00
    """
    found = find_source(source)
    recipe = take_resources(with_extras(found.recipe, options), options)
    found = replace(found, recipe=recipe)
    return install_source(found, Request.from_options(options), packages)
