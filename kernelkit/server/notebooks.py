"""The notebook that a run's kernel was started for, so that it is opened on that kernel again."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async

from ..errors import KernelkitError
from ..running.overview import find_run
from ..running.runs import Runs

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def session_name(runs: Runs, run: str) -> str:
    """Jupyter's name for the session that a run was started in; `run` is what find_run takes.
    Empty where none is on record, and for what is no run."""
    with contextlib.suppress(KernelkitError):
        return find_run(runs, run, newest=True).session
    return ""


async def notebook_of(server: ServerApp, name: str) -> str:
    """The path in the contents API of the file that a session's `name` means; empty where it is
    gone, or not below this server's root directory. Called in the server's loop."""
    path = path_below(server.root_dir, name) if name else ""
    # A name in another encoding cannot be sent, and no front end could have opened it.
    contents: Any = server.contents_manager
    there = path.isprintable() and await ensure_async(contents.file_exists(path))
    return path if path and there else ""


def path_below(root: str, name: str) -> str:
    """`name` relative to the directory `root`; empty for what is not below it.

    Jupyter makes an absolute path of the root as it was spelled for that server, so that one which
    leads to the same directory by another way counts, too.
    """
    # A client that gives its session no name has the path of the contents API here.
    file = Path(os.path.normpath(Path(root) / name))
    spellings = [(Path(os.path.normpath(root)), file)]
    with contextlib.suppress(OSError, RuntimeError):
        spellings.append((Path(root).resolve(), file.parent.resolve() / file.name))
    for base, path in spellings:
        if base in path.parents:
            return path.relative_to(base).as_posix()
    return ""
