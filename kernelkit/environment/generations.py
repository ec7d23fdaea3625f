"""Generations of a packages dir: a new one is built beside it and takes its place in one step.

Beside a packages dir DIR lie `.DIR.previous`, the generation before (one step of undo),
`.DIR.lock`, and while a change goes on `.DIR.next-…`. Files that two generations share are hard
links, so a generation costs what differs. A kernel that runs keeps what it has loaded.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import EnvironmentBroken, NotFound
from ..files import exchange_dirs, explained, locked, read_regular, remove_tree
from .packages import canonical

_LOCK_SECONDS = 30.0
_RECORD_LIMIT = 64 << 20


@dataclass(frozen=True)
class Distribution:
    """One distribution in a packages dir; `info` is its .dist-info directory."""

    name: str
    version: str
    info: Path


def distributions(path: Path) -> list[Distribution]:
    """What a packages dir holds, by name; nothing where there is no such directory."""
    try:
        entries = sorted(path.iterdir())
    except FileNotFoundError:
        return []
    found = []
    for entry in entries:
        stem, _, kind = entry.name.rpartition(".")
        name, dash, version = stem.partition("-")
        if kind == "dist-info" and dash:
            found.append(Distribution(canonical(name), version, entry))
    return found


@contextmanager
def changing(path: Path) -> Iterator[Path]:
    """Hold the lock of a packages dir; gives its real place, links followed.

    A link is followed because an exchange would swap the link and not the directory. Raises
    KernelkitError when somebody else changes it just now.
    """
    real = Path(os.path.realpath(path))
    with explained(real, "Changing the packages dir"):
        real.parent.mkdir(parents=True, exist_ok=True)
        with locked(real.with_name(f".{real.name}.lock"), timeout=_LOCK_SECONDS):
            for left in real.parent.glob(f".{real.name}.next-*"):
                remove_tree(left)  # of a command that was killed: the lock is ours
            yield real


@contextmanager
def next_generation(path: Path) -> Iterator[Path]:
    """A copy of the packages dir to change; removed at the end unless `put_in_place` took it.

    To be used while `changing` holds the lock. Raises StorageFull and NotPermitted.
    """
    with explained(path, "Building the next generation of the packages dir"):
        made = Path(tempfile.mkdtemp(prefix=f".{path.name}.next-", dir=path.parent))
        try:
            made.chmod(0o755)
            if path.is_dir():
                _share_as(path, made)
                _copy(path, made)
            yield made
        finally:
            remove_tree(made)


def _share_as(path: Path, made: Path) -> None:
    # A project's directory is often its group's, set-group-ID and all.
    found = path.stat()
    with suppress(PermissionError):
        os.chown(made, -1, found.st_gid)
    made.chmod(stat.S_IMODE(found.st_mode))


def _copy(source: Path, target: Path) -> None:
    # Not shutil.copytree: it goes on after a full disk, and hides that in an error of its own.
    for directory, folders, names in os.walk(source):
        here = target / Path(directory).relative_to(source)
        for name in folders:
            folder = Path(directory, name)
            if folder.is_symlink():
                _link(folder, here / name)
            else:
                (here / name).mkdir()
                shutil.copymode(folder, here / name)
        for name in names:
            _link(Path(directory, name), here / name)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # a file system without links, or a limit of them
        shutil.copy2(source, target, follow_symlinks=False)


def put_in_place(made: Path, path: Path) -> None:
    """Let `made` be the packages dir from now on; the one before is kept for `go_back`."""
    with explained(path, "Putting the next generation of the packages dir in place"):
        if exchange_dirs(made, path):
            before = previous(path)
            remove_tree(before)
            made.rename(before)


def previous(path: Path) -> Path:
    """Where the generation before the present one lies."""
    return path.with_name(f".{path.name}.previous")


def go_back(path: Path) -> None:
    """Exchange the packages dir with the generation before it. Raises NotFound."""
    before = previous(path)
    if not before.is_dir():
        raise NotFound(
            f"There is no earlier generation of `{path}`.",
            hint="One is kept whenever `kernelkit pip` changes it.",
        )
    with explained(path, "Going back to the former packages"):
        exchange_dirs(before, path)


def remove(made: Path, names: Sequence[str]) -> list[Distribution]:
    """Take distributions out of a generation; what was removed.

    Raises NotFound for one that is not in it, and EnvironmentBroken for one that does not say
    which files are its own.
    """
    known = {found.name: found for found in distributions(made)}
    missing = [name for name in names if canonical(name) not in known]
    if missing:
        raise NotFound(
            f"The packages dir holds no `{missing[0]}`.",
            hint="`kernelkit pip NAME list` shows what it holds; what the environment itself "
            "has is not removed.",
        )
    removed = [known[canonical(name)] for name in dict.fromkeys(map(canonical, names))]
    for found in removed:
        _remove(made, found)
    return removed


def _remove(made: Path, found: Distribution) -> None:
    parents = set()
    for path in _files_of(made, found):
        path.unlink(missing_ok=True)
        for cached in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            cached.unlink()
        parents.add(path.parent)
    remove_tree(found.info)
    for parent in sorted(parents, key=lambda path: len(path.parts), reverse=True):
        _prune(parent, made)


def _prune(directory: Path, top: Path) -> None:
    while directory != top and directory.is_dir():
        entries = [entry for entry in directory.iterdir() if entry.name != "__pycache__"]
        if entries:
            return
        remove_tree(directory)
        directory = directory.parent


def _files_of(made: Path, found: Distribution) -> list[Path]:
    """The files that RECORD names (https://packaging.python.org/specifications/recording-installed-packages)."""
    try:
        text = read_regular(found.info / "RECORD", _RECORD_LIMIT).decode("utf-8", "replace")
    except OSError as error:
        raise EnvironmentBroken(
            f"`{found.name} {found.version}` does not say which files are its own.",
            hint=f"Remove it by hand from `{made}`.",
        ) from error
    paths = []
    for row in csv.reader(text.splitlines()):
        if not row:
            continue
        # `pip --target` records scripts as of the scheme that it installs in before it moves them.
        named = re.sub(r"^(\.\./)+bin/", "bin/", row[0])
        path = Path(os.path.normpath(made / named))
        if made in path.parents:  # a RECORD may name anything at all
            paths.append(path)
    return paths


def add(made: Path, installed: Path) -> None:
    """Move everything that `pip --target` put into `installed` into a generation."""
    with explained(made, "Adding to the packages dir"):
        for directory, folders, names in os.walk(installed):
            target = made / Path(directory).relative_to(installed)
            target.mkdir(exist_ok=True)
            links = [name for name in folders if Path(directory, name).is_symlink()]
            for name in (*names, *links):
                _move(Path(directory, name), target / name)


def _move(source: Path, target: Path) -> None:
    # A file here may be a hard link to one of the generation before: replaced, never written to.
    target.unlink(missing_ok=True)
    shutil.move(source, target)
