"""Where kernelspecs live: Jupyter's data path as its clients see it, and the install scopes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

from ..errors import UsageError

Scope = Literal["user", "sys-prefix", "prefix", "project"]
SCOPES: tuple[Scope, ...] = ("user", "sys-prefix", "prefix", "project")


def kernel_dirs() -> tuple[Path, ...]:
    """The `kernels` directories in order of precedence, as KernelSpecManager.kernel_dirs has them.

    The last one is IPython's, which jupyter_client adds where IPython can be imported.
    """
    from jupyter_core.paths import jupyter_path

    found = [Path(p) for p in jupyter_path("kernels")]
    if _importable("IPython"):
        found.append(_ipython_dir() / "kernels")
    return tuple(dict.fromkeys(found))


def native_kernel_dir() -> Path | None:
    """The directory that jupyter_client shows as `python3` where no kernelspec has that name.

    It is ipykernel's own resource directory and holds logos but no kernel.json.
    """
    package = _package_dir("ipykernel")
    return package / "resources" if package else None


def data_root(scope: Scope, prefix: Path | None = None, project: Path | None = None) -> Path:
    """The Jupyter data directory that an install scope writes to. Raises UsageError.

    `project` is not on Jupyter's path by itself: JUPYTER_PATH has to name it.
    """
    if scope == "user":
        from jupyter_core.paths import jupyter_data_dir

        return Path(jupyter_data_dir())
    if scope == "sys-prefix":
        return Path(sys.prefix) / "share/jupyter"
    if scope == "prefix":
        if prefix is None:
            raise UsageError("A prefix install needs a directory.", hint="Give `--prefix DIR`.")
        return absolute(prefix) / "share/jupyter"
    return absolute(project or Path.cwd()) / ".kernelkit/share/jupyter"


def absolute(path: Path) -> Path:
    """`path` made absolute, `~` and `..` resolved by name, symlinks kept as people wrote them."""
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() follows symlinks


def roots(dirs: tuple[Path, ...] | None = None) -> tuple[Path, ...]:
    """The data directories behind `dirs` (default: all that Jupyter sees)."""
    return tuple(d.parent for d in (kernel_dirs() if dirs is None else dirs) if d.name == "kernels")


def scope_of(root: Path) -> Literal["user", "sys-prefix", "system"]:
    """Which install scope writes to `root`: `user`, `sys-prefix`, or `system` for any other."""
    if root == data_root("user"):
        return "user"
    return "sys-prefix" if root == data_root("sys-prefix") else "system"


def on_jupyter_path(root: Path) -> bool:
    """Whether Jupyter looks for kernels below `root` without further settings."""
    return root / "kernels" in kernel_dirs()


def _ipython_dir() -> Path:
    # IPython.paths.get_ipython_dir, without its creation of the directory.
    named = os.environ.get("IPYTHONDIR") or os.environ.get("IPYTHON_DIR")
    return Path(named).expanduser() if named else Path.home() / ".ipython"


def _importable(package: str) -> bool:
    return _package_dir(package) is not None


def _package_dir(package: str) -> Path | None:
    # find_spec of a top-level name reads directories but runs no code of the package.
    from importlib.util import find_spec

    found = find_spec(package)
    if found is None or not found.origin:
        return None
    return Path(found.origin).parent
