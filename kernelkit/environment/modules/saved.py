"""A saved module collection as an input: what it holds, or why it no longer can be used."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ModuleError, NotFound
from ...model import Baseline
from ...proc import tail
from .catalogue import begins, package_of
from .session import State, Step

if TYPE_CHECKING:
    from .backend import Backend

# Lmod moved its directory in 8.7; Environment Modules has one of its own. A collection for one
# system only carries that system's name after a dot.
_DIRECTORIES = {
    "lmod": (".config/lmod", ".lmod.d"),
    "environment-modules": (".module",),
}


@dataclass(frozen=True)
class Collection:
    """What a collection loaded: full names in order, and the MODULEPATH entries they came from."""

    names: tuple[str, ...]
    paths: tuple[str, ...]


def restore(backend: Backend, name: str, baseline: Baseline, use: Sequence[str]) -> Collection:
    """Restore a collection in a fresh shell and check that all of it came.

    Lmod compares the MODULEPATH it first sees with that of the shell where the collection was
    saved, so it is tried with the extra directories put there before as well as without. Raises
    NotFound where it does not exist, ModuleError where it was saved for another system or no
    longer loads as saved.
    """
    steps = [
        Step(("module", "restore", name), f"Restoring the collection {name}"),
        Step(backend.dialect.describe_words(name)),
    ]
    problem: ModuleError | NotFound | None = None
    for paths in dict.fromkeys(((), tuple(use))):
        base, restored, described = backend.run(baseline, steps, use=paths)
        saved = backend.dialect.parse_described(described.text)
        missing = [n for n in saved if not _is_in(n, restored.loaded)]
        if saved and not missing and restored.returncode == 0:
            return _collection(base, restored)
        problem = problem or _problem(backend, name, restored, missing)
    assert problem is not None
    raise problem


def _collection(base: State, restored: State) -> Collection:
    opened = [p for p in restored.paths("MODULEPATH") if p not in base.paths("MODULEPATH")]
    holding = [p for p in opened if any(f.startswith(f"{p}/") for f in restored.files)]
    return Collection(tuple(n for n in restored.loaded if n not in base.loaded), tuple(holding))


def _is_in(name: str, loaded: Sequence[str]) -> bool:
    return any(full == name or package_of(full) == name or begins(full, name) for full in loaded)


def _problem(
    backend: Backend, name: str, state: State, missing: Sequence[str]
) -> ModuleError | NotFound:
    detail = tail(f"$ module restore {name}\n{state.text}")
    home = Path(os.environ.get("HOME") or Path.home())
    saved: list[str] = []
    for directory in _DIRECTORIES[backend.kind]:
        if (home / directory).is_dir():
            saved += [p.name for p in (home / directory).iterdir() if not p.name.endswith("~")]
    elsewhere = sorted({n.rpartition(".")[2] for n in saved if n.rpartition(".")[0] == name})
    if name not in saved and elsewhere:
        return ModuleError(
            f"The collection `{name}` was saved for another system: "
            + ", ".join(f"`{n}`" for n in elsewhere)
            + ".",
            hint=f"Load the modules here and run `module save {name}`, or name them instead.",
            detail=detail,
        )
    if name not in saved:
        known = ", ".join(f"`{n}`" for n in sorted(set(saved))) or "none"
        return NotFound(
            f"There is no module collection `{name}`.", hint=f"Saved are: {known}.", detail=detail
        )
    lost = ": " + ", ".join(f"`{n}`" for n in missing) + " did not load" if missing else ""
    return ModuleError(
        f"The collection `{name}` is stale{lost}.",
        hint=f"Load its modules again and run `module save {name}`, or name the modules instead.",
        detail=detail,
    )
