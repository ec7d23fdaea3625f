"""The shelf: what lies beside Jupyter's `kernels` directory, and where.

A data directory gets `kernelkit/`:

    lock                 held while anything below changes
    staging/             kernelspecs being made; in `kernels` Jupyter lists even hidden ones
    records/NAME.json    what the installer knows of a kernel beyond kernel.json; never served
    previous/NAME/       the version before the present one, whole, and its record NAME.json;
                         NAME.was holds its name where that was another
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import KernelkitError
from ..files import digest, locked, read_regular, remove_tree, replace_file
from .locations import scope_of

LOCK_TIMEOUT = 30.0  # seconds; a swap takes milliseconds, NFS hiccups take longer
_FILE_LIMIT = 16 << 20


@contextmanager
def shelf_lock(root: Path) -> Iterator[None]:
    """Hold the lock of the data directory `root`. Raises KernelkitError, NotPermitted."""
    make_dirs(root / "kernelkit", root)
    with locked(root / "kernelkit" / "lock", timeout=LOCK_TIMEOUT):
        yield


def fingerprint(root: Path, directory: Path) -> str:
    """A digest of all that a change of a kernel changes: both files and the record.

    Whoever changes a kernel tells by it on which state the change was made.
    """
    parts = []
    for path in (
        directory / "kernel.json",
        directory / "launch.sh",
        record_path(root, directory.name),
    ):
        try:
            parts.append(digest(read_regular(path, _FILE_LIMIT)))
        except (OSError, KernelkitError):
            parts.append("-")
    return digest(" ".join(parts).encode())


def find_entry(directory: Path, name: str) -> Path | None:
    """The entry of `directory` that Jupyter takes for `name`."""
    # Jupyter looks names up in lower case, and some disks do not tell the cases apart.
    with suppress(FileNotFoundError):
        for entry in directory.iterdir():
            if entry.name.lower() == name:
                return entry
    return None


def kept_path(root: Path, name: str) -> Path:
    """Where the version before the present one of `name` lies."""
    return root / "kernelkit" / "previous" / name


def keep(root: Path, directory: Path, name: str, *, was: str = "") -> Path:
    """Move a version that was replaced or removed to `previous`, over the one before it.

    `was` is its own name, where what follows it has another.
    """
    kept = kept_path(root, name)
    make_dirs(kept.parent, root)
    note = _note_path(root, name)
    note.unlink(missing_ok=True)
    if was:
        replace_file(note, was.encode())
    if kept.exists():
        old = root / "kernelkit" / "staging" / f"{name}-{os.urandom(6).hex()}"
        make_dirs(old.parent, root)
        kept.rename(old)
        directory.rename(kept)
        remove_tree(old)
    else:
        directory.rename(kept)
    return kept


def _note_path(root: Path, name: str) -> Path:
    return root / "kernelkit" / "previous" / f"{name}.was"


def name_before(root: Path, name: str) -> str:
    """The name that the version before the present one of `name` had."""
    try:
        return read_regular(_note_path(root, name), 1000).decode("utf-8", "replace")
    except OSError:
        return name


def kept_record(root: Path, name: str) -> Path:
    """Where the record of the version before the present one of `name` lies."""
    return root / "kernelkit" / "previous" / f"{name}.json"


def keep_record(root: Path, name: str, *, was: str = "") -> None:
    """Move the record of a version that `keep` took away after it."""
    kept = kept_record(root, name)
    try:
        record_path(root, was or name).replace(kept)
    except FileNotFoundError:
        kept.unlink(missing_ok=True)


def record_path(root: Path, name: str) -> Path:
    """Where the record of a kernel lies."""
    return root / "kernelkit" / "records" / f"{name.lower()}.json"


def pending_record(root: Path, name: str) -> Path:
    """Where the record of a kernel lies that is just being put in place."""
    return record_path(root, name).with_name(f".{name}.pending")


def records_of(root: Path) -> list[Path]:
    """Every record in `root`, of the kernels that stand and of those before them."""
    return [
        path
        for directory in ("records", "previous")
        for path in sorted((root / "kernelkit" / directory).glob("*"))
        if path.suffix in (".json", ".pending") and path.is_file()
    ]


def record_mode(root: Path) -> int:
    """The mode of a record in `root`."""
    # A record holds environment values; in a shared place everyone who starts the kernel may
    # read them in launch.sh as well.
    return 0o644 if scope_of(root) != "user" else 0o600


def make_dirs(path: Path, root: Path) -> None:
    """Create `path`; what is created at or below a shared `root` can be entered by everyone.

    An administrator's umask of 077 would otherwise hide a shared kernel from its users.
    """
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    shared = bool(missing) and scope_of(root) != "user"
    for directory in reversed(missing):
        directory.mkdir(exist_ok=True)
        if shared and (directory == root or root in directory.parents):
            directory.chmod(0o755)
