"""One install as it goes: what is asked, what has been found so far, and the plan that makes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..errors import KernelkitError
from ..model import JobStanza, Plan
from ..site import Site
from .draft import Draft
from .resolve import Probes, resolve_plan
from .sources import Source

if TYPE_CHECKING:
    from ..environment.modules import Resolution


class Progress(Protocol):
    """Told what goes on; the command line shows it, the server streams it."""

    def step(self, name: str, text: str) -> AbstractContextManager[None]: ...
    def line(self, text: str) -> None: ...
    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class Options:
    """What the user asked for besides the source itself."""

    root: Path
    name: str | None = None
    packages: str | None = None
    dry_run: bool = False
    # Display names of other kernels: two of one name confuse VS Code and JupyterLab.
    taken_display_names: frozenset[str] = frozenset()
    # What makes it a kernel in a Slurm job, decided when everything is known.
    job: Callable[[Plan], JobStanza] | None = None
    fallback_logo: Callable[[str], Path | None] = field(default=lambda language: None)


@contextmanager
def in_step(progress: Progress, name: str, text: str) -> Iterator[None]:
    """One named step: shown while it runs, and named by the error when it fails."""
    try:
        with progress.step(name, text):
            yield
    except KernelkitError as error:
        error.step = error.step or name
        raise


def shared_data(site: Site) -> Path:
    """Where what kernels share is kept: added ipykernels, a copy of pip."""
    return Path(os.path.expandvars(str(site.packages_root))).expanduser().parent


class Work:
    """What the steps of an install share. Each step adds what it found to `probes`."""

    def __init__(self, source: Source, site: Site, options: Options, progress: Progress) -> None:
        self.source, self.site, self.options, self.progress = source, site, options, progress
        self.recipe = source.recipe
        self.resolution: Resolution | None = None
        self.runtime_module: str = site.container_module if source.recipe.container else ""
        self.probes = Probes(base_path=site.base_path, cache_root=site.cache_root)

    def add(self, **found: object) -> None:
        """Add what a step found; the names are those of `Probes`."""
        self.probes = replace(self.probes, **found)  # type: ignore[arg-type]

    def plan(self) -> Plan:
        """The plan so far: a draft until Python has been asked."""
        return resolve_plan(
            self.recipe, self.source.provenance, self.probes, name=self.options.name
        )

    def draft(self) -> Draft:
        """A launch.sh of the plan so far, to probe with."""
        return Draft(self.plan(), timeout=self.timeout, visible=self._visible())

    def step(self, name: str, text: str) -> AbstractContextManager[None]:
        """See `in_step`."""
        return in_step(self.progress, name, text)

    @property
    def path(self) -> str:
        """PATH behind the modules."""
        found = self.resolution.environment.get("PATH") if self.resolution else None
        return found or str(self.site.base_path)

    @property
    def timeout(self) -> float:
        """Seconds for one command."""
        return float(self.site.command_timeout)

    @property
    def functions(self) -> tuple[str, ...]:
        """Shell functions that the modules defined."""
        return self.probes.modules.functions if self.probes.modules else ()

    @property
    def data(self) -> Path:
        """See `shared_data`."""
        return shared_data(self.site)

    def _visible(self) -> tuple[str, ...]:
        """What the probes need to see in a container besides what the kernel will see."""
        from ..environment.ipykernels import needed_binds

        containers = self.probes.container or self.probes.modules
        return needed_binds(self.data) if containers else ()
