"""What a user names to install from -> a Recipe and where it comes from."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import NotFound, RecipeError, UsageError
from ..files import mark_file, read_regular
from ..model import (
    Conda,
    Container,
    Interpreter,
    Modules,
    ProjectPlan,
    Provenance,
    Recipe,
    Venv,
)
from ..names import display_name, is_image_reference
from .recipe_text import load_recipe
from .resolve import WrappedKernelspec

if TYPE_CHECKING:
    from .candidates import Candidate

_KERNEL_JSON_LIMIT = 1 << 20
_IMAGE_SUFFIXES = (".sif", ".simg", ".img", ".sqsh")
# Directory names that say nothing about what is in them: the project's name says more.
_PLAIN_VENV_NAMES = {"venv", "env", ".env", ".venv", "virtualenv"}


@dataclass(frozen=True)
class Source:
    """A recipe to install; `base` is the directory that its relative paths count from.

    `authored` is the recipe before options changed it; `dataclasses.replace` keeps it.
    """

    recipe: Recipe
    provenance: Provenance
    base: Path
    project: ProjectPlan | None = None
    logo: Path | None = None
    recipe_file: Path | None = None
    authored: Recipe | None = None

    def __post_init__(self) -> None:
        if self.authored is None:
            object.__setattr__(self, "authored", self.recipe)


def looks_like_path(text: str) -> bool:
    """Whether `text` can only be meant as a path, not as NAME/VERSION."""
    return (
        text.startswith(("/", "./", "../", "~"))
        or text in (".", "..")
        or text.endswith((".toml", *_IMAGE_SUFFIXES))
    )


def source_of_reference(reference: str) -> Source:
    """A registry image, `docker://NAME:TAG`."""
    stem = re.sub(r"@sha256:.*", "", reference).rstrip("/").rpartition("/")[2]
    name, _, tag = stem.partition(":")
    recipe = Recipe(
        name=plain_name(name), version=plain_name(tag), container=Container(image=reference)
    )
    return Source(recipe, Provenance(origin="image", given=reference), Path.cwd())


def source_of_path(text: str) -> Source:
    """A recipe file, an image, an environment, an interpreter or a kernelspec, by path.

    Told apart by what is there, not by name. Raises NotFound, RecipeError and UsageError.
    """
    path = Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100 - links stay as given
    if not path.exists():
        raise NotFound(f"`{path}` does not exist.", hint="Check the path.")
    for fits, build in _KINDS:
        if fits(path):
            return build(path, text)
    raise UsageError(
        f"`{path}` is nothing that a kernel can be made from.",
        hint="Give a recipe (.toml), an image, a conda or virtual environment, or an interpreter.",
    )


def source_of_recipe_file(path: Path, text: str) -> Source:
    """A recipe file outside any catalog: its directory is a project."""
    recipe, provenance = load_recipe(path)
    project = ProjectPlan(directory=str(path.parent), recipe_file=path.name)
    logo = path.parent / recipe.logo if recipe.logo else None
    return Source(
        recipe,
        Provenance(origin="file", given=text, file=provenance.file),
        path.parent,
        project=project,
        logo=logo if logo and logo.is_file() else None,
        recipe_file=path,
    )


def source_of_module(name: str, description: str = "") -> Source:
    """A module by full name, for which no catalog has a recipe."""
    software, _, version = name.partition("/")
    recipe = Recipe(
        name=plain_name(software),
        version=plain_name(version.replace("/", "-")),
        description=description,
        modules=Modules(load=(name,)),
    )
    return Source(recipe, Provenance(origin="module", given=name), Path.cwd())


def source_of_conda(name: str) -> Source:
    """A conda environment by name."""
    recipe = Recipe(name=plain_name(name), conda=Conda(environment=name))
    return Source(recipe, Provenance(origin="conda", given=name), Path.cwd())


def source_of_candidate(candidate: Candidate, text: str) -> Source:
    """What a name was found to mean (see `candidates.choose`)."""
    if candidate.entry is not None:
        entry = candidate.entry
        provenance = msgspec.structs.replace(entry.provenance, given=text)
        file = Path(entry.provenance.file.path) if entry.provenance.file else None
        base = file.parent if file else Path.cwd()
        return Source(entry.recipe, provenance, base, logo=entry.logo)
    if candidate.module is not None:
        found = candidate.module
        return source_of_module(found.name, found.whatis or found.description)
    if candidate.spec is not None:
        return source_of_kernelspec(candidate.spec.directory, text)
    if candidate.origin == "conda" and "/" not in candidate.identity:
        return source_of_conda(candidate.identity)
    return source_of_path(candidate.path)


def source_of_kernelspec(directory: Path, given: str) -> Source:
    """An installed kernelspec to wrap. One that just runs an ipykernel becomes an interpreter
    recipe, so that it is probed and guarded as any other; any other is run as it is."""
    kernel = read_kernel_json(directory)
    argv = kernel.get("argv") or []
    name = plain_name(f"{directory.name}-wrapped")
    shown = display_name(str(kernel.get("display_name") or directory.name))
    recipe = Recipe(name=name, display_name=f"{shown} (kernelkit)")
    file = mark_file(
        directory / "kernel.json", hashed=True, role="kernelspec", label=directory.name
    )
    provenance = Provenance(origin="kernelspec", given=given, file=file)
    env = {str(k): str(v) for k, v in dict(kernel.get("env") or {}).items()}
    if _runs_ipykernel(argv):
        recipe = msgspec.structs.replace(
            recipe, language="python", python=Interpreter(interpreter=argv[0]), env=env
        )
    else:
        recipe = msgspec.structs.replace(recipe, wrap=directory.name)
    logo = next((p for n in LOGO_NAMES if (p := directory / n).is_file()), None)
    return Source(recipe, provenance, directory, logo=logo)


LOGO_NAMES = ("logo-svg.svg", "logo-64x64.png", "logo-32x32.png")


def _runs_ipykernel(argv: list[str]) -> bool:
    return (
        len(argv) == 5
        and argv[0].startswith("/")
        and argv[1] == "-m"
        and argv[2] in ("ipykernel_launcher", "ipykernel")
        and argv[3:] == ["-f", "{connection_file}"]
    )


def load_wrapped(directory: Path) -> WrappedKernelspec:
    """The kernelspec in `directory` as a command to start from. Raises RecipeError."""
    kernel = read_kernel_json(directory)
    argv = [str(word) for word in kernel.get("argv") or []]
    env = {str(k): str(v) for k, v in dict(kernel.get("env") or {}).items()}
    for name, value in env.items():
        if "${" in value:
            raise RecipeError(
                f"`{directory}` sets `{name}` to `{value}`, which each Jupyter client reads "
                "differently.",
                hint="Put the value you mean into the kernel.json, or wrap it by a recipe.",
            )
    return WrappedKernelspec(
        name=directory.name,
        command=tuple(word.replace("{resource_dir}", str(directory)) for word in argv),
        env=env,
        language=str(kernel.get("language") or "").lower(),
        display_name=str(kernel.get("display_name") or directory.name),
        interrupt_mode="message" if kernel.get("interrupt_mode") == "message" else "signal",
    )


def read_kernel_json(directory: Path) -> dict[str, Any]:
    """The decoded kernel.json of `directory`. Raises NotFound and RecipeError."""
    path = directory / "kernel.json"
    try:
        found = json.loads(read_regular(path, _KERNEL_JSON_LIMIT))
    except OSError as error:
        raise NotFound(f"`{path}` cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise RecipeError(f"`{path}` is not JSON: {error}.", hint="Mend or remove it.") from error
    if not isinstance(found, dict) or not isinstance(found.get("argv"), list) or not found["argv"]:
        raise RecipeError(f"`{path}` has no `argv`.", hint="Mend or remove it.")
    return found


def plain_name(text: str) -> str:
    """`text` as a recipe's name or version: what cannot stand there becomes a dash."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "-", text).strip("-.") or "kernel"


def _image(path: Path, text: str) -> Source:
    name = path.name
    for suffix in _IMAGE_SUFFIXES:
        name = name.removesuffix(suffix)
    recipe = Recipe(name=plain_name(name), container=Container(image=str(path)))
    return Source(recipe, Provenance(origin="image", given=text), path.parent)


def _venv(path: Path, text: str) -> Source:
    name = path.parent.name if path.name in _PLAIN_VENV_NAMES else path.name
    recipe = Recipe(name=plain_name(name), language="python", venv=Venv(path=str(path)))
    return Source(recipe, Provenance(origin="venv", given=text), path.parent)


def _conda(path: Path, text: str) -> Source:
    recipe = Recipe(name=plain_name(path.name), conda=Conda(environment=str(path)))
    return Source(recipe, Provenance(origin="conda", given=text), path.parent)


def _interpreter(path: Path, text: str) -> Source:
    above = path.parent.parent.name if path.parent.name == "bin" else ""
    name = path.name if above in ("", "usr", "local") else f"{above}-{path.name}"
    recipe = Recipe(
        name=plain_name(name), language="python", python=Interpreter(interpreter=str(path))
    )
    return Source(recipe, Provenance(origin="interpreter", given=text), path.parent)


def _starts_with(path: Path, magic: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return magic in file.read(64)
    except OSError:
        return False


def _is_image(path: Path) -> bool:
    if path.is_dir():
        return (path / ".singularity.d").is_dir() or (path / "bin/sh").exists()
    # The SIF header follows a script line: "#!/usr/bin/env run-singularity", then SIF_MAGIC.
    return path.suffix in _IMAGE_SUFFIXES or _starts_with(path, b"SIF_MAGIC")


_KINDS: tuple[tuple[Callable[[Path], bool], Callable[[Path, str], Source]], ...] = (
    (lambda p: p.is_file() and p.suffix == ".toml", source_of_recipe_file),
    (lambda p: (p / "pyvenv.cfg").is_file(), _venv),
    (lambda p: (p / "conda-meta").is_dir(), _conda),
    (lambda p: (p / "kernel.json").is_file(), lambda p, text: source_of_kernelspec(p, text)),
    (_is_image, _image),
    (lambda p: p.is_file() and os.access(p, os.X_OK), _interpreter),
)


def is_reference(text: str) -> bool:
    """Whether `text` names an image in a registry."""
    return is_image_reference(text)
