"""The module system of this machine: what it has, what it starts from, and how to run it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...errors import KernelkitError, ModuleError, NotPermitted
from ...model import Baseline, LayerRecord, ModulePlan, ModuleSystem
from ...names import module_name
from ...site import MODULE_INIT_CANDIDATES, Site
from . import catalogue
from .catalogue import AvailableModule
from .dialect import Alternatives, Dialect
from .lmod import Lmod
from .session import State, Step, clean_environment, kept_environment, run_steps
from .swaps import Pairs
from .tcl import EnvironmentModules

if TYPE_CHECKING:
    from collections.abc import Mapping

# Evaluating every modulefile of a large tree on a slow disk is minutes, once.
_READ_TIMEOUT = 900.0


@dataclass(frozen=True)
class Resolution:
    """Modules as they really loaded.

    `records` has one entry a loaded module, `environment` is what a shell has after all of them,
    and `texts` what they printed. `meant` are pairs of what was asked for and its full name,
    `taken_out` of a module of the baseline that is not there any more and what took it out.
    """

    plan: ModulePlan
    records: tuple[LayerRecord, ...]
    environment: dict[str, str]
    texts: tuple[str, ...] = ()
    meant: Pairs = ()
    taken_out: Pairs = ()


class ModuleBackend(Protocol):
    """What the rest of kernelkit asks of a module system."""

    @property
    def kind(self) -> ModuleSystem:
        """Which system it is."""

    @property
    def version(self) -> str:
        """Its version, such as `8.6.19`."""

    @property
    def init(self) -> tuple[str, ...]:
        """The files to source so that `module` exists."""

    def available(self, *, refresh: bool = False) -> tuple[AvailableModule, ...]:
        """Every module that is not hidden, sorted."""

    def find(self, name: str) -> tuple[AvailableModule, ...]:
        """The modules that `name` can mean, the exact one alone."""

    def resolve(
        self,
        asked: Sequence[str],
        *,
        use: Sequence[str] = (),
        collection: str | None = None,
        baseline: Baseline = "purge",
        on_step: Callable[[str], None] | None = None,
    ) -> Resolution:
        """Load modules in a clean shell and tell what came of it."""


@dataclass
class Backend:
    """One module system, driven through a shell; made by `find_backend`, used for one command."""

    site: Site
    dialect: Dialect
    init: tuple[str, ...]
    _bases: dict[Baseline, State] = field(default_factory=dict)
    _version: str = ""
    _extras: tuple[str, ...] | None = None
    _modules: tuple[AvailableModule, ...] | None = None

    @property
    def kind(self) -> ModuleSystem:
        """Which system it is."""
        return self.dialect.kind

    @property
    def version(self) -> str:
        """Its version; asks the system at first use."""
        if not self._version:
            found = self.dialect.version(self.base("purge"))
            if not found:
                states = self.run("purge", [Step(self.dialect.version_words())])
                found = self.dialect.parse_version(states[-1].text)
            self._version = found
        return self._version

    # --- shells -----------------------------------------------------------------------------------

    def environment(self, baseline: Baseline) -> dict[str, str]:
        """What the shell of a session starts with."""
        if baseline == "keep":
            return kept_environment()
        return clean_environment(self.site.base_path)

    def begin(self, baseline: Baseline, use: Sequence[str] = ()) -> list[Step]:
        """The steps before any load: init files, baseline, module paths."""
        steps = [Step(("source", path)) for path in self.init]
        if baseline == "purge":
            steps.append(Step(("purge",)))
        elif baseline == "reset":
            steps.append(Step(("module", "reset")))
        if use:
            steps.append(Step(("use", ":".join(use))))
        return steps

    def run(
        self,
        baseline: Baseline,
        steps: Sequence[Step],
        *,
        use: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        on_step: Callable[[str], None] | None = None,
    ) -> list[State]:
        """The states before and after each of `steps` in a fresh shell that has begun."""
        begin = self.begin(baseline, use)
        states = run_steps(
            [*begin, *steps],
            self.environment(baseline) if environment is None else environment,
            timeout=self.site.command_timeout,
            on_step=on_step,
        )
        if "module" not in states[len(begin) - 1].functions:
            raise ModuleError(
                "No `module` command after sourcing "
                + ", ".join(f"`{p}`" for p in self.init)
                + ".",
                hint="Set `module_init` to the files that define it (see `kernelkit config`).",
                detail="\n".join(s.text for s in states[: len(self.init)] if s.text),
            )
        return states[len(begin) - 1 :]

    def base(self, baseline: Baseline) -> State:
        """A shell that has begun and loaded nothing more; asked once."""
        if baseline not in self._bases:
            self._bases[baseline] = self.run(baseline, [])[-1]
        return self._bases[baseline]

    # --- module paths -----------------------------------------------------------------------------

    def user_paths(self) -> tuple[str, ...]:
        """Directories on the user's MODULEPATH that the init files do not give.

        What modules loaded in the user's shell have opened is left out: it is theirs to open.
        """
        if self._extras is None:
            self._extras = self._find_user_paths()
        return self._extras

    def _find_user_paths(self) -> tuple[str, ...]:
        given = set(self.base("purge").paths("MODULEPATH")) | set(self.site.module_paths)
        mine = [p for p in os.environ.get("MODULEPATH", "").split(":") if p]
        if set(mine) <= given:
            return ()
        if os.environ.get("LOADEDMODULES"):
            try:
                states = self.run("keep", [Step(("purge",))])
            except KernelkitError:
                return ()
            mine = list(states[-1].paths("MODULEPATH"))
        return tuple(p for p in dict.fromkeys(mine) if p not in given and Path(p).is_dir())

    def paths_to_use(self, use: Sequence[str], baseline: Baseline) -> tuple[str, ...]:
        """The recipe's and the site's directories, those that are not on MODULEPATH already."""
        given = set(self.base(baseline).paths("MODULEPATH"))
        wanted = [_expanded(path) for path in (*use, *self.site.module_paths)]
        return tuple(p for p in dict.fromkeys(wanted) if p not in given)

    def _search_paths(self) -> tuple[str, ...]:
        base = self.base("purge").paths("MODULEPATH")
        return (*self.paths_to_use((), "purge"), *self.user_paths(), *base)

    # --- what exists ------------------------------------------------------------------------------

    def available(self, *, refresh: bool = False) -> tuple[AvailableModule, ...]:
        """Every module that is not hidden, sorted by name and version.

        Reading them all makes the module system evaluate every file; the result is kept on disk
        until a directory changes, or `refresh`.
        """
        if self._modules is None or refresh:
            self._modules = self._read(refresh)
        return self._modules

    def _read(self, refresh: bool) -> tuple[AvailableModule, ...]:
        base = self.base("purge")
        paths = self._search_paths()
        kept = catalogue.cache_file(self.kind, paths)
        former = catalogue.read_cache(kept)
        if not refresh and former.is_current():
            return former.modules
        before, began = catalogue.stamps(paths, former.modules), time.time_ns()
        timeout = max(self.site.command_timeout, _READ_TIMEOUT)
        listed = self.dialect.read(self.init, base, paths, timeout) if paths else []
        modules = catalogue.arranged(m for m in listed if not m.hidden)
        after = catalogue.stamps(paths, modules)
        marks = catalogue.settled(before, after, began, former.marks)
        catalogue.write_cache(kept, marks, modules)
        return modules

    def find(self, name: str) -> tuple[AvailableModule, ...]:
        """The modules that `name` can mean: exact, default of a name, or every prefix match.

        A hidden module is found by its exact full name only. Raises InvalidName.
        """
        module_name(name)
        found = catalogue.matching(self.available(), name)
        return found if found and found[0].name == name else self._concealed(name) or found

    def _concealed(self, name: str) -> tuple[AvailableModule, ...]:
        for directory in self._search_paths() if "/" in name else ():
            for path in (f"{directory}/{name}.lua", f"{directory}/{name}"):
                if Path(path).is_file() and (path.endswith(".lua") or _is_tcl(path)):
                    return (AvailableModule(name, hidden=True, path=path),)
        return ()

    def needs(self, name: str, use: Sequence[str]) -> Alternatives:
        """What must be loaded before `name` can be, as combinations to choose from."""
        words = self.dialect.spider_words(name)
        if words:
            text = self.run("purge", [Step(words)], use=use)[-1].text
            if found := self.dialect.parse_spider(text):
                return found
        return tuple(p for m in catalogue.matching(self.available(), name) for p in m.parents)

    # --- loading ----------------------------------------------------------------------------------

    def permit(self, name: str) -> None:
        """Raise NotPermitted where the site's policy does not allow the module."""
        allowed = self.site.allowed_modules
        if allowed and not any(fnmatchcase(name, pattern) for pattern in allowed):
            raise NotPermitted(
                f"The module `{name}` is not allowed here.",
                hint=f"`allowed_modules` in {self.site.origin('allowed_modules')} allows "
                + ", ".join(f"`{p}`" for p in allowed)
                + ".",
            )

    def resolve(
        self,
        asked: Sequence[str],
        *,
        use: Sequence[str] = (),
        collection: str | None = None,
        baseline: Baseline = "purge",
        on_step: Callable[[str], None] | None = None,
    ) -> Resolution:
        """Load modules in a clean shell, prerequisites included, and tell what came of it.

        `use` are directories to put on MODULEPATH, `collection` a saved one to start with;
        `on_step` receives a few words before each step. Raises InvalidName, NotFound, Ambiguous,
        NotPermitted and ModuleError.
        """
        from .resolve import Resolver

        return Resolver(self, tuple(use), baseline, on_step).resolve(asked, collection)


def _expanded(path: str) -> str:
    return os.path.expandvars(Path(path).expanduser())


def _is_tcl(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(8) == b"#%Module"
    except OSError:
        return False


def find_backend(site: Site) -> Backend:
    """The module system of this machine. Raises ModuleError where there is none."""
    init = tuple(site.module_init)
    missing = [path for path in init if not Path(path).is_file()]
    if site.module_system == "none" or not init or missing:
        tried = missing or [p for paths in MODULE_INIT_CANDIDATES.values() for p in paths]
        raise ModuleError(
            "No module system found: tried " + ", ".join(f"`{p}`" for p in tried) + ".",
            hint="Set `module_init` to the file that defines `module` here (`kernelkit config`).",
        )
    if site.module_system == "auto":
        return Backend(site, _guess(site, init), init)
    return Backend(site, Lmod() if site.module_system == "lmod" else EnvironmentModules(), init)


def _guess(site: Site, init: tuple[str, ...]) -> Dialect:
    state = Backend(site, Lmod(), init).base("purge")
    return Lmod() if state.environment.get("LMOD_CMD") else EnvironmentModules()


def module_backend_or_none(site: Site) -> Backend | None:
    """The module system, or None where there is none: for commands that list what exists."""
    try:
        return find_backend(site)
    except ModuleError:
        return None
