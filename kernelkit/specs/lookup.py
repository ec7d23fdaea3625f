"""From what a person calls a kernel to the kernelspec that Jupyter would start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import names
from ..errors import Ambiguous, NotFound
from .locations import kernel_dirs
from .states import Installed, examine, find_kernel_dir, list_kernels, native_kernel


def find_kernel(name: str, *, roots: Sequence[Path] | None = None) -> Installed:
    """The kernelspec that Jupyter starts for `name`, made by whomever.

    `name/version` finds the kernel installed from that recipe. Raises InvalidName, NotFound with
    near names, and Ambiguous where several kernels came from one recipe.
    """
    dirs = None if roots is None else [root / "kernels" for root in roots]
    if "/" in name:
        return _find_by_identity(name, dirs)
    checked = names.kernelspec_name(name.lower())
    directory = find_kernel_dir(checked, dirs)
    if directory is None:
        raise _not_found(name, dirs)
    return native_kernel(directory) or examine(directory)


def _find_by_identity(identity: str, dirs: Sequence[Path] | None) -> Installed:
    names.module_name(identity)  # an identity may be a module's, deeper than NAME/VERSION
    asked, _, version = identity.rpartition("/")
    fitting = []
    for kernel in list_kernels(dirs):
        name, _, known = kernel.identity.rpartition("/")
        if name == asked and names.version_begins(known, version) and kernel.state != "shadowed":
            fitting.append(kernel)
    exact = [kernel for kernel in fitting if kernel.identity == identity]
    fitting = exact or fitting
    if not fitting:
        raise _not_found(identity, dirs)
    if len(fitting) > 1:
        found = [kernel.name for kernel in fitting]
        raise Ambiguous(
            f"{len(found)} kernels were made from `{identity}`.",
            matches=found,
            hint="Name one of them.",
        )
    return fitting[0]


def _not_found(name: str, dirs: Sequence[Path] | None) -> NotFound:
    import difflib

    known = sorted(
        {k for kernel in list_kernels(dirs) for k in (kernel.name, kernel.identity) if k}
    )
    near = difflib.get_close_matches(name.lower(), known, 3, 0.5)
    near += [k for k in known if k.startswith(name.lower()) and k not in near][:3]
    listed = ", ".join(f"`{k}`" for k in near)
    places = kernel_dirs() if dirs is None else dirs
    return NotFound(
        f"There is no kernel named `{name}` in {len(places)} kernel directories.",
        hint=f"Did you mean {listed}?" if near else "`kernelkit list` shows what there is.",
    )
