"""`kernelkit set`: single values of a kernel's recipe and of its Slurm options."""

from __future__ import annotations

from typing import Any

import click

from ..errors import UsageError
from .changing import change_options, run_change, show_change
from .output import verb
from .params import complete_managed


@verb("set", show=show_change)
@click.argument("name", shell_complete=complete_managed)
@click.argument("settings", nargs=-1, required=True, metavar="KEY=VALUE…")
@change_options
def command(name: str, settings: tuple[str, ...], test: bool, dry_run: bool) -> dict[str, Any]:
    """Change single values of a kernel; it is made anew, tested and swapped in.

    KEY is a key of the recipe, with its table: `display_name`, `modules.load`, `env.NAME`,
    `resources.time`; or one of `on_slurm`, `portable`, `keep`, `lease`, `in_job`, `gpus`,
    `idle`. An empty VALUE takes the key away; in a list, words are separated by spaces.

    \b
    kernelkit set pytorch-2.7.1 env.OMP_NUM_THREADS=4 resources.time=8:00:00
    kernelkit set pytorch-2.7.1 modules.load='gcc/12.2 openmpi/4.1'
    kernelkit set pytorch-2.7.1 on_slurm=true resources.gres=gpu:1
    """
    from ..site import load_site
    from ..slurm.argv import check_resources
    from ..specs.assigning import assign
    from ..specs.changes import edited, options_now, origin
    from ..specs.lookup import find_kernel

    kernel, site = find_kernel(name), load_site()
    pairs = [_pair(text) for text in settings]
    recipe = origin(kernel, site).definition.recipe
    recipe, options = assign(recipe, options_now(kernel, site), pairs)
    if recipe.resources:
        check_resources(recipe.resources)
    change = edited(kernel, recipe, site)
    return run_change(change, site, options=options, test=test, dry_run=dry_run)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"`{text}` sets nothing.", hint="Write KEY=VALUE.")
    return key, value
