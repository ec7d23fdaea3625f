"""An ipykernel for an interpreter that has none: a read-only directory, shared by its kernels."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import CommandFailed, EnvironmentBroken
from ..files import explained, remove_tree
from ..model import AddedIpykernel, PythonFacts
from .layers import LayerRunner
from .packages import Delta, install_delta, resolve_delta
from .pips import publish
from .programs import VERIFY_IPYKERNEL
from .pythons import ask, describe

_REQUIREMENTS = ("ipykernel",)


def add_ipykernel(
    runner: LayerRunner,
    python: PythonFacts,
    *,
    root: Path,
    on_line: Callable[[str], None] = lambda line: None,
) -> AddedIpykernel:
    """A directory below `root` that makes `python` a kernel once it is *appended* to sys.path.

    It holds exactly the distributions that the environment lacks, in versions that fit those it
    has. It is named after the interpreter and its content, never changed, and used again by the
    next kernel that needs the same. `root` must be seen at the same path behind the layers (see
    `needed_binds`). `on_line` receives a line of progress a step. Called by the installer.

    Raises EnvironmentBroken that names the interpreter and what is missing, StorageFull.
    """
    on_line(f"looking for an ipykernel for {describe(python)}")
    try:
        delta = resolve_delta(runner, python, _REQUIREMENTS, root=root, only_binary=True)
    except EnvironmentBroken as error:
        raise _not_possible(python, error) from error
    if not any(item.name == "ipykernel" for item in delta):
        raise EnvironmentBroken(
            f"pip says that {describe(python)} has an ipykernel, but it cannot be found there.",
            hint="Reinstall it in that environment: `python -m pip install --force ipykernel`.",
        )
    final = root / "ipykernel" / directory_name(python, delta)
    if not final.is_dir():
        on_line(f"adding {len(delta)} packages in {final}")
        _install(runner, python, delta, final, root)
    debugger, curve = _verify(runner, python, final)
    return AddedIpykernel(
        dir=str(final),
        distributions={item.name: item.version for item in delta},
        debugger=debugger,
        curve=curve,
    )


def needed_binds(root: Path) -> tuple[str, ...]:
    """What a container must mount, at the same path, for `add_ipykernel` to work in it."""
    with explained(root, "Creating kernelkit's data directory"):
        root.mkdir(parents=True, exist_ok=True)
    return (str(root),)


def directory_name(python: PythonFacts, delta: Sequence[Delta]) -> str:
    """`cpython-311-linux-x86_64-` and a digest of the exact files, one name for one content."""
    files = sorted(f"{item.name}=={item.version} {item.sha256 or item.url}" for item in delta)
    content = hashlib.sha256("\n".join([python.libc, *files]).encode()).hexdigest()[:12]
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{python.cache_tag}-{python.platform}")
    return f"{readable}-{content}"


def _install(
    runner: LayerRunner, python: PythonFacts, delta: Sequence[Delta], final: Path, root: Path
) -> None:
    with explained(final, "Adding an ipykernel"):
        final.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
        try:
            install_delta(runner, python, delta, staged, root=root, only_binary=True)
            _verify(runner, python, staged)
            _make_read_only(staged)
            publish(staged, final)
        finally:
            remove_tree(staged)


def _make_read_only(top: Path) -> None:
    """Files 0444 and directories 0555; programs keep their execute bits."""
    for directory, _, names in os.walk(top):
        for name in names:
            file = Path(directory, name)
            if not file.is_symlink():
                file.chmod(0o444 | (file.stat().st_mode & 0o111))
        Path(directory).chmod(0o555)


def _verify(runner: LayerRunner, python: PythonFacts, directory: Path) -> tuple[bool, bool]:
    try:
        answer, done = ask(runner, python.command, VERIFY_IPYKERNEL, str(directory))
    except CommandFailed as error:
        raise _broken(python, directory, error.message) from error
    if not isinstance(answer, dict):
        raise _broken(python, directory, done.tail)
    return bool(answer.get("debugger")), bool(answer.get("curve"))


def _broken(python: PythonFacts, directory: Path, detail: str) -> EnvironmentBroken:
    return EnvironmentBroken(
        f"The ipykernel added in `{directory}` cannot be imported by {describe(python)}.",
        hint="Install ipykernel into that environment instead, or use another image.",
        detail=detail,
    )


def _not_possible(python: PythonFacts, error: EnvironmentBroken) -> EnvironmentBroken:
    return EnvironmentBroken(
        f"{describe(python)} has no ipykernel, and none can be added: {error.message}",
        hint=error.hint,
        detail=error.detail,
    )
