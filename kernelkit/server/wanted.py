"""What a body asks to be installed -> what `specs.making` takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import UsageError
from ..model import InstallOptions, Provenance, Recipe, Resources
from ..specs.finding import find_source
from ..specs.making import Target, Trial
from ..specs.recipe_text import checked_recipe
from ..specs.sources import Source
from .answers import Wanted

if TYPE_CHECKING:
    from ..site import Site
    from .tasks import Steps


def source_of(wanted: Wanted, site: Site, *, base: Path | None = None) -> Source:
    """The source that a body names or spells out; relative paths of a recipe count from `base`.

    Raises UsageError for neither or both, and what finding and checking raise.
    """
    if (wanted.source is None) == (wanted.recipe is None):
        raise UsageError("One of `source` and `recipe` is needed.", hint="Send one of them.")
    if wanted.recipe is not None:
        recipe = checked_recipe(wanted.recipe, source="the form")
        provenance = Provenance(origin="flags", given=recipe.identity)
        source = Source(recipe, provenance, base or Path.home())
    else:
        assert wanted.source is not None
        source = find_source(wanted.source, site)
    return replace(source, recipe=_with_options(source.recipe, wanted))


def _with_options(recipe: Recipe, wanted: Wanted) -> Recipe:
    from ..names import display_name
    from ..slurm.argv import check_resources

    options = wanted.options
    if options.display_name:
        shown = display_name(options.display_name)
        recipe = msgspec.structs.replace(recipe, display_name=shown)
    if wanted.resources is not None:
        recipe = msgspec.structs.replace(recipe, resources=wanted.resources)
    if options.on_slurm:
        resources = recipe.resources or Resources()
        check_resources(resources)
        recipe = msgspec.structs.replace(recipe, resources=resources)
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
