"""A change of an installed kernel: its recipe edited, or resolved anew, and made once more.

Everything goes the way of an install: resolved, probed, tried and swapped in whole, the version
before kept for `undo`. What belongs to the other wing comes in as an argument, as in `making`.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NotPermitted
from . import store
from .definition import Origin, load, origin_of, renewed
from .detail import options_of, text_of
from .making import Job, Made, Target, Trial, make_kernel, preview_kernel
from .recipe_text import load_recipe
from .shelf import fingerprint
from .states import Installed, edited_files

if TYPE_CHECKING:
    from ..model import InstallOptions, Recipe
    from ..site import Site
    from .sources import Source
    from .work import Progress


@dataclass(frozen=True)
class Change:
    """What a kernel is to be made from now, and on which state of it that was decided."""

    kernel: Installed
    source: Source
    expected: str
    # For an adoption, which may be of a kernel in a place that others write, and may leave it be:
    # `beside` is then the name of the new one.
    root: Path | None = None
    adopt: bool = False
    beside: str = ""

    @property
    def target(self) -> Target:
        """The place of the kernel itself, or of the new one beside it."""
        root = self.root or self.kernel.root
        if self.beside:
            return Target(name=self.beside, root=root)
        return Target(
            name=self.kernel.directory.name.lower(),
            root=root,
            replace=True,
            expected=self.expected,
            adopt=self.adopt,
        )

    def check_free(self) -> None:
        """Raises at once what `apply` would raise of the place, InvalidName and AlreadyExists
        among them."""
        target = self.target
        assert target.root and target.name
        store.check_free(target.root, target.name, replace=target.replace, adopt=target.adopt)


def origin(kernel: Installed, site: Site) -> Origin:
    """What `kernel` was made from. Raises Unmanaged."""
    return origin_of(kernel, load(kernel), site_binds=tuple(site.container_binds))


def options_now(kernel: Installed, site: Site) -> InstallOptions:
    """The options that would install `kernel` as it is. Raises Unmanaged."""
    return options_of(kernel, origin(kernel, site).definition.recipe)


def packages_of(kernel: Installed) -> str:
    """The packages dir of `kernel`, as an absolute path; empty where it has none."""
    plan = load(kernel).plan
    return plan.packages_dir if plan else ""


def edited(kernel: Installed, recipe: Recipe, site: Site, *, expected: str = "") -> Change:
    """`kernel` with `recipe` in place of its own. Raises Unmanaged.

    `expected` is the fingerprint that the recipe was edited on; without one, that of now.
    """
    source = dataclasses.replace(origin(kernel, site).source, recipe=recipe)
    return Change(kernel, source, expected or fingerprint(kernel.root, kernel.directory))


def refreshed(kernel: Installed, site: Site) -> Change:
    """`kernel` from its recipe as that stands now in its catalog or project; options stay.

    Raises Unmanaged, and RecipeError for a recipe that can no longer be read.
    """
    expected = fingerprint(kernel.root, kernel.directory)
    source = origin(kernel, site).source
    mark = source.provenance.file
    # The file of a wrapped kernelspec is no recipe; a recipe that is gone leaves ours.
    if mark and source.provenance.origin in ("catalog", "file") and Path(mark.path).is_file():
        recipe, _ = load_recipe(Path(mark.path))
        source = renewed(source, recipe, Path(mark.path))
    return Change(kernel, source, expected)


def apply(
    change: Change,
    site: Site,
    progress: Progress,
    *,
    job: Job | None = None,
    trial: Trial | None = None,
) -> Made:
    """Make the kernel anew and swap it in. Raises any KernelkitError, with nothing changed then;
    Changed where somebody else was first."""
    return make_kernel(change.source, change.target, site, progress, job=job, trial=trial)


def preview(change: Change, site: Site, progress: Progress, *, job: Job | None = None) -> Made:
    """What `apply` would put in place."""
    return preview_kernel(change.source, change.target, site, progress, job=job)


def check_unedited(kernel: Installed) -> None:
    """Raises NotPermitted where a file of `kernel` was edited by hand: a change would undo that."""
    if edits := edited_files(kernel.kernel, kernel.path):
        raise NotPermitted(
            f"`{kernel.name}` is not as kernelkit wrote it: {', '.join(edits)}.",
            hint="`--force` makes it anew all the same; the edited one is kept for `rollback`.",
        )


def differences(kernel: Installed, made: Made) -> dict[str, str]:
    """A unified diff for each of both files, from what is saved to `made`; empty where equal."""
    new = {"kernel.json": made.prepared.kernel_json, "launch.sh": made.prepared.script}
    return {
        name: unified(text_of(kernel.directory / name), text, name) for name, text in new.items()
    }


# What every install writes anew, and nobody means by a difference.
_TIME = re.compile(r'("installed": )"[^"]*"')


def unified(saved: str, new: str, name: str) -> str:
    """A unified diff of two texts of one of a kernel's files; the time of install is left out."""
    old = _TIME.search(saved)
    if old:
        new = _TIME.sub(lambda _: old[0], new, count=1)
    lines = difflib.unified_diff(
        saved.splitlines(), new.splitlines(), f"saved/{name}", f"new/{name}", lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)
