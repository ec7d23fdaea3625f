"""`kernelkit catalog`: check recipes against the contract of kernels/README.md, and list them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from .. import names
from ..errors import InvalidName, KernelkitError, RecipeError
from ..model import Recipe
from ..site import Site, load_site
from ..specs.recipes import (
    Catalog,
    CatalogEntry,
    check_variables,
    load_recipe,
    read_entry,
    search_path,
)
from .output import Outcome, note, print_table, verb, warn


@dataclass(frozen=True)
class Problem:
    """One mistake in a catalog; `key` is empty where it is not about one key."""

    path: Path
    key: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class RecipeRow:
    """One recipe as `catalog list` shows it."""

    identity: str
    default: bool
    display_name: str
    description: str
    layers: tuple[str, ...]
    verified: str
    catalog: str
    problem: str


# --- validate ------------------------------------------------------------------------------------


def validate_paths(paths: Iterable[Path], *, allowed: Collection[str] = ()) -> list[Problem]:
    """Every mistake in the recipes at `paths`: a recipe, a folder of one name, or a whole catalog.

    A file alone is checked as a recipe; in a folder or catalog its place, its logo and its
    neighbours count too. `allowed` are the site's `allowed_variables`. Raises nothing: what cannot
    be read is a problem.
    """
    return [problem for path in paths for problem in _validate(path, allowed)]


def _validate(path: Path, allowed: Collection[str]) -> Iterator[Problem]:
    if not path.is_dir():
        yield from _validate_file(path, allowed)
        return
    inside = sorted(path.glob("*/*.toml"))
    beside = sorted(path.glob("*.toml"))
    if inside:
        for stray in beside:
            message = f"`{stray}` is not in the folder of a name."
            yield Problem(stray, "", message, "Move it to `NAME/VERSION.toml`.")
        yield from _validate_entries(path, inside, allowed)
    elif beside:
        whole = path.absolute()
        yield from _validate_entries(whole.parent, sorted(whole.glob("*.toml")), allowed)
    else:
        hint = "A catalog holds `NAME/VERSION.toml`."
        yield Problem(path, "", f"There is no recipe in `{path}`.", hint)


def _validate_file(path: Path, allowed: Collection[str]) -> Iterator[Problem]:
    try:
        recipe, _ = load_recipe(path)
        _check_beyond(recipe, path, allowed)
    except KernelkitError as error:
        yield _problem(path, error)
        return
    if recipe.logo and not (path.parent / recipe.logo).is_file():
        message = f"The logo `{path.parent / recipe.logo}` does not exist."
        yield Problem(path, "logo", message, "Add the file, or remove the key.")


def _validate_entries(
    root: Path, paths: Iterable[Path], allowed: Collection[str]
) -> Iterator[Problem]:
    entries: list[tuple[Path, CatalogEntry]] = []
    for path in paths:
        try:
            entry = read_entry(root, path)
            _check_beyond(entry.recipe, path, allowed)
        except KernelkitError as error:
            yield _problem(path, error)
            continue
        entries.append((path, entry))
        if entry.problem:
            yield Problem(path, "logo", entry.problem, "Add the file, or remove the key.")
    recipes = [(path, entry.recipe) for path, entry in entries]
    yield from _double_defaults(recipes)
    yield from _double_aliases(recipes)
    yield from _double_kernel_names(recipes)


def _check_beyond(recipe: Recipe, path: Path, allowed: Collection[str]) -> None:
    """What reading a recipe leaves to the site and to Slurm."""
    check_variables(recipe, allowed=allowed, source=str(path))
    if recipe.resources is None:
        return
    from ..slurm.argv import check_resources

    try:
        check_resources(recipe.resources)
    except KernelkitError as error:
        message = f"`{path}`: [resources]: {error.message}"
        raise RecipeError(message, key="resources", hint=error.hint) from error


def _problem(path: Path, error: KernelkitError) -> Problem:
    return Problem(path, getattr(error, "key", ""), error.message, error.hint)


def _double_defaults(recipes: Sequence[tuple[Path, Recipe]]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for path, recipe in recipes:
        if not recipe.default:
            continue
        other = first.setdefault(recipe.name, recipe.identity)
        if other != recipe.identity:
            message = f"`{path}`: key `default` is true, as it is in `{other}`."
            yield Problem(path, "default", message, "A name has one default.")


def _double_aliases(recipes: Sequence[tuple[Path, Recipe]]) -> Iterator[Problem]:
    real = {recipe.name for _, recipe in recipes}
    first: dict[str, str] = {}
    for path, recipe in recipes:
        for alias in recipe.aliases:
            owner = alias if alias in real else first.setdefault(alias, recipe.name)
            if owner != recipe.name or alias == recipe.name:
                message = f"`{path}`: key `aliases` holds `{alias}`, which means `{owner}` already."
                yield Problem(path, "aliases", message, "Remove it from one of them.")


def _double_kernel_names(recipes: Sequence[tuple[Path, Recipe]]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for path, recipe in recipes:
        try:
            kernel = names.kernel_name_from(recipe.identity)
        except InvalidName as error:
            yield Problem(path, "name", f"`{path}`: {error.message}", error.hint)
            continue
        other = first.setdefault(kernel, recipe.identity)
        if other != recipe.identity:
            message = f"`{path}` would install as `{kernel}`, as `{other}` does."
            yield Problem(path, "name", message, "Rename one; letters' case does not tell apart.")


# --- list ----------------------------------------------------------------------------------------


def list_recipes(catalog: Catalog, words: Sequence[str] = ()) -> list[RecipeRow]:
    """The recipes of the catalog, or those that `words` find, best first."""
    entries = catalog.search(words) if words else catalog.entries
    return [_row(catalog, entry) for entry in entries]


def _row(catalog: Catalog, entry: CatalogEntry) -> RecipeRow:
    recipe = entry.recipe
    return RecipeRow(
        identity=entry.identity,
        default=catalog.is_default(entry),
        display_name=recipe.display_name,
        description=recipe.description,
        layers=_layers(recipe),
        verified=f"{recipe.verified.on}: {recipe.verified.against}" if recipe.verified else "",
        catalog=entry.provenance.catalog,
        problem=entry.problem,
    )


def _layers(recipe: Recipe) -> tuple[str, ...]:
    kinds = ("modules", "container", "conda", "venv", "python", "packages", "wrap")
    return tuple(kind for kind in kinds if getattr(recipe, kind) is not None)


# --- the verbs -----------------------------------------------------------------------------------


def _show_problems(data: dict[str, Any]) -> None:
    for problem in data["problems"]:
        warn(problem.message)
        if problem.hint:
            note(f"  {problem.hint}")
    count = len(data["problems"])
    note(f"{count} problem{'s' * (count != 1)} found." if count else "No problem found.")


@verb("validate", show=_show_problems)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def validate(paths: tuple[Path, ...]) -> Outcome:
    """Check recipes, folders of recipes or whole catalogs; without PATHS, all of this site.

    Each mistake is explained by file and key. Exit code 1 when there is any.
    """
    site = load_site()
    allowed = site.allowed_variables
    problems = validate_paths(paths, allowed=allowed) if paths else validate_site(site)
    return Outcome({"problems": problems}, 1 if problems else 0)


def validate_site(site: Site) -> list[Problem]:
    """Every mistake in the catalogs on this site's search path, and what cannot be found."""
    roots, warnings = search_path(site)
    missing = [Problem(Path(), "catalog_dirs", warning) for warning in warnings]
    directories = [root.directory for root in roots]
    return missing + validate_paths(directories, allowed=site.allowed_variables)


def _show_recipes(data: dict[str, Any]) -> None:
    rows = [
        (
            row.identity + (" (D)" if row.default else ""),
            ", ".join(row.layers),
            row.verified or "not verified",
            row.description,
            row.catalog,
        )
        for row in data["recipes"]
    ]
    print_table(("Recipe", "Layers", "Verified", "Description", "Catalog"), rows)
    for warning in data["warnings"]:
        warn(warning)


@verb("list", show=_show_recipes)
@click.argument("words", nargs=-1)
def list_command(words: tuple[str, ...]) -> dict[str, Any]:
    """List the recipes of all catalogs on the search path; (D) marks a name's default."""
    catalog = Catalog(load_site())
    return {"recipes": list_recipes(catalog, words), "warnings": catalog.warnings}


@click.group("catalog")
def command() -> None:
    """Check and list catalogs of recipes, for those who write them."""


command.add_command(validate)
command.add_command(list_command)
