"""Folders for the pickers: what this user may read, and what in it a kernel can be made of."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NotFound, NotPermitted, UsageError
from ..names import path_text
from .answers import Entry, EntryKind, Folder, Query

if TYPE_CHECKING:
    from .services import Services

_LIMIT = 2000
_IMAGES = (".sif", ".simg", ".img", ".sqsh")


class FolderQuery(Query, frozen=True):
    """`path` is absolute, or begins with `~`; home where it is not given."""

    path: str = "~"
    hidden: bool = False


def list_folder(services: Services, query: FolderQuery) -> Folder:
    """A folder's subfolders, and its images, environments, interpreters and recipes.

    Symlinks are shown as what they lead to. What cannot be read is left out.
    """
    path_text(query.path)
    if not query.path.startswith(("/", "~")):
        raise UsageError(f"`{query.path}` is not absolute.", hint="Begin with `/` or `~`.")
    # Not Path.expanduser, which raises for a user that there is not; `..` goes by name, as people mean it.
    path = Path(os.path.abspath(os.path.expanduser(query.path)))  # noqa: PTH100, PTH111
    entries: list[Entry] = []
    truncated = False
    try:
        with os.scandir(path) as found:
            for entry in found:
                if entry.name.startswith(".") and not query.hidden and not _is_venv(entry.path):
                    continue
                if len(entries) == _LIMIT:
                    truncated = True
                    break
                if kind := _kind_of(entry):
                    entries.append(Entry(name=entry.name, kind=kind))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"There is no folder `{path}`.", hint="Check the path.") from error
    except OSError as error:
        raise NotPermitted(f"`{path}` cannot be read ({error.strerror}).") from error
    entries.sort(key=lambda entry: (entry.name.lower(), entry.name))
    parent = str(path.parent) if path.parent != path else None
    return Folder(path=str(path), parent=parent, entries=tuple(entries), truncated=truncated)


def _kind_of(entry: os.DirEntry[str]) -> EntryKind | None:
    try:
        mode = entry.stat().st_mode
    except OSError:  # a link to nowhere, or a mount that is gone
        return None
    if stat.S_ISDIR(mode):
        return _kind_of_folder(entry.path)
    if not stat.S_ISREG(mode):
        return None
    if entry.name.endswith(_IMAGES):
        return "image"
    if entry.name.endswith(".toml"):
        return "recipe"
    named = entry.name.startswith(("python", "pypy")) and "-config" not in entry.name
    return "interpreter" if named and os.access(entry.path, os.X_OK) else None


def _kind_of_folder(path: str) -> EntryKind:
    if _is_venv(path):
        return "venv"
    if _exists(f"{path}/conda-meta"):
        return "conda"
    return "image" if _exists(f"{path}/.singularity.d") else "folder"


def _is_venv(path: str) -> bool:
    return _exists(f"{path}/pyvenv.cfg")


def _exists(path: str) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises on EACCES
