"""A kernel's packages dir changed by pip: resolved behind the kernel's own layers, only what is
missing installed, and the directory swapped in whole."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..environment import generations
from ..environment.ipykernels import needed_binds
from ..environment.package_checks import check_packages_dir
from ..environment.packages import (
    Delta,
    canonical,
    find_conflicts,
    install_delta,
    resolve_delta,
    resolve_packages_dir,
)
from ..environment.pythons import probe_python
from ..errors import EnvironmentBroken, InvalidName, NotFound, Unmanaged, UsageError
from ..files import remove_tree
from ..model import Packages, Plan, PythonFacts
from .changes import apply, edited, origin
from .definition import load
from .draft import Draft
from .making import Job, Trial
from .states import Installed
from .work import Progress, in_step, shared_data

if TYPE_CHECKING:
    from ..site import Site

# A name, extras, versions and a marker (PEP 508); no path, address or option of pip.
_REQUIREMENT = re.compile(
    r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?\s*(\[[\w\s,.-]+\])?"
    r"\s*(\(?[<>=!~][\w\s.,*+!<>=~-]+\)?)?\s*(;[^\n]*)?",
    re.ASCII,
)


@dataclass(frozen=True)
class Held:
    """What a kernel's packages dir holds; `dir` is empty where it has none."""

    dir: str
    distributions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PackageChange:
    """What was installed and removed in `dir`, or would be: (name, version) each."""

    dir: str
    installed: tuple[tuple[str, str], ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())


def list_packages(kernel: Installed) -> Held:
    """What the packages dir of `kernel` holds. Raises what `plan_of` raises."""
    plan = plan_of(kernel)
    return Held(plan.packages_dir, _pairs(Path(plan.packages_dir)) if plan.packages_dir else ())


def plan_of(kernel: Installed) -> Plan:
    """The plan in the record of `kernel`. Raises Unmanaged, UsageError for one without a Python,
    and NotFound where the record is gone."""
    if not kernel.managed:
        raise Unmanaged(
            f"`{kernel.name}` was not made by kernelkit.",
            hint=f"`kernelkit adopt {kernel.name}` makes it one of kernelkit's.",
        )
    plan = load(kernel).plan
    if plan is None:
        raise NotFound(
            f"There is no record of what `{kernel.name}` is made of.",
            hint=f"Make it anew: `kernelkit upgrade {kernel.name} --force`.",
        )
    if plan.python is None:
        raise UsageError(
            f"`{kernel.name}` is no Python kernel.", hint="Only those have a packages dir."
        )
    return plan


def check_requirement(text: str) -> str:
    """`text` if it is a name with versions. Raises InvalidName."""
    text = text.strip()
    if not _REQUIREMENT.fullmatch(text) or len(text) > 500:
        raise InvalidName(
            f"`{text[:80]}` is no requirement.",
            hint="Give names and versions, such as `scikit-learn>=1.5`; where packages come from "
            "is a matter of pip.conf.",
        )
    return text


class Session:
    """One look at a kernel's packages, or one change of them."""

    def __init__(self, kernel: Installed, site: Site, progress: Progress) -> None:
        self.kernel, self.site, self.progress = kernel, site, progress
        self.plan = plan_of(kernel)
        self.root = shared_data(site)
        self.path = Path(
            self.plan.packages_dir
            or resolve_packages_dir("", site, kernel.directory.name, create=False)
        )

    @contextmanager
    def behind(self, directory: Path | None) -> Iterator[Draft]:
        """Runs commands behind the kernel's layers, with `directory` as the packages dir."""
        place = str(directory) if directory and directory.is_dir() else ""
        plan = msgspec.structs.replace(self.plan, packages_dir=place, packages_relative="")
        timeout = float(self.site.command_timeout)
        with Draft(plan, timeout=timeout, visible=needed_binds(self.root)) as draft:
            yield draft

    @cached_property
    def python(self) -> PythonFacts:
        """The interpreter as it is now, without the packages dir."""
        assert self.plan.python
        functions = self.plan.modules.functions if self.plan.modules else ()
        with (
            in_step(self.progress, "python", "Asking Python what it has"),
            self.behind(None) as draft,
        ):
            return probe_python(draft, [self.plan.python.command], functions=functions)

    def resolve(self, requirements: Sequence[str], path: Path | None) -> list[Delta]:
        """What is missing for `requirements` beside `path`. Raises EnvironmentBroken."""
        with (
            in_step(self.progress, "resolve", f"Looking for {', '.join(requirements)}"),
            self.behind(path) as draft,
        ):
            found = resolve_delta(draft, self.python, requirements, root=self.root)
            told = ", ".join(f"{item.name} {item.version}" for item in found)
            self.progress.note(told or "nothing is missing")
        return found

    def install(self, delta: Sequence[Delta], made: Path) -> None:
        """Add exactly `delta` to the generation `made`."""
        with in_step(self.progress, "install", f"Installing {len(delta)} packages"):
            # Below `root`, which every container is shown.
            target = Path(tempfile.mkdtemp(prefix=".target-", dir=self.root))
            try:
                with self.behind(None) as draft:
                    install_delta(draft, self.python, delta, target, root=self.root)
                present = {found.name for found in generations.distributions(made)}
                generations.remove(made, [d.name for d in delta if d.name in present])
                generations.add(made, target)
            finally:
                remove_tree(target)

    def check(self, made: Path, before: Path | None) -> tuple[str, ...]:
        """What `pip check` says of `made` and did not say of `before`.

        Raises EnvironmentBroken for what does not fit the interpreter.
        """
        with in_step(self.progress, "check", "Checking what fits"):
            if made.is_dir():
                findings = check_packages_dir(made, self.python)
                errors = [found for found in findings if found.severity == "error"]
                if errors:
                    raise EnvironmentBroken(errors[0].message, hint=errors[0].hint)
            with self.behind(made) as draft:
                conflicts = find_conflicts(draft, self.python, root=self.root)
            if not conflicts or before is None:
                return tuple(conflicts)
            with self.behind(before) as draft:
                known = find_conflicts(draft, self.python, root=self.root)
            return tuple(line for line in conflicts if line not in known)


def install_packages(
    kernel: Installed,
    requirements: Sequence[str],
    site: Site,
    progress: Progress,
    *,
    job: Job | None = None,
    trial: Trial | None = None,
    dry_run: bool = False,
) -> PackageChange:
    """Add what `requirements` need and the kernel's environment lacks to its packages dir.

    Nothing that the environment has is installed again or in another version. A kernel without a
    packages dir gets one of its own, for which it is made anew (`job` and `trial` as in
    `changes.apply`). Raises any KernelkitError, with the packages as they were.
    """
    checked = [check_requirement(text) for text in requirements]
    if not checked:
        raise UsageError("There is nothing to install.", hint="Name packages.")
    session = Session(kernel, site, progress)
    if dry_run:
        delta = session.resolve(checked, session.path)
        return PackageChange(str(session.path), installed=_told(delta))
    with generations.changing(session.path) as path:
        delta = session.resolve(checked, path)
        notes = () if session.plan.packages_dir else _found_there(path)
        if not delta:
            # What is missing may be there since a former kernel, and this one does not see it.
            if notes and session.resolve(checked, None):
                _give_packages_dir(session, job, trial)
                return PackageChange(str(session.path), notes=notes)
            return PackageChange(str(session.path))
        with generations.next_generation(path) as made:
            session.install(delta, made)
            notes += session.check(made, path)
            new = not path.exists()
            generations.put_in_place(made, path)
        if not session.plan.packages_dir:
            try:
                _give_packages_dir(session, job, trial)
            except BaseException:
                if new:
                    remove_tree(path)
                else:
                    generations.go_back(path)
                raise
    return PackageChange(str(session.path), installed=_told(delta), notes=notes)


def _found_there(path: Path) -> tuple[str, ...]:
    held = ", ".join(f"`{name}`" for name, _ in _pairs(path))
    return (f"`{path}` was there already, of a former kernel, and holds {held}.",) if held else ()


def _give_packages_dir(session: Session, job: Job | None, trial: Trial | None) -> None:
    kernel, site = session.kernel, session.site
    recipe = origin(kernel, site).definition.recipe
    recipe = msgspec.structs.replace(recipe, packages=Packages(dir=str(session.path)))
    apply(edited(kernel, recipe, site), site, session.progress, job=job, trial=trial)


def uninstall_packages(
    kernel: Installed,
    names: Sequence[str],
    site: Site,
    progress: Progress,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> PackageChange:
    """Take packages out of the packages dir of `kernel`.

    Raises NotFound for one that is not in it, EnvironmentBroken where others need it, unless
    `force`; with the packages as they were.
    """
    if not names:
        raise UsageError("There is nothing to uninstall.", hint="Name packages.")
    checked = [canonical(check_requirement(name)) for name in names]
    session = Session(kernel, site, progress)
    with generations.changing(session.path) as path, generations.next_generation(path) as made:
        removed = generations.remove(made, checked)
        notes = session.check(made, path)
        if notes and not force:
            raise EnvironmentBroken(
                f"Without {', '.join(f'`{name}`' for name in checked)}: {notes[0]}",
                hint="Uninstall what needs it, too, or give `--force`.",
                detail="\n".join(notes[1:]),
            )
        if not dry_run:
            generations.put_in_place(made, path)
    return PackageChange(
        str(session.path), removed=tuple((d.name, d.version) for d in removed), notes=notes
    )


def check_packages(kernel: Installed, site: Site, progress: Progress) -> tuple[str, ...]:
    """What does not fit among all that `kernel` sees, a sentence each."""
    session = Session(kernel, site, progress)
    warnings: list[str] = []
    if session.path.is_dir():
        found = check_packages_dir(session.path, session.python)
        warnings = [finding.text for finding in found]
    with in_step(progress, "check", "Checking what fits"), session.behind(session.path) as draft:
        return (*warnings, *find_conflicts(draft, session.python, root=session.root))


def rollback_packages(kernel: Installed, *, dry_run: bool = False) -> PackageChange:
    """Exchange the packages dir of `kernel` with the generation before. Raises NotFound."""
    plan = plan_of(kernel)
    if not plan.packages_dir:
        raise NotFound(f"`{kernel.name}` has no packages dir.", hint="`install` makes one.")
    with generations.changing(Path(plan.packages_dir)) as path:
        now, then = set(_pairs(path)), set(_pairs(generations.previous(path)))
        if not dry_run or not generations.previous(path).is_dir():
            generations.go_back(path)
    return PackageChange(
        plan.packages_dir, installed=tuple(sorted(then - now)), removed=tuple(sorted(now - then))
    )


def _pairs(path: Path) -> tuple[tuple[str, str], ...]:
    return tuple((found.name, found.version) for found in generations.distributions(path))


def _told(delta: Sequence[Delta]) -> tuple[tuple[str, str], ...]:
    return tuple((item.name, item.version) for item in delta)
