"""Asked modules -> the full ordered list that loads them, proven by loading it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import Ambiguous, KernelkitError, ModuleError, NotFound
from ...files import digest, read_regular
from ...model import Baseline, FileMark, LayerRecord, LoadedModule, ModulePlan
from ...names import collection_name, module_name
from ...proc import tail
from ..layers import record_layer
from . import saved
from .catalogue import nearest
from .items import Item, as_asked, full_name, refuse_two_versions, unique
from .session import State, Step
from .swaps import meant, taken_out

if TYPE_CHECKING:
    from .backend import Backend, Resolution

# A recipe of ten modules with a prerequisite each needs as many tries; more is a circle.
_TRIES = 24
_MODULEFILE_LIMIT = 16 << 20
_OWN_FUNCTIONS = frozenset({"module", "ml", "_module_raw", "switchml", "clearMT", "clearLmod"})


@dataclass(frozen=True)
class Loaded:
    """Loads that all came through; `states` are the shell before them and after each."""

    items: tuple[Item, ...]
    states: tuple[State, ...]

    @property
    def final(self) -> State:
        """The shell after the last load."""
        return self.states[-1]

    def full_names(self) -> tuple[str, ...]:
        """The full name each item came to, in order of the items."""
        return tuple(
            full_name(item.name, before, after)
            for item, before, after in zip(self.items, self.states, self.states[1:], strict=False)
        )


class Resolver:
    """Works out one resolution; a new one for each."""

    def __init__(
        self,
        backend: Backend,
        use: tuple[str, ...],
        baseline: Baseline,
        on_step: Callable[[str], None] | None,
    ) -> None:
        self.backend = backend
        self.baseline = baseline
        self.on_step = on_step
        self.use = backend.paths_to_use(use, baseline)
        # Theirs come after what the recipe and the site name, before what the machine gives.
        self.mine = () if baseline == "keep" else backend.user_paths()
        self.tries = 0

    def resolve(self, asked: Sequence[str], collection: str | None) -> Resolution:
        """See `Backend.resolve`."""
        for name in asked:
            module_name(name)
        refuse_two_versions(asked)
        items = [Item(name, name) for name in asked]
        paths: tuple[str, ...] = ()
        if collection is not None:
            every = (*self.use, *self.mine)
            found = saved.restore(self.backend, collection_name(collection), self.baseline, every)
            items = [*(Item(name, name) for name in found.names), *items]
            paths = found.paths
        loaded = self._settle_with(unique(items), paths)
        full = loaded.full_names()
        for item, name in zip(loaded.items, full, strict=True):
            if item.asked:
                self.backend.permit(name)
        _check_kept(loaded, full)
        return self._result(loaded, full, collection)

    # --- loading one after the other, adding what is missing --------------------------------------

    def _settle_with(self, items: list[Item], paths: Sequence[str]) -> Loaded:
        try:
            return self._settle(items)
        except KernelkitError:
            if not paths:
                raise
            # The collection was saved with directories that nothing else gives.
            self.use, self.tries = (*self.use, *paths), 0
            return self._settle(items)

    def _settle(self, items: list[Item]) -> Loaded:
        states, failed = self._load(items)
        if failed is None:
            return Loaded(tuple(items), tuple(states))
        problem: KernelkitError | None = None
        retries = list(self._retries(items, failed, states[failed + 1]))
        for retry in retries:
            if self.tries >= _TRIES:
                break
            try:
                return self._settle(retry)
            except (ModuleError, NotFound) as error:
                problem = error
        if problem is None or len(retries) > 1:
            problem = self._problem(items, failed, states[failed + 1])
        raise problem

    def _load(self, items: Sequence[Item]) -> tuple[list[State], int | None]:
        """The states around each load, and the index of the first item that is not there."""
        self.tries += 1
        steps = [Step(("module", "load", item.name), f"Loading {item.name}") for item in items]
        states = self._run(steps, self.on_step)
        for index, item in enumerate(items):
            before, after = states[index], states[index + 1]
            if full_name(item.name, before, after):
                continue
            if after.returncode or not self._is_other_name(steps[: index + 1], item.name):
                return states, index
        return states, None

    def _run(
        self, steps: Sequence[Step], on_step: Callable[[str], None] | None = None
    ) -> list[State]:
        every = (*self.use, *self.mine)
        return self.backend.run(self.baseline, steps, use=every, on_step=on_step)

    def _is_other_name(self, steps: Sequence[Step], name: str) -> bool:
        """Whether a name that changed nothing is an alias of a module that was there before."""
        last = self._run([*steps, Step(("module", "is-loaded", name))])[-1]
        return bool(last.loaded) and last.returncode == 0

    def _retries(self, items: Sequence[Item], failed: int, state: State) -> Iterator[list[Item]]:
        """The lists worth trying after item `failed` was refused, the likeliest first."""
        item, done, rest = items[failed], items[:failed], items[failed + 1 :]
        refusal = self.backend.dialect.parse_refusal(state.text)
        combinations = list(refusal.prerequisites)
        for name in () if combinations else (*refusal.concealed, item.name):
            combinations += self.backend.needs(name, (*self.use, *self.mine))
        for names in dict.fromkeys(combinations):
            added, left = as_asked(names, rest)
            retry = unique([*done, *added, item, *left])
            if retry != list(items):
                yield retry
        if item.name in refusal.unknown:
            found = self.backend.find(item.name)
            if len(found) == 1 and found[0].name != item.name:
                yield unique([*done, Item(found[0].name, item.asked), *rest])

    def _problem(self, items: Sequence[Item], failed: int, state: State) -> KernelkitError:
        """The error for an item that nothing helped to load; `detail` is what was printed."""
        name = items[failed].name
        command = "module load " + " ".join(item.name for item in items[: failed + 1])
        detail = tail(f"$ {command}\n{state.text}")
        unknown = self.backend.dialect.parse_refusal(state.text).unknown
        if name in unknown:
            found = self.backend.find(name)
            if len(found) > 1:
                names = [m.name for m in found]
                return Ambiguous(
                    f"`{name}` fits several modules: " + ", ".join(f"`{n}`" for n in names) + ".",
                    matches=names,
                    hint="Give the full name.",
                )
            hint = nearest(self.backend.available(), name)
            return NotFound(f"There is no module `{name}` here.", hint=hint, detail=detail)
        if unknown:
            needed = ", ".join(f"`{n}`" for n in unknown)
            return ModuleError(
                f"The module `{name}` needs {needed}, which does not exist here.",
                hint="Report it to whoever keeps the modulefiles of this machine.",
                detail=detail,
            )
        if state.returncode == 0:
            return ModuleError(
                f"The module `{name}` is not loaded, although `module load` reported success.",
                hint="Its modulefile gave up without an error, or the module system itself failed; "
                f"`module show {name}` prints the file.",
                detail=detail,
            )
        return ModuleError(
            f"The module `{name}` did not load.",
            hint=f"Its own words stand above; `{command}` in a login shell shows the same.",
            detail=detail,
        )

    # --- proving that one command does the same ---------------------------------------------------

    def _replay(self, loaded: Loaded, full: Sequence[str]) -> tuple[tuple[str, ...], State]:
        """The names that one `module load` must be given, and the shell after it.

        The whole list pins every version. Where a module opens a directory and loads something
        from it, that something comes first in LOADEDMODULES but cannot be loaded first; there the
        names alone that had to be asked for do it.
        """
        base = loaded.states[0].loaded
        every = tuple(n for n in loaded.final.loaded if n not in base or n in full)
        fits: tuple[tuple[str, ...], State] | None = None
        for names in dict.fromkeys((every, tuple(dict.fromkeys(full)))):
            load = [Step(("module", "load", *names), "Loading all in one command")] if names else []
            state = self._run(load, self.on_step)[-1]
            if state.loaded != loaded.final.loaded:
                continue
            # Environment Modules complains of what it cannot see yet and loads it later all the
            # same; a kernel's log should not begin with an error.
            if (not names or state.returncode == 0) and _same(state, loaded.final):
                return names, state
            fits = fits or (names, state)
        if fits is None:
            raise ModuleError(
                "The modules load one by one, but not in one command: "
                + ", ".join(f"`{n}`" for n in loaded.final.loaded)
                + ".",
                hint="Ask for fewer of them, or in another order.",
                detail=tail(state.text),
            )
        return fits

    def _result(self, loaded: Loaded, full: tuple[str, ...], collection: str | None) -> Resolution:
        from .backend import Resolution

        # Of the user's own directories the plan keeps those that a loaded module stands in.
        self.mine = tuple(
            p for p in self.mine if any(f.startswith(f"{p}/") for f in loaded.final.files)
        )
        names, state = self._replay(loaded, full)
        asked = {n for item, n in zip(loaded.items, full, strict=True) if item.asked}
        files = dict(zip(state.loaded, state.files, strict=False))
        plan = ModulePlan(
            system=self.backend.kind,
            version=self.backend.version,
            init=self.backend.init,
            baseline=self.baseline,
            loads=tuple(
                LoadedModule(name=n, file=_mark(n, files), asked=n in asked) for n in names
            ),
            use=(*self.use, *self.mine),
            collection=collection,
            functions=tuple(sorted(state.functions - loaded.states[0].functions - _OWN_FUNCTIONS)),
        )
        texts = dict.fromkeys(s.text for s in loaded.states[1:] if s.text)
        return Resolution(
            plan, self._records(loaded, names), state.environment, tuple(texts),
            meant=meant(loaded.items, full), taken_out=taken_out(full, loaded.states),
        )  # fmt: skip

    def _records(self, loaded: Loaded, names: Sequence[str]) -> tuple[LayerRecord, ...]:
        states = loaded.states
        pairs = list(zip(states, states[1:], strict=False))
        if any(len(set(after.loaded) - set(before.loaded)) > 1 for before, after in pairs):
            states = tuple(self._run([Step(("module", "load", n)) for n in names]))
        records = []
        for before, after in zip(states, states[1:], strict=False):
            files = dict(zip(after.loaded, after.files, strict=False))
            new = [n for n in after.loaded if n not in before.loaded]
            if new:
                source = " ".join(files.get(n, "") for n in new)
                layer = "module " + " ".join(new)
                records.append(record_layer(layer, source, before.environment, after.environment))
        return tuple(records)


def _check_kept(loaded: Loaded, full: Sequence[str]) -> None:
    for item, name in zip(loaded.items, full, strict=True):
        if not name or name in loaded.final.loaded:
            continue
        index = next(i for i, s in enumerate(loaded.states) if name in s.loaded)
        later = range(index, len(loaded.states))
        gone = next(i for i in later if name not in loaded.states[i].loaded)
        raise ModuleError(
            f"Loading `{loaded.items[gone - 1].name}` took `{item.name}` out again.",
            hint="They exclude each other (a family, or versions of one module): ask for one.",
            detail=tail(loaded.states[gone].text),
        )


def _same(one: State, other: State) -> bool:
    """Whether two shells have the same variables, bookkeeping and MODULEPATH aside."""
    changes = record_layer("", "", one.environment, other.environment).changes
    return all(change.variable == "MODULEPATH" for change in changes)


def _mark(name: str, files: dict[str, str]) -> FileMark:
    path = files.get(name, "")
    try:
        found = Path(path).stat()
        data = read_regular(Path(path), _MODULEFILE_LIMIT)
    except (OSError, KernelkitError) as error:
        raise ModuleError(
            f"The modulefile of `{name}` cannot be read: `{path}`.", detail=str(error)
        ) from error
    return FileMark(path=path, size=found.st_size, mtime_ns=found.st_mtime_ns, sha256=digest(data))
