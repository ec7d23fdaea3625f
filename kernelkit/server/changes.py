"""Making, testing and removing kernels: tasks around what `specs` and `running` do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Cancelled, Changed, KernelkitError, UsageError
from ..running.stanza import job_of
from ..specs import store
from ..specs.adopting import adoption_of
from ..specs.changes import Change, apply
from ..specs.detail import KernelSummary, summarize
from ..specs.job_config import job_config
from ..specs.lookup import find_kernel
from ..specs.making import make_kernel, place
from ..specs.moving import clone_kernel, rename_kernel
from ..specs.shelf import fingerprint
from .answers import (
    AdoptionOf,
    CloneOf,
    Edit,
    NewKernel,
    NewName,
    Query,
    TaskAnswer,
    TaskKind,
    TaskResult,
    TestOf,
)
from .requests import refuse_impossible
from .wanted import change_of, source_of, target_of, trial_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..model import InstallOptions
    from ..site import Site
    from .services import Services
    from .steps import Steps


class RemoveQuery(Query, frozen=True):
    """`force` removes a kernel that was edited by hand, too; a copy is kept in any case."""

    force: bool = False


def install(services: Services, body: NewKernel) -> TaskAnswer:
    """Begin an install. What is wrong with the request itself is answered at once."""
    site = services.site
    source = source_of(body, site)
    target = target_of(body.options, may_replace=body.replace)
    root, name = place(source, target, site)
    store.check_free(root, name, replace=body.replace)

    def work(steps: Steps) -> TaskResult:
        if not body.no_check:
            refuse_impossible(services, source.recipe.resources, body.options, steps)
        made = make_kernel(
            source, target, site, steps,
            job=job_of(body.options, site), trial=trial_of(body.options, site, steps),
        )  # fmt: skip
        services.kernels_changed("installed", made.directory.name)
        if body.options.on_slurm and body.options.test_on_slurm:
            _test_new_in_job(made.directory, site, steps)
        return TaskResult(name=made.directory.name, notices=made.notices)

    title = f"Installing {source.recipe.display_name or source.recipe.identity}"
    return TaskAnswer(task=services.tasks.start("install", name, title, work))


def edit(services: Services, name: str, body: Edit) -> TaskAnswer:
    """Begin making a kernel anew from an edited recipe; the former version is kept.

    Raises NotFound, Unmanaged, and Changed where it is not what was edited any more.
    """
    site = services.site
    kernel = find_kernel(name)
    change = change_of(kernel, body.recipe, body.options, site, expected=body.fingerprint)
    if change.expected != fingerprint(kernel.root, kernel.directory):
        raise Changed(
            f"`{kernel.name}` was changed while it was edited.",
            hint="Look at what it is now, and edit that.",
        )
    title = f"Changing {kernel.display_name or kernel.name}"
    return begin(services, "edit", title, change, body.options, check=not body.no_check)


def adopt(services: Services, name: str, body: AdoptionOf) -> TaskAnswer:
    """Begin making a hand-made kernel one of kernelkit's, in its place, where the former directory
    is kept, or under another name beside it. Raises NotFound, RecipeError, InvalidName,
    AlreadyExists, and UsageError for one that is kernelkit's already."""
    kernel = find_kernel(name)
    found = adoption_of(kernel, services.site, name=body.name, display_name=body.display_name)
    found.change.check_free()
    title = f"Adopting {kernel.display_name or kernel.name}"
    return begin(services, "adopt", title, found.change, found.options, found.notes)


def begin(
    services: Services,
    kind: TaskKind,
    title: str,
    change: Change,
    options: InstallOptions,
    notices: tuple[str, ...] = (),
    *,
    check: bool = False,
) -> TaskAnswer:
    """Start the task that applies `change`, for a kernel with these options; with `check`, what it
    asks Slurm for is looked at first."""
    site = services.site
    kernel = change.kernel
    job = job_of(options, site, directory=kernel.directory)

    def work(steps: Steps) -> TaskResult:
        if check:
            refuse_impossible(services, change.source.recipe.resources, options, steps)
        made = apply(change, site, steps, job=job, trial=trial_of(options, site, steps))
        services.kernels_changed("installed" if change.beside else "changed", made.directory.name)
        if options.on_slurm and options.test_on_slurm:
            _test_new_in_job(made.directory, site, steps)
        return TaskResult(name=made.directory.name, notices=(*notices, *made.notices))

    return TaskAnswer(task=services.tasks.start(kind, kernel.name, title, work))


def clone(services: Services, name: str, body: CloneOf) -> KernelSummary:
    """A second kernel like this one. Raises Unmanaged, InvalidName and AlreadyExists."""
    made = clone_kernel(find_kernel(name), body.name, display_name=body.display_name)
    services.kernels_changed("installed", made.name)
    return summarize(made)


def rename(services: Services, name: str, body: NewName) -> KernelSummary:
    """Another name, or display name. Raises Unmanaged, InvalidName and AlreadyExists."""
    kernel = find_kernel(name)
    made = rename_kernel(kernel, body.name, display_name=body.display_name)
    action = "renamed" if made.name != kernel.name else "changed"
    services.kernels_changed(action, made.name, former=kernel.name)
    return summarize(made)


def test(services: Services, name: str, body: TestOf) -> TaskAnswer:
    """Begin a test launch: a cell, an interrupt, the end. Raises NotFound and UsageError."""
    kernel = find_kernel(name)
    if body.on_slurm and job_config(kernel.kernel) is None:
        raise UsageError(
            f"`{kernel.name}` does not run in Slurm jobs.", hint="Leave `on_slurm` out."
        )
    site = services.site

    def work(steps: Steps) -> TaskResult:
        if body.on_slurm:
            test_in_job(kernel.directory, site, steps)
        else:
            with steps.step("test", f"Starting {kernel.name}"):
                _shake(kernel.directory, site, steps, in_job=False)
        return TaskResult(name=kernel.name)

    title = f"Testing {kernel.display_name or kernel.name}"
    return TaskAnswer(task=services.tasks.start("test", kernel.name, title, work))


def test_in_job(directory: Path, site: Site, steps: Steps) -> None:
    """Start an installed kernel as its users will, in a job, and see that it works."""
    with steps.step("test-on-slurm", "Starting the kernel in a job"):
        _shake(directory, site, steps, in_job=True)


def _test_new_in_job(directory: Path, site: Site, steps: Steps) -> None:
    """The same for a kernel that was just put in place, where it stays whatever this finds."""
    try:
        test_in_job(directory, site, steps)
    except KernelkitError as error:
        # Its own words would have it that nothing was changed.
        hint = "" if isinstance(error, Cancelled) else f"{error.hint} "
        error.hint = f"{hint}The kernel is in place all the same; edit or remove it.".strip()
        raise


def _shake(directory: Path, site: Site, steps: Steps, *, in_job: bool) -> None:
    from ..running.handshake import shake_hands

    timeout = site.kernel_timeout
    seen = shake_hands(directory, timeout=timeout, in_job=in_job, on_step=steps.line)
    steps.note(", ".join(seen.steps))


def remove(services: Services, name: str, query: RemoveQuery) -> None:
    """Take a kernel down; a copy is kept. Raises NotFound, Unmanaged and NotPermitted."""
    kernel = find_kernel(name)
    store.remove(kernel.name, roots=[kernel.root], force=query.force)
    services.kernels_changed("removed", kernel.name)
