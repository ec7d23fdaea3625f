"""`kernelkit paths`: every directory and file that kernelkit reads or writes here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import Cell, print_table, verb

if TYPE_CHECKING:
    from ..site import Site


def list_paths(site: Site) -> list[dict[str, Any]]:
    """Each place with what it is for, whether it exists and whether this user may write there."""
    from jupyter_core.paths import jupyter_config_path

    from ..site import CONFIG_NAME
    from ..specs.locations import data_root, kernel_dirs
    from ..specs.recipes import search_path

    found = [_place("kernels", str(path)) for path in kernel_dirs()]
    for scope in ("user", "sys-prefix"):
        home = data_root(scope) / "kernelkit"
        found.append(_place(f"records and previous versions ({scope})", str(home)))
    found += [
        _place(f"catalog ({root.origin})", str(root.directory)) for root in search_path(site)[0]
    ]
    for directory in jupyter_config_path():
        for suffix in (".json", ".py"):
            found.append(_place("settings", f"{directory}/{CONFIG_NAME}{suffix}"))
    found.append(_place("pulled images", _expanded(site.image_root)))
    found += [_place("images", _expanded(path)) for path in getattr(site, "image_dirs", ())]
    found.append(_place("packages dirs", _expanded(site.packages_root)))
    if site.cache_root:
        found.append(_place("caches of kernels", _expanded(site.cache_root)))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kernelkit"
    found.append(_place("what modules exist", str(cache)))
    found += [_place("module system", path) for path in site.module_init]
    if site.container_runtime:
        found.append(_place("container runtime", site.container_runtime))
    return found


def _expanded(text: str) -> str:
    return os.path.expandvars(os.path.expanduser(text))  # noqa: PTH111


def _place(purpose: str, path: str) -> dict[str, Any]:
    return {
        "purpose": purpose,
        "path": path,
        "exists": os.path.exists(path),  # noqa: PTH110 - Path.exists raises on EACCES
        "writable": os.access(_nearest_existing(path), os.W_OK),
    }


def _nearest_existing(path: str) -> str:
    while path != "/" and path and not os.path.exists(path):  # noqa: PTH110
        path = os.path.dirname(path)  # noqa: PTH120
    return path or "."


def show_paths(data: dict[str, Any]) -> None:
    """Print the table."""
    rows = []
    for place in data["paths"]:
        state = "exists" if place["exists"] else "absent"
        access = "writable" if place["writable"] else "read-only"
        rows.append(
            (
                place["purpose"],
                Cell(state, "" if place["exists"] else "dim"),
                Cell(access, "" if place["writable"] else "dim"),
                place["path"],
            )
        )
    print_table(("Purpose", "State", "Access", "Path"), rows)


@verb("paths", show=show_paths)
def command() -> dict[str, Any]:
    """Show the directories and files that kernelkit reads and writes.

    For kernels and settings the first one counts. `writable` is what this user may do.
    """
    from ..site import load_site

    return {"paths": list_paths(load_site())}
