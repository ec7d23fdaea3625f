"""Clones and new names: the files of a kernel with another name in them, and nothing resolved."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec

from .. import names
from ..errors import AlreadyExists, RecipeError, Unmanaged, UsageError
from ..files import digest, explained, flush_dir, read_regular
from ..model import Plan
from . import store
from .definition import Record, load
from .integrity import spec_digest
from .script import render_script
from .shelf import keep, keep_record, record_path, shelf_lock
from .sources import read_kernel_json
from .spec import render_record
from .states import Installed, edited_files, examine, list_kernels

_FILE_LIMIT = 16 << 20


def clone_kernel(
    kernel: Installed, name: str, *, display_name: str = "", root: Path | None = None
) -> Installed:
    """A second kernel like `kernel`, with its files, record and Slurm options, named `name`.

    It goes to `root`, where not to where the first one is. Raises Unmanaged, InvalidName,
    AlreadyExists, NotPermitted and StorageFull, with nothing left behind.
    """
    root = root or kernel.root
    check_clone(kernel, name, root)
    shown = names.display_name(display_name or _next_display_name(kernel))
    staged = _staged(kernel, root, name, shown)
    try:
        return examine(store.commit(staged, replace=False))
    finally:
        store.discard(staged)


def rename_kernel(
    kernel: Installed, name: str = "", *, display_name: str = "", expected: str = ""
) -> Installed:
    """`kernel` under another name, another display name, or both; what it was is kept for undo.

    Raises as `clone_kernel`, and Changed where its fingerprint is not `expected`.
    """
    old = kernel.directory.name
    name = name or old
    if not display_name and name == old:
        raise UsageError(f"`{old}` has that name already.", hint="Give another one.")
    if name == old:
        _check_managed(kernel)
    else:
        check_clone(kernel, name, kernel.root)
    shown = names.display_name(display_name) if display_name else kernel.display_name
    staged = _staged(kernel, kernel.root, name, shown)
    try:
        if name == old:
            return examine(store.commit(staged, replace=True, expected=expected))
        return examine(_move(kernel, staged, expected))
    finally:
        store.discard(staged)


def check_clone(kernel: Installed, name: str, root: Path) -> None:
    """Raises what a clone of `kernel` in `root`, or its renaming there, would raise at once."""
    names.kernel_name(name)
    _check_managed(kernel)
    store.check_free(root, name, replace=False)


def _check_managed(kernel: Installed) -> None:
    if not kernel.managed or kernel.metadata is None:
        raise Unmanaged(
            f"`{kernel.name}` was not made by kernelkit.",
            hint=f"`kernelkit adopt {kernel.name}` makes it one of kernelkit's.",
        )


def _move(kernel: Installed, staged: store.Staged, expected: str) -> Path:
    root, old = kernel.root, kernel.directory.name
    with explained(kernel.directory, "Renaming the kernel"), shelf_lock(root):
        store.check_unchanged(root, old, expected)
        if store.check_free(root, staged.name, replace=False):
            raise AlreadyExists(f"A kernel named `{staged.name}` exists.", hint="Choose another.")
        # The new one first: whoever is killed between two steps leaves both, and loses none.
        pending = store.write_pending(staged)
        try:
            staged.directory.rename(staged.target)
        except BaseException:
            pending.unlink(missing_ok=True)
            raise
        pending.replace(record_path(root, staged.name))
        keep(root, kernel.directory, staged.name, was=old)
        keep_record(root, staged.name, was=old)
        flush_dir(staged.target.parent)
    return staged.target


def _staged(kernel: Installed, root: Path, name: str, display_name: str) -> store.Staged:
    source = kernel.directory
    files = {
        entry.name: (
            read_regular(entry, _FILE_LIMIT),
            0o755 if entry.stat().st_mode & 0o100 else 0o644,
        )
        for entry in sorted(source.iterdir())
        if entry.is_file() and entry.name != "kernel.js" and not entry.name.startswith(".")
    }
    record = load(kernel)
    plan = _renamed_plan(record.plan, name, display_name)
    if record.plan and plan and files["launch.sh"][0] == render_script(record.plan):
        files["launch.sh"] = (render_script(plan), 0o755)
    spec = _renamed_spec(source, root / "kernels" / name, display_name)
    table = spec["metadata"]["kernelkit"]
    unedited = table["digests"].get("kernel.json") == spec_digest(kernel.kernel)
    for file, (data, _) in files.items():
        # What somebody edited stays told as edited.
        if file in table["digests"] and table["digests"][file] == _digest_at(source / file):
            table["digests"][file] = digest(data)
    if unedited:
        table["digests"]["kernel.json"] = spec_digest(spec)
    files["kernel.json"] = (json.dumps(spec, indent=1, ensure_ascii=False).encode() + b"\n", 0o644)
    of = digest(files["kernel.json"][0])
    staged = store.stage(root, name, files, _renamed_record(record, plan, display_name, of))
    if edited_files(kernel.kernel, kernel.path):
        # One time for all files means that nobody edited them (see `states.edited_files`).
        os.utime(staged.directory / "launch.sh", ns=(0, 0))
    return staged


def _digest_at(path: Path) -> str:
    return digest(read_regular(path, _FILE_LIMIT))


def _renamed_plan(plan: Plan | None, name: str, display_name: str) -> Plan | None:
    if plan is None:
        return None
    return msgspec.structs.replace(plan, kernel_name=name, display_name=display_name)


def _renamed_spec(source: Path, target: Path, display_name: str) -> dict[str, Any]:
    spec = read_kernel_json(source)
    table = (spec.get("metadata") or {}).get("kernelkit")
    if not isinstance(table, dict) or not isinstance(table.get("digests"), dict):
        raise RecipeError(
            f"`{source}/kernel.json` does not say how kernelkit wrote it.",
            hint="Make the kernel anew with `kernelkit upgrade`.",
        )
    # Words of argv only: a path within another word is a person's own.
    moved = {str(source): str(target), f"{source}/launch.sh": f"{target}/launch.sh"}
    spec["argv"] = [moved.get(word, word) for word in spec["argv"]]
    spec["display_name"] = display_name
    return spec


def _renamed_record(record: Record, plan: Plan | None, display_name: str, of: str) -> bytes:
    if plan is None:
        return b"{}\n"
    definition = record.definition
    if definition and record.plan and display_name != record.plan.display_name:
        recipe = msgspec.structs.replace(definition.recipe, display_name=display_name)
        authored = definition.authored or definition.recipe
        definition = msgspec.structs.replace(definition, recipe=recipe, authored=authored)
    return render_record(plan, record.changes, definition, of=of)


def _next_display_name(kernel: Installed) -> str:
    """`Tool` -> `Tool (copy)`, `Tool (copy 2)` …: JupyterLab tells kernels apart by this name."""
    taken = {found.display_name for found in list_kernels()}
    shown = f"{kernel.display_name} (copy)"
    number = 2
    while shown in taken:
        shown = f"{kernel.display_name} (copy {number})"
        number += 1
    return shown
