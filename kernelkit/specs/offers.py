"""Everything that kernels can be made of here, in one list, with what is installed already."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from .candidates import Candidate, ModulesHere, of_entry, of_module, others
from .states import Installed, list_kernels

if TYPE_CHECKING:
    from ..environment.modules.backend import ModuleBackend
    from ..site import Site
    from .recipes import Catalog


def list_offers(
    site: Site, catalog: Catalog, backend: ModuleBackend | None, *, refresh: bool = False
) -> tuple[Candidate, ...]:
    """Recipes, modules, images, environments and unmanaged kernels, by origin and name.

    Each has in `kernel` the installed kernel made from it. `refresh` reads the modules anew.
    """
    return with_kernels(list_candidates(site, catalog, backend, refresh=refresh))


def list_candidates(
    site: Site, catalog: Catalog, backend: ModuleBackend | None, *, refresh: bool = False
) -> tuple[Candidate, ...]:
    """`list_offers` without the kernels, which change more often than the rest."""
    here = ModulesHere(backend.available(refresh=refresh) if backend else ())
    found = [of_entry(entry, catalog, here) for entry in catalog.entries]
    taken = {candidate.identity for candidate in found}
    settled = {candidate.name for candidate in found if candidate.default}
    for module in here.modules:
        if module.name not in taken:
            candidate = of_module(module)
            default = candidate.default and candidate.name not in settled
            found.append(dataclasses.replace(candidate, default=default))
    return (*found, *others(site))


def with_kernels(
    candidates: Iterable[Candidate], kernels: Sequence[Installed] | None = None
) -> tuple[Candidate, ...]:
    """The candidates, each with the installed kernel that was made from it."""
    made: dict[str, Installed] = {}
    for kernel in list_kernels() if kernels is None else kernels:
        if kernel.managed and kernel.state != "shadowed":
            for key in _made_from(kernel):
                made.setdefault(key, kernel)
    return tuple(
        dataclasses.replace(c, kernel=made.get(c.identity) or made.get(c.path)) for c in candidates
    )


def _made_from(kernel: Installed) -> Iterator[str]:
    """The identity of a kernel's recipe, and the paths of its image or environment."""
    yield kernel.identity
    table = kernel.kernel["metadata"]["kernelkit"]
    provenance = table.get("provenance")
    if isinstance(provenance, dict) and isinstance(provenance.get("given"), str):
        yield provenance["given"]
    for mark in table.get("marks") or ():
        if isinstance(mark, dict) and mark.get("role") in ("image", "environment"):
            yield str(mark.get("path"))
        elif isinstance(mark, dict) and mark.get("role") == "interpreter":
            # PREFIX/bin/python stands for the environment at PREFIX.
            yield str(Path(str(mark.get("path"))).parent.parent)


def fitting(candidates: Iterable[Candidate], pattern: str) -> tuple[Candidate, ...]:
    """The candidates whose identity or name fits: a glob, or part of it in any case."""
    if not pattern:
        return tuple(candidates)
    wanted = pattern.lower()
    glob = wanted if set("*?[") & set(wanted) else f"*{wanted}*"
    return tuple(
        c
        for c in candidates
        if fnmatchcase(c.identity.lower(), glob) or fnmatchcase(c.name.lower(), glob)
    )


def matching_words(candidates: Iterable[Candidate], words: Sequence[str]) -> tuple[Candidate, ...]:
    """The candidates in which every word occurs, best first; where none has all, those with most.

    A word counts most as the name, then at its start, then within the identity, then in a
    recipe's aliases and modules, and least in the description.
    """
    wanted = [part.lower() for word in words for part in word.split()]
    scored = [([_score(c, word) for word in wanted], c) for c in candidates]
    most = max((_occurring(scores) for scores, _ in scored), default=0)
    if wanted and not most:
        return ()
    found = [(sum(scores), c) for scores, c in scored if _occurring(scores) == most]
    return tuple(c for _, c in sorted(found, key=lambda item: -item[0]))


def has_words(candidate: Candidate, words: Sequence[str]) -> bool:
    """Whether every word occurs in what is known of the candidate."""
    return all(_score(candidate, part.lower()) for word in words for part in word.split())


def _occurring(scores: Sequence[int]) -> int:
    return sum(map(bool, scores))


def _score(candidate: Candidate, word: str) -> int:
    name, identity, others, texts = candidate.searched
    if word == name:
        return 16
    if name.startswith(word):
        return 8
    if word in identity:
        return 4
    return 2 if word in others else int(word in texts)


def quick_identities() -> tuple[tuple[str, str], ...]:
    """Identities with descriptions, for a shell's completion: nothing is run for them.

    Modules come from the copy that the last `avail` left, whatever MODULEPATH it was for.
    """
    from ..site import load_site
    from .recipes import Catalog

    found = {e.identity: e.recipe.display_name for e in Catalog(load_site()).entries}
    for name, whatis in _remembered_modules():
        found.setdefault(name, whatis)
    return tuple(sorted(found.items()))


def _remembered_modules() -> Iterator[tuple[str, str]]:
    from ..errors import KernelkitError
    from ..files import read_regular

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kernelkit"
    try:
        newest = max(cache.glob("modules-*.json"), key=lambda path: path.stat().st_mtime)
        _, _, modules = json.loads(read_regular(newest, 64 << 20))
        for module in modules:
            yield module["name"], module["whatis"]
    except (OSError, ValueError, KeyError, TypeError, KernelkitError):
        return
