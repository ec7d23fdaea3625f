"""One installed kernel in full, for `kernelkit show --json` and the server's form."""

# Hundreds of kernels are told at once: os, not pathlib.
# ruff: noqa: PTH113, PTH116

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ..model import (
    PORTABLE_KEY,
    InstallOptions,
    LayerRecord,
    Provenance,
    Recipe,
    Resources,
)
from ..names import kernel_name_from
from .definition import Record, load, origin_of
from .job_config import job_config, request_of, spec_metadata
from .locations import scope_of
from .lookup import find_kernel
from .shelf import fingerprint
from .sources import LOGO_NAMES
from .states import Installed, State
from .undo import Former, former_of

ScopeName = Literal["user", "project", "sys-prefix", "system"]
_PROJECT = (".kernelkit", "share", "jupyter")


class KernelSummary(Struct, kw_only=True):
    """What a list of kernels shows of one; `modified` is in seconds since the epoch. `former` is
    the version that a rollback puts back; None where there is nothing to undo."""

    name: str
    display_name: str
    identity: str
    language: str
    path: str
    managed: bool
    state: State
    reasons: tuple[str, ...]
    description: str
    logo: bool
    on_slurm: bool
    resources: Resources | None
    layers: tuple[str, ...]
    scope: ScopeName
    modified: float
    former: Former | None


class KernelDetail(KernelSummary, kw_only=True):
    """A kernel with what it was made from.

    `recipe`, `options` and `provenance` are None for what kernelkit did not make; `derived` says
    that the recipe was worked out, because no record of it is there. `sbatch` is for whoever
    knows Slurm to fill in.
    """

    recipe: Recipe | None
    options: InstallOptions | None
    derived: bool
    base: str
    fingerprint: str
    provenance: Provenance | None
    layer_records: tuple[LayerRecord, ...]
    files: dict[str, str]
    troubleshoot: str
    sbatch: str | None = None


def summarize(kernel: Installed) -> KernelSummary:
    """`kernel` as a list shows it; reads no file but the note of a former name."""
    return KernelSummary(**_summary(kernel, scope_name(kernel.root)))


def summarize_all(kernels: Iterable[Installed]) -> tuple[KernelSummary, ...]:
    """`summarize` for many, which mostly stand in a few places."""
    scopes: dict[str, ScopeName] = {}
    found = []
    for kernel in kernels:
        place = os.path.dirname(kernel.path)  # noqa: PTH120 - twice as quick as pathlib
        if place not in scopes:
            scopes[place] = scope_name(kernel.root)
        found.append(KernelSummary(**_summary(kernel, scopes[place])))
    return tuple(found)


def _summary(kernel: Installed, scope: ScopeName) -> dict[str, Any]:
    metadata = kernel.metadata if kernel.managed else None
    config = job_config(kernel.kernel)
    return {
        "name": kernel.name,
        "display_name": kernel.display_name,
        "identity": kernel.identity,
        "language": kernel.language,
        "path": kernel.path,
        "managed": kernel.managed,
        "state": kernel.state,
        "reasons": kernel.reasons,
        "description": metadata.description if metadata else "",
        "logo": any(os.path.isfile(f"{kernel.path}/{name}") for name in LOGO_NAMES),
        "on_slurm": config is not None,
        "resources": request_of(kernel.kernel, metadata.resources if metadata else None),
        "layers": metadata.layers if metadata else (),
        "scope": scope,
        "modified": _modified(kernel.path),
        "former": former_of(kernel),
    }


def describe(name: str) -> KernelDetail:
    """The kernel that Jupyter starts for `name`, in full. Raises NotFound, InvalidName, Ambiguous."""
    return describe_kernel(find_kernel(name))


def describe_kernel(kernel: Installed) -> KernelDetail:
    """`kernel` in full."""
    known = kernel.managed and kernel.metadata is not None
    record = load(kernel) if known else Record()
    origin = origin_of(kernel, record, site_binds=_site_binds(record)) if known else None
    recipe = origin.definition.recipe if origin else None
    summary = _summary(kernel, scope_name(kernel.root))
    return KernelDetail(
        **summary
        | {"description": summary["description"] or (recipe.description if recipe else "")},
        recipe=recipe,
        options=options_of(kernel, recipe) if recipe else None,
        derived=bool(origin and origin.derived),
        base=origin.definition.base if origin else "",
        fingerprint=fingerprint(kernel.root, kernel.directory),
        provenance=origin.provenance if origin else None,
        layer_records=record.changes,
        files={name: text_of(kernel.directory / name) for name in ("kernel.json", "launch.sh")},
        troubleshoot=recipe.troubleshoot if recipe else "",
    )


def options_of(kernel: Installed, recipe: Recipe) -> InstallOptions:
    """The options that would install `kernel` as it is; the request stands in the recipe."""
    config = job_config(kernel.kernel)
    usual = kernel_name_from(recipe.identity)
    found = InstallOptions(
        as_name=kernel.name if kernel.name != usual else "", scope=scope_name(kernel.root)
    )
    if config is None:
        return found
    lease, idle = config.get("lease"), config.get("idle")
    return msgspec.structs.replace(
        found,
        on_slurm=True,
        portable=PORTABLE_KEY in spec_metadata(kernel.kernel),
        keep=config.get("keep") is True,
        lease=lease if isinstance(lease, int) else None,
        in_job=_text(config.get("in_job")),
        gpus=_text(config.get("gpus")),
        idle=idle if isinstance(idle, int) else 0,
    )


def scope_name(root: Path) -> ScopeName:
    """Which scope of an install `root` belongs to."""
    if root.parts[-3:] == _PROJECT:
        return "project"
    return scope_of(root)


def text_of(path: Path) -> str:
    """The text of one of a kernel's files; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _modified(path: str) -> float:
    try:
        return os.stat(f"{path}/kernel.json").st_mtime
    except OSError:
        return 0.0


def _site_binds(record: Record) -> tuple[str, ...]:
    if record.definition or not (record.plan and record.plan.container):
        return ()
    from ..site import load_site

    return tuple(load_site().container_binds)
