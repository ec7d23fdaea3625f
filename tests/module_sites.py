"""A Site for each real module system, and small module trees that a test writes itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from real import SYSTEM_PATH, Parts

from kernelkit.environment.modules import Backend, find_backend
from kernelkit.site import KernelkitSite, Setting, Site

SYSTEMS = ("lmod", "lmod-new", "environment-modules")


def init_and_tree(parts: Parts, system: str) -> tuple[Path, list[str]]:
    """The init file of a real system, and the MODULEPATH of its test tree."""
    if system == "environment-modules":
        return parts.environment_modules_init, [str(parts.tcl_tree)]
    if system == "lmod-new":
        return parts.lmod_new_init, [str(parts.lmod_new_tree), str(parts.lmod_tree)]
    return parts.lmod_init, [str(parts.lmod_tree)]


def make_site(**settings: Any) -> Site:
    """A Site with defaults and these settings, as a site's own file would set them."""
    made = KernelkitSite()
    values = {name: getattr(made, name) for name in made.traits(config=True)}
    values["base_path"] = SYSTEM_PATH
    found = {name: Setting(name, value, "default", "") for name, value in values.items()}
    for name, value in settings.items():
        found[name] = Setting(name, value, "/etc/jupyter/jupyter_kernelkit_config.py", "")
    return Site(found)


def make_backend(parts: Parts, system: str, **settings: Any) -> Backend:
    """The backend of a real system over its test tree; settings override."""
    init, tree = init_and_tree(parts, system)
    kind = "environment-modules" if system == "environment-modules" else "lmod"
    given = {"module_system": kind, "module_init": [str(init)], "module_paths": tree, **settings}
    return find_backend(make_site(**given))


def write_module(tree: Path, name: str, *lines: str) -> Path:
    """A Tcl modulefile, which every system reads."""
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#%Module", *lines)) + "\n")
    return path
