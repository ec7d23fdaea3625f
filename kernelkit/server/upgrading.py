"""A stale kernel made anew, after what would differ was shown, and one step back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from ..errors import Changed, NotPermitted, UsageError
from ..specs import undo
from ..specs.changes import Change, check_unedited, options_now, refreshed
from ..specs.detail import summarize
from ..specs.lookup import find_kernel
from ..specs.states import edited_files
from .answers import Difference, RolledBack, TaskAnswer, UpgradeOf
from .changes import begin
from .preview import rendered

if TYPE_CHECKING:
    from ..specs.states import Installed
    from .services import Services


def diff(services: Services, name: str) -> Difference:
    """What an upgrade would change in a kernel's files: everything is resolved and probed anew.

    Takes as long as an install without its test. Raises NotFound, Unmanaged and what resolving
    raises: RecipeError, ModuleError, ContainerError, EnvironmentBroken.
    """
    kernel, site = find_kernel(name), services.site
    change = refreshed(kernel, site)
    shown = rendered(change.source, change.target, options_now(kernel, site), site, kernel)
    return Difference(
        files=shown.files,
        sbatch=shown.sbatch,
        problems=shown.problems,
        edited=tuple(edited_files(kernel.kernel, kernel.path)),
        fingerprint=change.expected,
    )


def upgrade(services: Services, name: str, body: UpgradeOf) -> TaskAnswer:
    """Begin making a stale kernel anew, from its recipe and its modules, image or environment as
    they are now; the former version is kept. What was given at install stays.

    Raises NotFound, Unmanaged, RecipeError, Changed where it is not what was shown any more,
    NotPermitted where it was edited by hand or stands where this user may not write, and
    UsageError for one that is ready.
    """
    kernel, site = find_kernel(name), services.site
    change = refreshed(kernel, site)
    _check_upgradable(kernel, change, body)
    options = msgspec.structs.replace(options_now(kernel, site), no_test=body.no_test)
    title = f"Upgrading {kernel.display_name or kernel.name}"
    return begin(services, "upgrade", title, change, options)


def _check_upgradable(kernel: Installed, change: Change, body: UpgradeOf) -> None:
    if body.fingerprint not in ("", change.expected):
        raise Changed(
            f"`{kernel.name}` was changed since the differences were shown.",
            hint="Look at what would differ now.",
        )
    if kernel.state == "ready" and not body.force:
        raise UsageError(
            f"`{kernel.name}` is up to date.", hint="With `force` it is made anew all the same."
        )
    if not body.force:
        check_unedited(kernel)
    change.check_free()
    # Before minutes of probing and a test: the swap itself would only say it at the end.
    place = kernel.directory.parent
    if not os.access(place, os.W_OK):
        raise NotPermitted(
            f"`{kernel.name}` stands in `{place}`, which you may not write.",
            hint="Ask who installed it to upgrade it.",
        )


def rollback(services: Services, name: str) -> RolledBack:
    """Undo the last change of a kernel: an edit, upgrade, rename, adoption or removal.

    Done twice, it undoes itself. Raises NotFound where there is no earlier version, InvalidName,
    AlreadyExists where the former name is taken, Unmanaged and NotPermitted.
    """
    undone = undo.rollback(name)
    kernel = undone.kernel
    former = name.lower()
    if not undone.redo:
        services.kernels_changed("installed", kernel.name)
    elif kernel.name == former:
        services.kernels_changed("changed", kernel.name)
    else:
        services.kernels_changed("renamed", kernel.name, former=former)
    return RolledBack(kernel=summarize(kernel), redo=undone.redo)
