"""Whether Jupyter can list and start what a kernel.json says: types, command, provisioner."""

# On the hot path of `list`: os, not pathlib.
# ruff: noqa: PTH116

from __future__ import annotations

import os
import stat
import sys
from typing import Any

from .marks import Findings

# The traits of jupyter_client.kernelspec.KernelSpec; a value of another type hides the kernel.
_SHAPES = {
    "argv": list,
    "display_name": str,
    "language": str,
    "interrupt_mode": str,
    "env": dict,
    "metadata": dict,
}
_PY = sys.version_info
# jupyter_client.manager.format_kernel_cmd puts sys.executable in place of these.
_PYTHON_WORDS = {"python", f"python{_PY[0]}", f"python{_PY[0]}.{_PY[1]}"}


def check_shapes(kernel: dict[str, Any], found: Findings) -> None:
    """Add to `found` the keys of a decoded kernel.json whose type Jupyter refuses."""
    for key, shape in _SHAPES.items():
        if key in kernel and not isinstance(kernel[key], shape):
            found.broken.append(
                f"Jupyter hides it: `{key}` in its kernel.json is of the wrong type"
            )


def check_command(kernel: dict[str, Any], directory: str, found: Findings) -> None:
    """Add to `found` why the command in `argv` cannot start; the keys have their types."""
    argv = kernel.get("argv")
    if not argv or not all(isinstance(word, str) for word in argv):
        found.broken.append("its kernel.json has no usable `argv`")
        return
    if any("\0" in word for word in argv):
        found.broken.append("its `argv` holds a NUL byte")
        return
    word = argv[0]
    if "{" in word:
        word = word.replace("{resource_dir}", directory).replace("{prefix}", sys.prefix)
    if word.startswith("/"):
        _check_executable(word, found)
    elif word not in _PYTHON_WORDS:
        _check_on_path(word, kernel, found)
    metadata = kernel.get("metadata")
    if isinstance(metadata, dict) and "kernel_provisioner" in metadata:
        _check_provisioner(metadata["kernel_provisioner"], found)


def _check_executable(path: str, found: Findings) -> None:
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        found.broken.append(f"its command `{path}` does not exist")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no possible path"
        found.broken.append(f"its command `{path}` cannot be reached ({why})")
    else:
        if not stat.S_ISREG(mode) or not mode & 0o111:
            found.broken.append(f"its command `{path}` is not an executable file")


def _check_on_path(word: str, kernel: dict[str, Any], found: Findings) -> None:
    from shutil import which

    env = kernel.get("env")
    path = env.get("PATH") if isinstance(env, dict) else None
    try:
        there = which(word, path=path if isinstance(path, str) and "$" not in path else None)
    except ValueError:
        there = None
    if not there:
        found.broken.append(f"its command `{word}` is not on PATH")


def _check_provisioner(stanza: object, found: Findings) -> None:
    name = stanza.get("provisioner_name") if isinstance(stanza, dict) else None
    if not isinstance(name, str) or name == "local-provisioner":
        return
    from importlib.metadata import entry_points

    if not entry_points(group="jupyter_client.kernel_provisioners", name=name):
        found.broken.append(f"Jupyter hides it: its provisioner `{name}` is not installed here")
