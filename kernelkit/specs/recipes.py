"""The catalog: recipes from the site's directories, from packages and from kernelkit itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import msgspec

from .. import names
from ..errors import InvalidName, KernelkitError, RecipeError
from ..files import contained
from ..model import Provenance, Recipe
from .recipe_text import check_variables, load_recipe, parse_recipe
from .recipe_toml import render_recipe

if TYPE_CHECKING:
    from ..site import Site

__all__ = [
    "Catalog", "CatalogEntry", "Root", "check_variables", "load_recipe", "own_catalog",
    "parse_recipe", "read_root", "render_recipe",
]  # fmt: skip

# The number is the version of the contract in kernels/README.md; a change that breaks catalogs
# gets a new group, so that packages of both kinds can stand side by side.
ENTRY_POINT_GROUP = "kernelkit.recipes_v1"


@dataclass(frozen=True)
class Root:
    """One directory of the search path; `origin` says in words who named it."""

    directory: Path
    origin: str


@dataclass(frozen=True)
class CatalogEntry:
    """One usable recipe of a catalog; `problem` says what its author should still mend."""

    recipe: Recipe
    provenance: Provenance
    directory: Path
    logo: Path | None = None
    problem: str = ""

    @property
    def identity(self) -> str:
        """`name/version`, unique in a Catalog."""
        return self.recipe.identity


@dataclass
class Reading:
    """What one root holds: its usable recipes, and a warning for each that is not."""

    entries: list[CatalogEntry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Catalog:
    """All recipes this site offers; read on first use, and a broken one is only a warning.

    Of several recipes with one identity the first on the search path counts: the site's
    `catalog_dirs`, then packages (entry points `kernelkit.recipes_v1`), then kernelkit's own.
    """

    def __init__(self, site: Site | None) -> None:
        self._site = site

    @property
    def entries(self) -> tuple[CatalogEntry, ...]:
        """The recipes by name, the newest version first; each identity once."""
        return self._read[0]

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for each directory, package or recipe that was skipped, and why."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[tuple[CatalogEntry, ...], tuple[str, ...]]:
        roots, warnings = search_path(self._site)
        found: dict[str, CatalogEntry] = {}
        for root in roots:
            reading = read_root(root)
            warnings += reading.warnings
            for entry in reading.entries:
                found.setdefault(entry.identity, entry)
        newest_first = sorted(found.values(), key=_version_of, reverse=True)
        return tuple(sorted(newest_first, key=lambda e: e.recipe.name)), tuple(warnings)

    def find(self, identity: str) -> tuple[CatalogEntry, ...]:
        """What `name` or `name/version` means: nothing, one recipe, or several to choose from.

        A name or an alias alone means its default: the recipe that says `default = true`, else
        the highest version. A version is exact, or the beginning of one or several versions.
        Raises InvalidName.
        """
        name, version = names.recipe_identity(identity)
        named = self._named(name)
        if not version:
            return (self.default(named),) if named else ()
        exact = [entry for entry in named if entry.recipe.version == version]
        begun = [e for e in named if names.version_begins(e.recipe.version, version)]
        return tuple(exact or begun)

    def is_default(self, entry: CatalogEntry) -> bool:
        """Whether the recipe's name alone means this entry; `avail` marks it (D)."""
        return self.default(self._named(entry.recipe.name)) == entry

    @staticmethod
    def default(named: Sequence[CatalogEntry]) -> CatalogEntry:
        """The default among the entries of one name."""
        marked = [entry for entry in named if entry.recipe.default]
        return max(marked or named, key=_version_of)

    def _named(self, name: str) -> list[CatalogEntry]:
        # A real name hides an alias of the same spelling.
        real = [entry for entry in self.entries if entry.recipe.name == name]
        return real or [entry for entry in self.entries if name in entry.recipe.aliases]

    def nearest(self, identity: str, limit: int = 3) -> tuple[str, ...]:
        """Identities spelt most like `identity`, for "did you mean"."""
        import difflib

        known = {entry.identity for entry in self.entries}
        known |= {name for e in self.entries for name in (e.recipe.name, *e.recipe.aliases)}
        return tuple(difflib.get_close_matches(identity, sorted(known), limit))

    def search(self, words: Sequence[str]) -> tuple[CatalogEntry, ...]:
        """Entries in which every word occurs, best first; no words find everything.

        A word counts most as a name or alias, then at the start of one, then within the
        identity, then in the description or the modules.
        """
        wanted = [part.lower() for word in words for part in word.split()]
        scored = [(min((_score(e, w) for w in wanted), default=1), e) for e in self.entries]
        ranked = sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0])
        return tuple(entry for _, entry in ranked)


def _version_of(entry: CatalogEntry) -> list[tuple[int, int, str]]:
    return names.version_key(entry.recipe.version)


def _score(entry: CatalogEntry, word: str) -> int:
    recipe = entry.recipe
    spelt = [name.lower() for name in (recipe.name, *recipe.aliases)]
    if word in spelt:
        return 4
    if any(name.startswith(word) for name in spelt):
        return 3
    if any(word in name for name in (recipe.identity.lower(), *spelt)):
        return 2
    loads = recipe.modules.load if recipe.modules else ()
    return int(word in " ".join((recipe.description, recipe.display_name, *loads)).lower())


# --- the search path -----------------------------------------------------------------------------


def search_path(site: Site | None) -> tuple[list[Root], list[str]]:
    """The catalog's directories in order, and a warning for each that cannot be used."""
    roots: list[Root] = []
    warnings: list[str] = []
    for text in site.catalog_dirs if site is not None else ():
        directory = Path(os.path.expandvars(os.path.expanduser(text)))  # noqa: PTH111
        roots.append(Root(directory, "the setting `catalog_dirs`"))
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda p: p.name):
        try:
            roots += [Root(d, f"the entry point `{point.name}`") for d in _directories(point)]
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything at all
            warnings.append(
                f"The catalog package `{point.name}` ({point.value}) was skipped: "
                f"{type(error).__name__}: {names.printable(str(error))[:200]}."
            )
    roots.append(Root(own_catalog(), "kernelkit"))
    return _existing(roots, warnings), warnings


def _existing(roots: list[Root], warnings: list[str]) -> list[Root]:
    found = []
    for root in roots:
        if not os.path.isdir(root.directory):  # noqa: PTH112 - Path.is_dir raises on EACCES
            warnings.append(
                f"The catalog directory `{root.directory}` of {root.origin} does not exist."
            )
            continue
        found.append(root)
    return found


def _directories(point: EntryPoint) -> list[Path]:
    target: ModuleType | Callable[[], object] = point.load()
    if isinstance(target, ModuleType):
        # A namespace package has several directories and no file of its own.
        folders = getattr(target, "__path__", None)
        return [Path(p) for p in folders] if folders else [Path(str(target.__file__)).parent]
    found = target()
    if not isinstance(found, str | os.PathLike):
        raise TypeError(f"it returned {type(found).__name__}, not a path")
    return [Path(os.fspath(found))]


def own_catalog() -> Path:
    """kernelkit's own recipes: in the package when installed, beside it in a clone."""
    here = Path(__file__).resolve()
    installed = here.parents[1] / "kernels"
    return installed if installed.is_dir() else here.parents[2] / "kernels"


# --- one directory -------------------------------------------------------------------------------


def read_root(root: Root) -> Reading:
    """Read `<root>/<name>/<version>.toml`; what cannot be used becomes a warning.

    Symlinks that leave the root, files that are not regular or too large, and recipes whose
    name and version are not those of their path are skipped.
    """
    reading = Reading()
    for path in recipe_paths(root.directory, reading.warnings):
        try:
            reading.entries.append(read_entry(root.directory, path))
        except KernelkitError as error:
            reading.warnings.append(f"A recipe was skipped. {error.message} {error.hint}".strip())
    return reading


def recipe_paths(root: Path, warnings: list[str]) -> Iterator[Path]:
    """Every `<name>/<version>.toml` below `root`, sorted; other files are none of ours."""
    for folder in _listed(root, warnings):
        if os.path.isdir(folder) and not folder.name.startswith((".", "_")):  # noqa: PTH112
            yield from (p for p in _listed(folder, warnings) if p.suffix == ".toml")


def _listed(folder: Path, warnings: list[str]) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        warnings.append(f"The catalog directory `{folder}` cannot be read ({error.strerror}).")
        return []


def read_entry(root: Path, path: Path) -> CatalogEntry:
    """One recipe of a catalog root. Raises RecipeError, InsecureFile, NotFound, NotPermitted."""
    name, version = path.parent.name, path.name.removesuffix(".toml")
    try:
        names.recipe_name(name)
        names.recipe_version(version)
    except InvalidName as error:
        message = f"`{path}`: {error.message}"
        raise RecipeError(message, source=str(path), hint=error.hint) from error
    contained(root, path)
    recipe, provenance = load_recipe(path)
    if (recipe.name, recipe.version) != (name, version):
        raise RecipeError(
            f"`{path}` says it is `{recipe.identity}`.",
            source=str(path),
            key="name" if recipe.name != name else "version",
            hint=f"Move it to `{recipe.name}/{recipe.version}.toml`, or correct the keys.",
        )
    provenance = msgspec.structs.replace(
        provenance, origin="catalog", given=recipe.identity, catalog=str(root)
    )
    logo, problem = _find_logo(root, path, recipe)
    return CatalogEntry(recipe, provenance, path.parent, logo, problem)


def _find_logo(root: Path, path: Path, recipe: Recipe) -> tuple[Path | None, str]:
    if recipe.logo is None:
        return None, ""
    logo = path.parent / recipe.logo
    try:
        contained(root, logo)
    except KernelkitError as error:
        return None, error.message
    if not logo.is_file():
        return None, f"The logo `{logo}` does not exist."
    return logo, ""
