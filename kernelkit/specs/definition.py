"""What an installed kernel was made from: kept beside it, read back, or worked out from its files.

The installer writes a `model.Definition` into the kernel's private record. A kernel of an older
kernelkit has none, and one whose directory was copied has no record at all: their recipes are
derived from the Plan, or from what kernel.json says, and are marked as such.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from ..errors import KernelkitError, Unmanaged
from ..files import digest, mark_file, read_regular
from ..model import (
    Definition,
    LayerRecord,
    Packages,
    Plan,
    ProjectPlan,
    Provenance,
    Recipe,
    Resources,
)
from .derived import recipe_of_metadata, recipe_of_plan
from .job_config import request_of
from .recipe_text import check_recipe
from .shelf import record_path, records_of
from .sources import LOGO_NAMES, Source
from .states import Installed

_FILE_LIMIT = 16 << 20


@dataclass(frozen=True)
class Record:
    """The private record of a kernel, as far as this version can read it."""

    plan: Plan | None = None
    changes: tuple[LayerRecord, ...] = ()
    definition: Definition | None = None


@dataclass(frozen=True)
class Origin:
    """The definition of a kernel with what comes with it; `derived` when it was worked out."""

    definition: Definition
    provenance: Provenance
    project: ProjectPlan | None
    derived: bool

    @property
    def source(self) -> Source:
        """What to make the kernel from again."""
        found = self.definition
        return Source(
            recipe=found.recipe,
            provenance=self.provenance,
            base=Path(found.base),
            project=self.project,
            logo=Path(found.logo) if found.logo and Path(found.logo).is_file() else None,
            recipe_file=Path(found.recipe_file) if found.recipe_file else None,
            authored=found.authored,
        )


def define(source: Source, packages: str | None = None) -> Definition:
    """What the record keeps of `source`, installed with `packages` on top."""
    recipe = source.recipe
    if packages:
        recipe = msgspec.structs.replace(recipe, packages=Packages(dir=_absolute(packages)))
    return Definition(
        recipe=recipe,
        base=str(source.base),
        authored=source.authored if source.authored != recipe else None,
        recipe_file=str(source.recipe_file or ""),
        logo=str(source.logo or ""),
    )


def _absolute(packages: str) -> str:
    # Given on a command line, it counts from there; a plain name, `~` and `$` mean the same later.
    if packages.startswith(("~", "$")) or not ("/" in packages or packages.startswith(".")):
        return packages
    return str(Path.cwd() / packages)


def load(kernel: Installed) -> Record:
    """The record of `kernel`; empty where there is none, or none that makes sense."""
    found = _own_record(kernel)
    return Record(
        plan=_read(found.get("plan"), Plan),
        changes=_read(found.get("changes"), tuple[LayerRecord, ...]) or (),
        definition=_read(found.get("definition"), Definition),
    )


def _own_record(kernel: Installed) -> dict[str, Any]:
    root, name = kernel.root, kernel.directory.name
    usual = _decoded(record_path(root, name))
    try:
        own = digest(read_regular(kernel.directory / "kernel.json", _FILE_LIMIT))
    except (OSError, KernelkitError):
        return usual
    if usual and usual.get("of", own) == own:
        return usual
    # A command was ended between the move of a directory and that of its record.
    others = (_decoded(path, own) for path in records_of(root))
    return next((found for found in others if found.get("of") == own), usual)


def _decoded(path: Path, holding: str = "") -> dict[str, Any]:
    try:
        data = read_regular(path, _FILE_LIMIT)
        found = json.loads(data) if holding.encode() in data else {}
    except (OSError, KernelkitError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None


def origin_of(
    kernel: Installed, record: Record | None = None, *, site_binds: Sequence[str] = ()
) -> Origin:
    """What `kernel` was made from; `site_binds` are the site's, which no recipe repeats.

    Raises Unmanaged for what kernelkit did not make.
    """
    metadata = kernel.metadata
    if not kernel.managed or metadata is None:
        raise Unmanaged(
            f"`{kernel.name}` was not made by kernelkit.",
            hint=f"`kernelkit adopt {kernel.name}` makes it one of kernelkit's.",
        )
    record = load(kernel) if record is None else record
    plan, definition = record.plan, record.definition
    if definition and plan:
        definition = _as_started(definition, kernel)
        return Origin(definition, plan.provenance, plan.project, derived=False)
    if plan:
        recipe, provenance = recipe_of_plan(plan, site_binds), plan.provenance
    else:
        recipe, provenance = recipe_of_metadata(kernel.kernel, metadata), metadata.provenance
    base = Path(provenance.file.path).parent if provenance.file else Path.home()
    logo = next((str(p) for n in LOGO_NAMES if (p := kernel.directory / n).is_file()), "")
    found = _as_started(Definition(recipe=recipe, base=str(base), logo=logo), kernel)
    return Origin(found, provenance, plan.project if plan else None, derived=True)


def _as_started(definition: Definition, kernel: Installed) -> Definition:
    # Whoever edits the request in kernel.json gets it at each start, so no change may undo it.
    recipe = definition.recipe
    known = recipe.resources or Resources()
    asked = request_of(kernel.kernel, known)
    if asked == known:
        return definition
    return msgspec.structs.replace(
        definition,
        recipe=msgspec.structs.replace(recipe, resources=asked),
        authored=definition.authored or recipe,
    )


def renewed(source: Source, recipe: Recipe, file: Path) -> Source:
    """`source` with the recipe that `file` declares now; what options added stays.

    Raises RecipeError where both do not fit together.
    """
    before = source.authored or source.recipe
    # Two recipes that are right each for itself may contradict one another.
    table = msgspec.to_builtins(merge(before, source.recipe, recipe), builtin_types=(date,))
    merged = check_recipe(table, source=str(file))
    mark = mark_file(file, hashed=True, role="recipe", label=recipe.identity)
    provenance = msgspec.structs.replace(source.provenance, file=mark)
    return Source(
        recipe=merged,
        provenance=provenance,
        base=source.base,
        project=source.project,
        logo=source.logo,
        recipe_file=source.recipe_file,
        authored=recipe,
    )


def merge(before: Recipe, ours: Recipe, theirs: Recipe) -> Recipe:
    """`theirs` with every value in which `ours` differs from `before`; pure."""
    old, mine, new = (msgspec.to_builtins(r) for r in (before, ours, theirs))
    return msgspec.convert(_merged(old, mine, new), Recipe)


def _merged(old: dict[str, Any], mine: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    found = dict(new)
    for key in {*old, *mine}:
        before, own, theirs = (table.get(key) for table in (old, mine, new))
        if before == own:
            continue
        if isinstance(own, dict) and isinstance(theirs, dict):
            found[key] = _merged(before or {}, own, theirs)
        elif key in mine:
            found[key] = own
        else:
            found.pop(key, None)
    return found
