"""`kernelkit install`: one command from a name, a file, an image or an environment to a kernel."""

from __future__ import annotations

from dataclasses import replace
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
from .request_check import check_request, with_check


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
    from ..site import load_site
    from ..specs.finding import find_source

    found = find_source(source, load_site())
    recipe = take_resources(with_extras(found.recipe, options), options)
    found = replace(found, recipe=recipe)
    request = Request.from_options(options)
    checked = check_request(options, recipe.resources, quiet=request.quiet)
    return with_check(install_source(found, request, packages), checked)
