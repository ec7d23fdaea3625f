"""`kernelkit create`: a kernel from layers given as options, or asked for step by step."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..errors import KernelkitError, UsageError
from . import output
from .installing import (
    Request,
    extra_options,
    install_source,
    show_installed,
    target_options,
    with_extras,
)
from .job_options import job_options, take_resources
from .output import verb
from .request_check import check_request, with_check

_QUESTIONS = (
    ("modules", "Modules to load, separated by spaces (empty for none)"),
    ("container", "Container image: a file, or docker://… (empty for none)"),
    ("conda", "Conda environment: name or path (empty for none)"),
    ("venv", "Virtual environment: path (empty for none)"),
    ("packages", "Packages dir for extra packages (empty for none)"),
)


def build_recipe(name: str, given: dict[str, Any]) -> Any:
    """A Recipe from the values of the layer options, checked as a recipe file is.

    Raises UsageError when there is no layer at all, and RecipeError and InvalidName.
    """
    from ..model import Conda, Container, Interpreter, Modules, Recipe, Venv
    from ..specs.recipes import parse_recipe, render_recipe

    layers: dict[str, Any] = {}
    modules, collection = tuple(given.get("modules") or ()), given.get("collection")
    if modules or collection:
        layers["modules"] = Modules(
            load=modules,
            use=tuple(given.get("use") or ()),
            collection=collection,
            baseline=given.get("baseline"),
        )
    if given.get("container"):
        layers["container"] = Container(
            image=_absolute(given["container"]),
            gpu=given.get("gpu") or "auto",
            clean_env=bool(given.get("clean_env")),
        )
    if given.get("conda"):
        layers["conda"] = Conda(environment=_absolute(given["conda"]))
    if given.get("venv"):
        layers["venv"] = Venv(path=_absolute(given["venv"], always=True))
    if given.get("python"):
        layers["python"] = Interpreter(interpreter=_absolute(given["python"], always=True))
    if not layers:
        raise UsageError(
            "There is no layer to make a kernel of.",
            hint="Give at least one of --module, --container, --conda, --venv, --python.",
        )
    recipe = with_extras(Recipe(name=name, **layers), given)
    # Through the text and back: the same checks as for a file, and what --save writes is this.
    return parse_recipe(render_recipe(recipe), source="create")


def _absolute(text: str, *, always: bool = False) -> str:
    """A path on the command line counts from here; a name or a reference stays as it is."""
    is_path = always or "/" in text or text.startswith((".", "~")) or Path(text).is_file()
    if "://" in text or not is_path:
        return text
    return str(Path.cwd() / Path(text).expanduser())


def ask(given: dict[str, Any]) -> dict[str, Any]:
    """Fill `given` by asking on the terminal. Raises UsageError where nobody can answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "There is no layer to make a kernel of, and nobody to ask.",
            hint="Give at least one of --module, --container, --conda, --venv, --python.",
        )
    output.note("Each layer builds on the ones before it; an empty answer leaves one out.")
    found = dict(given)
    for key, question in _QUESTIONS:
        if found.get(key):
            continue
        answer = click.prompt(question, default="", show_default=False, err=True).strip()
        if answer:
            found[key] = tuple(answer.split()) if key == "modules" else answer
    if not found.get("display_name"):
        found["display_name"] = click.prompt("Name shown in Jupyter", err=True)
    return found


def _default_name(given: dict[str, Any]) -> str:
    import re

    text = given.get("display_name") or ""
    for value in (*(given.get("modules") or ()), given.get("container"), given.get("conda"),
                  given.get("venv"), given.get("python"), given.get("collection")):  # fmt: skip
        text = text or str(value or "").rstrip("/").removesuffix(".sif")
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", text.rpartition("/")[2] or text).strip("-.")
    return plain or "kernel"


@verb("create", show=show_installed)
@click.option("--module", "modules", multiple=True, metavar="NAME", help="Load it; repeatable.")
@click.option("--use", multiple=True, metavar="DIR", help="Add to MODULEPATH first; repeatable.")
@click.option("--collection", metavar="NAME", help="Take the modules of a saved collection.")
@click.option("--baseline", type=click.Choice(["purge", "reset", "keep"]), help="Start from.")
@click.option("--container", metavar="IMAGE", help="SIF file, folder image or docker://….")
@click.option("--gpu", type=click.Choice(["auto", "nvidia", "rocm", "none"]), help="Devices.")
@click.option("--clean-env", is_flag=True, help="Start from the image's own environment.")
@click.option("--conda", metavar="NAME|PATH", help="Conda environment.")
@click.option("--venv", metavar="PATH", help="Virtual environment.")
@click.option("--python", metavar="PATH", help="Interpreter.")
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.toml",
    help="Write the recipe too.",
)
@extra_options
@job_options
@target_options
def command(save: Path | None, packages: str | None, **given: Any) -> dict[str, Any]:
    """Make a kernel from layers; without any, ask for them.

    \b
    kernelkit create --module gcc/12.2 --module openmpi/4.1 --venv ~/mpi-env --as mpi
    kernelkit create --container ~/images/pytorch.sif --packages ~/extra --set OMP_NUM_THREADS=4
    """
    from ..model import Provenance
    from ..specs.recipes import render_recipe
    from ..specs.sources import Source

    if not any(given[k] for k in ("modules", "collection", "container", "conda", "venv", "python")):
        given = ask({**given, "packages": packages})
        packages = given.pop("packages", None)
    recipe = build_recipe(given["name"] or _default_name(given), given)
    recipe = take_resources(recipe, given)
    if save:
        save_text(save, render_recipe(recipe))
    source = Source(recipe, Provenance(origin="flags", given=recipe.identity), Path.cwd())
    request = Request.from_options(given)
    checked = check_request(given, recipe.resources, quiet=request.quiet)
    return with_check(install_source(source, request, packages), checked)


def save_text(path: Path, text: str) -> None:
    """Write a recipe into a new file. Raises UsageError where there is one."""
    from ..files import explained, write_file

    try:
        with explained(path, "Writing the recipe"):
            write_file(path, text.encode())
    except KernelkitError:
        if path.exists():
            raise UsageError(f"`{path}` exists already.", hint="Give another file name.") from None
        raise
