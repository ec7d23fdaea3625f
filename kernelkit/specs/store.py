"""Kernelspecs are put up, replaced and taken down whole, under the lock of their shelf."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .. import names
from ..errors import AlreadyExists, Changed, NotFound, NotPermitted, Unmanaged
from ..files import (
    exchange_dirs,
    explained,
    flush_dir,
    read_regular,
    remove_tree,
    replace_file,
    write_file,
)
from .lookup import find_kernel as find_kernel
from .shelf import (
    find_entry,
    fingerprint,
    keep,
    keep_record,
    make_dirs,
    pending_record,
    record_mode,
    record_path,
    shelf_lock,
)
from .states import Installed, edited_files, examine

STAGING_LIFE = 24 * 3600.0  # seconds after which a staged directory belongs to a dead install
_RECORD_LIMIT = 16 << 20


@dataclass(frozen=True)
class Staged:
    """A kernelspec made in full beside the shelf; `directory` is ready to be renamed."""

    directory: Path
    name: str
    root: Path
    record: bytes

    @property
    def target(self) -> Path:
        """Where `commit` puts it."""
        return self.root / "kernels" / self.name


def stage(root: Path, name: str, files: Mapping[str, tuple[bytes, int]], record: bytes) -> Staged:
    """Write a kernelspec's `files` (name -> content and mode) where Jupyter does not look.

    All files get one modification time: `states.edited_files` reads nothing while they agree.
    Raises InvalidName before any disk access, StorageFull, NotPermitted; leaves nothing then.
    """
    names.kernel_name(name)
    for file in files:
        if "/" in file or file.startswith(".") or file == "kernel.js":
            # jupyter_server offers a kernel.js to every page; only JavaScript could be in it.
            raise ValueError(f"a kernelspec holds no file {file!r}")
    staging = root / "kernelkit" / "staging"
    directory = staging / f"{name}-{os.urandom(6).hex()}"
    with explained(directory, "Writing the kernel"):
        make_dirs(staging, root)
        _sweep(staging)
        try:
            directory.mkdir()
            directory.chmod(0o755)
            _write(directory, files)
        except BaseException:
            remove_tree(directory)
            raise
    return Staged(directory, name, root, record)


def _write(directory: Path, files: Mapping[str, tuple[bytes, int]]) -> None:
    for file, (data, mode) in files.items():
        write_file(directory / file, data, mode)
    now = time.time_ns()
    for file in files:
        os.utime(directory / file, ns=(now, now))
    flush_dir(directory)


def discard(staged: Staged) -> None:
    """Remove what `stage` wrote; fine when it is gone or was committed."""
    remove_tree(staged.directory)


def commit(staged: Staged, *, replace: bool, expected: str = "", adopt: bool = False) -> Path:
    """Put a staged kernelspec on the shelf and return its directory.

    What it replaces is kept whole in `previous`. Raises AlreadyExists without `replace`,
    Unmanaged for a kernelspec kernelkit did not make (with `replace` too), NotPermitted and
    StorageFull with the shelf as it was. With `expected`, a fingerprint, it raises Changed where
    the kernel is no longer the one that was changed; `adopt` replaces what others made.
    """
    home = staged.root / "kernelkit"
    with explained(staged.target, "Installing the kernel"):
        make_dirs(home, staged.root)
        make_dirs(staged.target.parent, staged.root)
        with shelf_lock(staged.root):
            existing = check_free(staged.root, staged.name, replace=replace, adopt=adopt)
            check_unchanged(staged.root, staged.name, expected)
            pending = write_pending(staged)
            make_dirs(home / "previous", staged.root)
            try:
                _swap(staged, existing)
            except BaseException:
                pending.unlink(missing_ok=True)
                raise
            if existing is not None:
                keep_record(staged.root, staged.name)
            pending.replace(record_path(staged.root, staged.name))
            flush_dir(staged.target.parent)
    return staged.target


def write_pending(staged: Staged) -> Path:
    """Write the record of `staged` beside its place, before anything moves: this is what a full
    quota stops. Whoever holds the lock renames it when the kernel stands."""
    pending = pending_record(staged.root, staged.name)
    make_dirs(pending.parent, staged.root)
    replace_file(pending, staged.record, record_mode(staged.root))
    return pending


def check_unchanged(root: Path, name: str, expected: str) -> None:
    """Raises Changed where the kernel's fingerprint is not `expected`; an empty one fits all."""
    if expected and fingerprint(root, root / "kernels" / name) != expected:
        raise Changed(
            f"`{name}` was changed while this change of it was made.",
            hint="Look at it again and repeat the change.",
        )


def check_free(root: Path, name: str, *, replace: bool, adopt: bool = False) -> Path | None:
    """The managed directory that an install of `name` would replace; None when the name is free.

    Called by `commit` under the lock, and by `install` before hours of pulling and building.
    Raises AlreadyExists and Unmanaged as `commit` does.
    """
    names.kernel_name(name)
    existing = find_entry(root / "kernels", name)
    if existing is None:
        return None
    if not adopt or existing.is_symlink():
        _refuse_unmanaged(existing, "replaced", "Choose another name with `--as NAME`.")
    if replace:
        return existing
    what = f"A kernel named `{existing.name}` exists in `{existing.parent}`."
    if existing.name != name:
        what = f"`{name}` differs only in case from the kernel `{existing}`."
    elif edits := _edits(existing):
        what += f" It is not as kernelkit wrote it: {', '.join(edits)}."
    raise AlreadyExists(
        what,
        hint="`--replace` puts the new one there and keeps the old one for undo; "
        "`--as NAME` installs beside it.",
    )


def is_ours(kernel: Installed) -> bool:
    """Whether kernelkit made `kernel`, also where its kernel.json no longer says so."""
    if kernel.managed:
        return True
    # A kernel.json that no longer parses tells nothing of its maker; our own record does.
    unreadable = not kernel.kernel and (kernel.directory / "kernel.json").exists()
    return unreadable and record_path(kernel.root, kernel.directory.name).is_file()


def _refuse_unmanaged(directory: Path, done: str, hint: str) -> None:
    if directory.is_symlink():
        what = f"`{directory}` is a symlink, which kernelkit never makes; it is not {done}."
        raise Unmanaged(what, hint=hint)
    if is_ours(examine(directory)):
        return
    raise Unmanaged(f"`{directory}` was not made by kernelkit; it is not {done}.", hint=hint)


def _edits(directory: Path) -> list[str]:
    found = examine(directory)
    if not found.kernel:
        return ["its kernel.json cannot be read"]
    try:
        modified = (directory / "kernel.json").stat().st_mtime_ns
    except OSError:
        modified = -1
    return edited_files(found.kernel, str(directory), modified)


def _swap(staged: Staged, existing: Path | None) -> None:
    if existing is None:
        staged.directory.rename(staged.target)
        return
    if existing != staged.target:
        keep(staged.root, existing, staged.name)
        staged.directory.rename(staged.target)
        return
    if exchange_dirs(staged.directory, staged.target):
        keep(staged.root, staged.directory, staged.name)


def load_record(root: Path, name: str) -> bytes:
    """What the installer stored with a kernel. Raises NotFound, InsecureFile."""
    names.kernelspec_name(name.lower())
    path = record_path(root, name)
    try:
        return read_regular(path, _RECORD_LIMIT)
    except OSError as error:
        raise NotFound(
            f"There is no record of `{name}`: `{path}` cannot be read ({error.strerror}).",
            hint="Install the kernel again to get one.",
        ) from error


def remove(name: str, *, roots: Sequence[Path] | None = None, force: bool = False) -> Path:
    """Take a kernel down and return where it stood; a copy stays in `previous`.

    Looks in `roots` (default: every data directory of Jupyter's path, in precedence). Raises
    NotFound, Unmanaged, and NotPermitted where the disk forbids it or, without `force`, where
    the kernel was edited by hand.
    """
    found = check_removable(name, roots=roots, force=force)
    root, directory = found.root, found.directory
    with explained(directory, "Removing the kernel"):
        make_dirs(root / "kernelkit", root)
        with shelf_lock(root):
            if not directory.is_dir():
                raise NotFound(f"`{directory}` is gone already.", hint="See `kernelkit list`.")
            keep(root, directory, found.name)
            keep_record(root, found.name)
            flush_dir(directory.parent)
    return directory


def check_removable(
    name: str, *, roots: Sequence[Path] | None = None, force: bool = False
) -> Installed:
    """The kernel that `remove` would take down. Raises what `remove` raises."""
    found = find_kernel(name, roots=roots)
    hint = f"If it is no longer wanted: `jupyter kernelspec remove {found.name}`."
    _refuse_unmanaged(found.directory, "removed", hint)
    if not force and (edits := _edits(found.directory)):
        raise NotPermitted(
            f"`{found.name}` is not as kernelkit wrote it: {', '.join(edits)}.",
            hint="`--force` removes it all the same; a copy is kept.",
        )
    return found


def _sweep(staging: Path) -> None:
    # What an install left that was killed; a running one is never a day old.
    with suppress(OSError):
        for entry in os.scandir(staging):
            if time.time() - entry.stat(follow_symlinks=False).st_mtime > STAGING_LIFE:
                remove_tree(Path(entry.path))
