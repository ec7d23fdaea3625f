"""What a body asks to be installed -> what `specs.making` takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import UsageError
from ..model import InstallOptions, Packages, Provenance, Recipe, Resources
from ..specs.changes import Change, edited
from ..specs.finding import find_source
from ..specs.making import Target, Trial
from ..specs.recipe_text import checked_recipe
from ..specs.sources import Source
from .answers import Wanted

if TYPE_CHECKING:
    from ..site import Site
    from ..specs.states import Installed
    from .steps import Steps

# What messages call a recipe that was sent; problems of a form leave it out.
FORM = "the form"


def source_of(wanted: Wanted, site: Site) -> Source:
    """The source that a body names or spells out; relative paths of a recipe count from home.

    Raises UsageError for neither or both, and what finding and checking raise.
    """
    if (wanted.source is None) == (wanted.recipe is None):
        raise UsageError("One of `source` and `recipe` is needed.", hint="Send one of them.")
    if wanted.recipe is not None:
        recipe = checked_recipe(wanted.recipe, source=FORM)
        provenance = Provenance(origin="flags", given=recipe.identity)
        source = Source(recipe, provenance, Path.home())
    else:
        assert wanted.source is not None
        source = find_source(wanted.source, site)
    recipe = with_options(source.recipe, wanted.options, wanted.resources)
    return replace(source, recipe=recipe)


def change_of(
    kernel: Installed, recipe: Recipe, options: InstallOptions, site: Site, *, expected: str = ""
) -> Change:
    """An edit of an installed kernel. Raises UsageError for options that need another verb, and
    what finding and checking raise."""
    if options.as_name not in ("", kernel.name):
        raise UsageError(
            f"`{kernel.name}` cannot be edited into `{options.as_name}`.", hint="Rename it."
        )
    recipe = with_options(checked_recipe(recipe, source=FORM), options)
    if options.packages:
        recipe = msgspec.structs.replace(recipe, packages=Packages(dir=options.packages))
    return edited(kernel, recipe, site, expected=expected)


def with_options(
    recipe: Recipe, options: InstallOptions, resources: Resources | None = None
) -> Recipe:
    """`recipe` with what the options say of it; `resources` take the place of its own.

    Raises InvalidName, and UsageError for a request that cannot be made.
    """
    from ..names import display_name
    from ..slurm.argv import check_resources

    if options.display_name:
        shown = display_name(options.display_name)
        recipe = msgspec.structs.replace(recipe, display_name=shown)
    if resources is not None:
        recipe = msgspec.structs.replace(recipe, resources=resources)
    if options.on_slurm:
        asked = recipe.resources or Resources()
        check_resources(asked)
        recipe = msgspec.structs.replace(recipe, resources=asked)
    return recipe


def target_of(options: InstallOptions, *, may_replace: bool = False) -> Target:
    """Where the kernel goes. Raises UsageError for a place that a server does not install to."""
    if options.scope == "system":
        raise UsageError(
            "Kernels for the whole system are an administrator's to install.",
            hint="Choose `user` or `sys-prefix`.",
        )
    return Target(
        name=options.as_name or None,
        scope=options.scope,
        replace=may_replace,
        packages=options.packages or None,
    )


def trial_of(options: InstallOptions, site: Site, steps: Steps) -> Trial | None:
    """How the kernel is tried before it is put in place; None where that was not wanted."""
    if options.no_test:
        return None

    def start(directory: Path) -> tuple[str, ...]:
        from ..running.handshake import try_staged

        timeout = site.kernel_timeout
        keep_info = options.on_slurm
        return try_staged(directory, timeout=timeout, keep_info=keep_info, on_step=steps.line)

    return start
