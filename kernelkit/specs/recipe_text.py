"""TOML text -> Recipe: the one place where what an author wrote is checked."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from .. import names
from ..errors import InvalidName, NotFound, NotPermitted, RecipeError
from ..files import digest, read_regular
from ..model import FileMark, Provenance, Recipe
from .recipe_faults import explain, fault, number

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RECIPE_LIMIT = 64 * 1024

_IMPORT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_LOGO = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*\.(svg|png)")
_WORD_LIMIT = 100


def load_recipe(path: Path, *, limit: int = RECIPE_LIMIT) -> tuple[Recipe, Provenance]:
    """Read the recipe in `path`, a regular file of at most `limit` bytes.

    Raises NotFound, NotPermitted (InsecureFile for a FIFO, a device or too large a file) and
    RecipeError.
    """
    # Not resolve(): a site keeps `current` links, and the text a user gave should be recognised.
    path = Path(os.path.abspath(path))  # noqa: PTH100
    data, status = _contents(path, limit)
    recipe = parse_recipe(_decoded(data, str(path)), source=str(path))
    mark = FileMark(
        path=str(path),
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        sha256=digest(data),
        role="recipe",
        label=recipe.identity,
    )
    return recipe, Provenance(origin="file", given=str(path), file=mark)


def read_text(path: Path) -> str:
    """The text of a recipe's file, unchecked. Raises what `load_recipe` raises of the file."""
    return _decoded(_contents(path, RECIPE_LIMIT)[0], str(path))


def _contents(path: Path, limit: int) -> tuple[bytes, os.stat_result]:
    try:
        return read_regular(path, limit), path.stat()
    except FileNotFoundError as error:
        raise NotFound(f"There is no recipe `{path}`.", hint="Check the path.") from error
    except OSError as error:
        raise NotPermitted(
            f"The recipe `{path}` cannot be read ({error.strerror}).", hint="Check its permissions."
        ) from error


def _decoded(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RecipeError(
            f"`{source}`, line {line}: not UTF-8 text.", source=source, hint="Save it as UTF-8."
        ) from error


def parse_recipe(text: str, *, source: str) -> Recipe:
    """The recipe that `text` declares; `source` is the file's name for messages.

    Display texts come back cleaned of control characters. Raises RecipeError that names the
    line (for TOML) or the key, and the nearest valid key.
    """
    return check_recipe(_parsed(text, source), source=source)


def check_recipe(data: Mapping[str, Any], *, source: str) -> Recipe:
    """The recipe in a decoded table, from TOML or from a form's JSON. Raises RecipeError."""
    try:
        recipe = msgspec.convert(data, Recipe)
    except msgspec.ValidationError as error:
        raise explain(error, data, source) from error
    return checked_recipe(recipe, source=source)


def checked_recipe(recipe: Recipe, *, source: str) -> Recipe:
    """A Recipe that was not read from TOML, checked and cleaned as `parse_recipe` does.

    Raises RecipeError.
    """
    for error in recipe_errors(recipe, source=source):
        raise error
    return _cleaned(recipe, source)


def recipe_errors(recipe: Recipe, *, source: str) -> Iterator[RecipeError]:
    """Everything that the types of a Recipe do not say and that is wrong with it, by key."""
    for check in _CHECKS:
        try:
            check(recipe, source)
        except RecipeError as error:
            yield error


def _parsed(text: str, source: str) -> dict[str, Any]:
    try:
        text.encode()  # a lone surrogate cannot be written to any file of ours
        return tomllib.loads(text, parse_float=number)
    except RecursionError as error:
        raise RecipeError(
            f"`{source}` nests too deeply.", source=source, hint="A recipe has tables of one level."
        ) from error
    except ValueError as error:  # TOMLDecodeError, and int() on thousands of digits
        where = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)", str(error))
        line = f", line {where[1]}, column {where[2]}" if where and where[1] else ""
        what = str(error)[: where.start()] if where else str(error)
        at_end = " at the end of the file" if where and not where[1] else ""
        raise RecipeError(
            f"`{source}`{line}: {names.printable(what)[:200]}{at_end}.",
            source=source,
            hint="Texts and versions stand in double quotes; a list in brackets.",
        ) from error


def check_variables(recipe: Recipe, *, allowed: Collection[str], source: str) -> None:
    """Refuse variables that change what runs before the kernel, unless the site allows them.

    `allowed` is the site's `allowed_variables`. Raises NotPermitted.
    """
    for variable in (*recipe.env, *recipe.env_passthrough):
        if variable in names.DANGEROUS_VARIABLES and variable not in allowed:
            raise NotPermitted(
                f"`{source}` sets `{variable}`, which changes what runs before the kernel does.",
                hint="Remove it, or ask the site to name it in `KernelkitSite.allowed_variables`.",
            )


# --- what the schema cannot say ------------------------------------------------------------------


@contextmanager
def _at(source: str, key: str) -> Iterator[None]:
    try:
        yield
    except InvalidName as error:
        message = f"`{source}`: key `{key}`: {error.message}"
        raise RecipeError(message, source=source, key=key, hint=error.hint) from error


def _each(check: Callable[[str], object], values: Iterable[str], source: str, key: str) -> None:
    with _at(source, key):
        for value in values:
            check(value)


def _check_names(recipe: Recipe, source: str) -> None:
    _each(names.recipe_name, [recipe.name], source, "name")
    _each(names.recipe_version, [recipe.version] if recipe.version else [], source, "version")
    _each(names.recipe_name, recipe.aliases, source, "aliases")


def _check_words(recipe: Recipe, source: str) -> None:
    _each(names.kernelspec_name, [recipe.wrap] if recipe.wrap is not None else [], source, "wrap")
    _each(_word, [recipe.language] if recipe.language else [], source, "language")
    _each(_import_name, recipe.requires, source, "requires")
    _each(_logo, [recipe.logo] if recipe.logo is not None else [], source, "logo")


def _check_modules(recipe: Recipe, source: str) -> None:
    modules = recipe.modules
    if modules is None:
        return
    _each(names.module_name, modules.load, source, "modules.load")
    _each(names.path_text, modules.use, source, "modules.use")
    if modules.collection is not None:
        _each(names.collection_name, [modules.collection], source, "modules.collection")


def _check_container(recipe: Recipe, source: str) -> None:
    container = recipe.container
    if container is None:
        return
    remote = "://" in container.image
    check = names.image_reference if remote else names.path_text
    _each(check, [container.image], source, "container.image")
    _each(names.bind, container.binds, source, "container.binds")
    if container.overlay is not None:
        _each(names.path_text, [container.overlay], source, "container.overlay")


def _check_environment(recipe: Recipe, source: str) -> None:
    given = [key for key in ("conda", "venv", "python") if getattr(recipe, key) is not None]
    if len(given) > 1:
        raise fault(
            source,
            given[1],
            f"stands beside [{given[0]}]",
            "A kernel has one environment: keep one.",
        )
    if recipe.conda:
        name = recipe.conda.environment
        a_path = "/" in name or name.startswith(("~", "."))
        check = names.path_text if a_path else names.conda_name
        _each(check, [name], source, "conda.environment")
    if recipe.venv:
        _each(names.path_text, [recipe.venv.path], source, "venv.path")
    if recipe.python:
        _each(names.path_text, [recipe.python.interpreter], source, "python.interpreter")
    if recipe.packages:
        _each(names.path_text, [recipe.packages.dir], source, "packages.dir")


def _check_command(recipe: Recipe, source: str) -> None:
    kernel = recipe.kernel
    if kernel is None or not kernel.command:
        return
    for word in kernel.command:
        with _at(source, "kernel.command"):
            names.env_value("kernel.command", word)
    if list(kernel.command).count("{connection_file}") != 1:
        raise fault(
            source,
            "kernel.command",
            "does not hold `{connection_file}` once, as a word of its own",
            'For example `command = ["mykernel", "-f", "{connection_file}"]`.',
        )


def _check_env(recipe: Recipe, source: str) -> None:
    for name, value in recipe.env.items():
        with _at(source, f"env.{name}"):
            names.env_variable(name)
            names.env_value(name, value)
        if value and names.looks_secret(name):
            raise fault(
                source,
                f"env.{name}",
                "looks like a secret, and everybody who can read the recipe can read it",
                f'Name it in `env_passthrough = ["{name}"]`, '
                "or let the program read a secrets file that only you can read.",
            )
    _each(names.env_variable, recipe.env_passthrough, source, "env_passthrough")
    both = [name for name in recipe.env_passthrough if name in recipe.env]
    if both:
        raise fault(
            source, f"env.{both[0]}", "stands in `env_passthrough` too", "Keep one of them."
        )


def _check_resources(recipe: Recipe, source: str) -> None:
    if recipe.resources is None:
        return
    for key in recipe.resources.__struct_fields__:
        value = getattr(recipe.resources, key)
        if isinstance(value, str):
            _each(_word, [value], source, f"resources.{key}")
    _each(_option, recipe.resources.extra, source, "resources.extra")


_CHECKS: tuple[Callable[[Recipe, str], None], ...] = (
    _check_names,
    _check_words,
    _check_modules,
    _check_container,
    _check_command,
    _check_environment,
    _check_env,
    _check_resources,
)


def _word(value: str) -> None:
    plain = value.strip() == value != "" and names.printable(value) == value
    if not plain or value.startswith("-") or len(value) > _WORD_LIMIT:
        raise InvalidName(
            f"`{names.printable(value)[:80]}` is not usable.",
            hint=f"Give 1 to {_WORD_LIMIT} plain characters, not starting with `-`.",
        )


def _option(value: str) -> None:
    # slurm.argv knows which options there are; here only that one entry is one line.
    if not value.startswith("-") or names.printable(value) != value:
        raise InvalidName(
            f"`{names.printable(value)[:80]}` is not an sbatch option.",
            hint="Write `--option=value` or `--option`, one an entry.",
        )


def _import_name(value: str) -> None:
    if not _IMPORT_NAME.fullmatch(value):
        raise InvalidName(
            f"`{names.printable(value)[:80]}` cannot be imported.",
            hint="Give names as after `import`: `sklearn`, not `scikit-learn`.",
        )


def _logo(value: str) -> None:
    if not _LOGO.fullmatch(value):
        raise InvalidName(
            f"`{names.printable(value)[:80]}` is not a logo beside the recipe.",
            hint="Give the name of an .svg or .png file in the recipe's own directory.",
        )


# --- texts for people ----------------------------------------------------------------------------


def _cleaned(recipe: Recipe, source: str) -> Recipe:
    display_name = recipe.display_name
    if display_name:
        with _at(source, "display_name"):
            display_name = names.display_name(display_name)
    verified = recipe.verified
    if verified is not None:
        verified = msgspec.structs.replace(verified, against=_one_line(verified.against))
    return msgspec.structs.replace(
        recipe,
        display_name=display_name,
        description=_one_line(recipe.description),
        troubleshoot="\n".join(map(_line, recipe.troubleshoot.split("\n"))).strip(),
        verified=verified,
    )


def _one_line(text: str) -> str:
    return " ".join(names.printable(text).split())


def _line(text: str) -> str:
    return names.printable(text).rstrip()
