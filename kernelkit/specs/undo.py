"""One step back: the version before the present one takes its place, and the other way round."""

# Asked for each kernel of a listing: os, not pathlib.
# ruff: noqa: PTH114, PTH116

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from .. import names
from ..errors import NotFound
from ..files import exchange_dirs, explained, flush_dir
from . import store
from .locations import roots as jupyter_roots
from .shelf import (
    find_entry,
    keep,
    kept_path,
    kept_record,
    name_before,
    pending_record,
    record_path,
    shelf_lock,
)
from .states import Installed, examine


class Former(Struct, frozen=True, kw_only=True):
    """The version that a rollback puts back: its name, and when its files were written, in
    seconds since the epoch."""

    name: str
    modified: float


@dataclass(frozen=True)
class Undone:
    """What stands again, and the name under which its successor can be had back by one more
    rollback; empty where there was none (the kernel had been removed)."""

    kernel: Installed
    redo: str


def former_of(kernel: Installed) -> Former | None:
    """What `rollback` would put in the place of `kernel`; None where it would refuse.

    Called for each kernel of a listing. A shadowed one has none: its name means the kernel that
    shadows it.
    """
    root, name = kernel.root, kernel.directory.name.lower()
    try:
        modified = os.stat(f"{kept_path(root, name)}/kernel.json").st_mtime
    except OSError:
        return None
    if kernel.state == "shadowed" or os.path.islink(kernel.path) or not store.is_ours(kernel):
        return None
    previous = kept_path(root, name).parent
    if not all(os.access(path, os.W_OK) for path in (root / "kernels", previous)):
        return None
    was = name_before(root, name)
    if was != name and find_entry(root / "kernels", was):
        return None
    return Former(name=was, modified=modified)


def check_undoable(name: str, *, roots: Sequence[Path] | None = None) -> Path:
    """The data directory in which `rollback` would work. Raises InvalidName and NotFound."""
    name = names.kernelspec_name(name.lower())
    searched = tuple(roots) if roots is not None else jupyter_roots()
    standing = [root for root in searched if find_entry(root / "kernels", name)]
    for root in (*standing[:1], *searched) if standing else searched:
        if kept_path(root, name).is_dir():
            return root
    raise NotFound(
        f"There is no earlier version of `{name}`.",
        hint="One is kept whenever kernelkit changes, renames or removes a kernel.",
    )


def rollback(name: str, *, roots: Sequence[Path] | None = None) -> Undone:
    """Put the version before the last change of `name` back in its place.

    Undoes an edit, an upgrade, a rename, an adoption and a removal; done twice, it undoes
    itself. Raises NotFound, AlreadyExists where the former name is taken, Unmanaged where what
    stands there now is not kernelkit's, NotPermitted.
    """
    root = check_undoable(name, roots=roots)
    name = names.kernelspec_name(name.lower())
    with explained(kept_path(root, name), "Undoing the change"), shelf_lock(root):
        kept = kept_path(root, name)
        if not kept.is_dir():
            raise NotFound(f"`{kept}` is gone already.", hint="See `kernelkit list`.")
        was = name_before(root, name)
        current = store.check_free(root, name, replace=True)
        if was != name:
            names.kernelspec_name(was)
            store.check_free(root, was, replace=False)
            _back_to_former_name(root, name, was, kept, current)
        elif current is None:
            kept.rename(root / "kernels" / name)
            _move_file(kept_record(root, name), record_path(root, name))
        else:
            _exchange(root, name, kept, current)
        flush_dir(root / "kernels")
    redo = was if current is not None else ""
    return Undone(examine(root / "kernels" / was), redo)


def _exchange(root: Path, name: str, kept: Path, current: Path) -> None:
    exchange_dirs(kept, current)
    record, former = record_path(root, name), kept_record(root, name)
    aside = pending_record(root, name)  # where whoever reads a record looks, too
    _move_file(record, aside)
    _move_file(former, record)
    _move_file(aside, former)


def _back_to_former_name(root: Path, name: str, was: str, kept: Path, current: Path | None) -> None:
    kept.rename(root / "kernels" / was)
    former = kept_record(root, name)
    if current is not None:
        keep(root, current, was, was=name)
        _move_file(record_path(root, name), kept_record(root, was))
    _move_file(former, record_path(root, was))
    (kept.parent / f"{name}.was").unlink(missing_ok=True)


def _move_file(source: Path, target: Path) -> None:
    """Move a record; where there is none, an older one must not pass for it."""
    target.parent.mkdir(exist_ok=True)
    try:
        source.replace(target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)
