"""A kernel's packages dir: what it holds, and tasks that change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UsageError
from ..running.stanza import job_of
from ..specs.changes import options_now
from ..specs.lookup import find_kernel
from ..specs.package_changes import (
    PackageChange,
    check_packages,
    check_requirement,
    install_packages,
    list_packages,
    plan_of,
    rollback_packages,
    uninstall_packages,
)
from .answers import Answer, Body, Query, TaskAnswer, TaskResult
from .steps import Silence, Steps
from .wanted import trial_of

if TYPE_CHECKING:
    from ..site import Site
    from ..specs.states import Installed
    from .services import Services


class PackagesQuery(Query, frozen=True):
    """`check` has pip look for what does not fit, behind all layers: it takes seconds."""

    check: bool = False


class Distribution(Answer, frozen=True):
    """One installed package."""

    name: str
    version: str


class Packages(Answer, frozen=True):
    """What a packages dir holds; `dir` is empty where the kernel has none."""

    dir: str
    distributions: tuple[Distribution, ...]
    problems: tuple[str, ...]


class PackagesChange(Body, frozen=True):
    """One of the three. `install` are requirements; `force` takes out what others need, too."""

    install: tuple[str, ...] = ()
    uninstall: tuple[str, ...] = ()
    rollback: bool = False
    force: bool = False


def tell_packages(services: Services, name: str, query: PackagesQuery) -> Packages:
    """What the packages dir of a kernel holds. Raises NotFound and UsageError."""
    kernel = find_kernel(name)
    held = list_packages(kernel)
    problems = check_packages(kernel, services.site, Silence()) if query.check else ()
    return Packages(
        dir=held.dir,
        distributions=tuple(Distribution(name=n, version=v) for n, v in held.distributions),
        problems=problems,
    )


def change_packages(services: Services, name: str, body: PackagesChange) -> TaskAnswer:
    """Begin to install, to uninstall or to go one step back; all or nothing of it.

    Raises NotFound, InvalidName and UsageError.
    """
    kernel, site = find_kernel(name), services.site
    plan_of(kernel)
    if sum(map(bool, (body.install, body.uninstall, body.rollback))) != 1:
        raise UsageError(
            "One of `install`, `uninstall` and `rollback` is needed.", hint="Send one of them."
        )
    for text in (*body.install, *body.uninstall):
        check_requirement(text)

    def work(steps: Steps) -> TaskResult:
        change = _change(kernel, body, site, steps)
        services.kernels_changed("changed", kernel.name)
        return TaskResult(name=kernel.name, notices=(*_told(change), *change.notes))

    title = f"{_verb(body)} packages of {kernel.display_name or kernel.name}"
    return TaskAnswer(task=services.tasks.start("packages", kernel.name, title, work))


def _verb(body: PackagesChange) -> str:
    if body.rollback:
        return "Bringing back the former"
    return "Installing" if body.install else "Removing"


def _change(kernel: Installed, body: PackagesChange, site: Site, steps: Steps) -> PackageChange:
    if body.rollback:
        with steps.step("rollback", "Bringing back the packages before the last change"):
            return rollback_packages(kernel)
    if body.uninstall:
        return uninstall_packages(kernel, body.uninstall, site, steps, force=body.force)
    options = options_now(kernel, site)
    job = job_of(options, site, directory=kernel.directory)
    trial = trial_of(options, site, steps)
    return install_packages(kernel, body.install, site, steps, job=job, trial=trial)


def _told(change: PackageChange) -> tuple[str, ...]:
    if not change.installed and not change.removed:
        return ("The kernel has it already.",)
    installed = tuple(f"Installed {name} {version}." for name, version in change.installed)
    return (*installed, *(f"Removed {name} {version}." for name, version in change.removed))
