"""A kernelspec that somebody made by hand becomes one of kernelkit's, in its place or beside it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from .. import names
from ..errors import RecipeError, UsageError
from ..files import read_regular
from ..model import (
    Conda,
    Container,
    InstallOptions,
    Interpreter,
    InterruptMode,
    KernelCommand,
    Modules,
    Packages,
    Provenance,
    Recipe,
    Venv,
)
from .changes import Change
from .definition import origin_of
from .detail import options_of
from .handmade import Layers, Opaque, parse_argv, parse_script, script_of
from .locations import data_root
from .recipe_text import check_recipe
from .shelf import fingerprint
from .sources import LOGO_NAMES, Source, plain_name, read_kernel_json
from .states import Installed, examine

if TYPE_CHECKING:
    from ..site import Site

_SCRIPT_LIMIT = 1 << 20


@dataclass(frozen=True)
class Adoption:
    """How a hand-made kernel is made anew: `notes` say what was understood and what was not."""

    change: Change
    options: InstallOptions
    notes: tuple[str, ...]


def adoption_of(
    kernel: Installed, site: Site, *, name: str = "", display_name: str = ""
) -> Adoption:
    """What adopting `kernel` would make of it; `changes.apply` does it.

    With another `name` the hand-made one stays as it is, and a kernel of that name is made from
    what it is; `display_name` is what Jupyter shows, if not the same. One in a place that this
    user may not write is adopted into the user's own, where it comes first. Raises UsageError for
    one that is kernelkit's already, NotFound, RecipeError and InvalidName.
    """
    if kernel.managed and not _is_copy(kernel):
        raise UsageError(
            f"`{kernel.name}` is kernelkit's already.",
            hint="One that was edited by hand is made anew by `kernelkit upgrade --force`.",
        )
    beside = names.kernel_name(name) if name and name != kernel.name else ""
    spec = read_kernel_json(kernel.directory)
    if display_name:
        spec["display_name"] = names.display_name(display_name)
    called = beside or kernel.directory.name
    if kernel.managed:
        recipe, notes = _copied(kernel, spec)
    else:
        recipe, notes = _understood(kernel, spec, called)
    recipe = check_recipe(msgspec.to_builtins(recipe), source=f"{kernel.path}/kernel.json")
    if beside:
        notes += _kept_by(kernel, recipe)
    logo = next((p for n in LOGO_NAMES if (p := kernel.directory / n).is_file()), None)
    source = Source(
        recipe,
        Provenance(origin="kernelspec", given=kernel.name),
        kernel.directory,
        logo=logo,
    )
    writable = os.access(kernel.directory.parent, os.W_OK)
    root = kernel.root if writable else data_root("user")
    expected = fingerprint(root, kernel.directory) if writable and not beside else ""
    change = Change(kernel, source, expected, root=root, adopt=True, beside=beside)
    # A copied kernelspec still has the Slurm options of the first one.
    options = msgspec.structs.replace(options_of(kernel, recipe), as_name=called)
    return Adoption(change, options, tuple(notes))


def _kept_by(kernel: Installed, recipe: Recipe) -> list[str]:
    """What of the hand-made one a kernel beside it goes on using."""
    command = recipe.kernel.command if recipe.kernel else ()
    used = [word for word in command if word.startswith(f"{kernel.path}/")]
    return [f"It starts `{word}`, which has to stay where it is." for word in used]


def _is_copy(kernel: Installed) -> bool:
    argv = kernel.kernel.get("argv", [])
    return kernel.path not in argv and f"{kernel.path}/launch.sh" not in argv


def _copied(kernel: Installed, spec: dict[str, Any]) -> tuple[Recipe, list[str]]:
    """The copied-and-edited kind: what the first one was made from, with the copy's changes."""
    first = kernel
    for word in map(str, spec["argv"]):
        directory = Path(word.removesuffix("/launch.sh"))
        if directory.name != kernel.directory.name and (directory / "launch.sh").is_file():
            first = examine(directory)
    recipe = origin_of(first).definition.recipe
    recipe = msgspec.structs.replace(
        recipe,
        display_name=names.display_name(str(spec.get("display_name") or kernel.name)),
        env={**recipe.env, **_env_of(spec)},
    )
    return recipe, [f"It is made as `{first.path}` was, with its own name and variables."]


def _understood(kernel: Installed, spec: dict[str, Any], called: str) -> tuple[Recipe, list[str]]:
    env = _env_of(spec)
    argv = [str(word).replace("{resource_dir}", kernel.path) for word in spec["argv"]]
    common: dict[str, Any] = {
        "name": plain_name(called),
        "display_name": names.display_name(str(spec.get("display_name") or kernel.name)),
        "language": str(spec.get("language") or "").lower(),
    }
    mode: InterruptMode = "message" if spec.get("interrupt_mode") == "message" else "signal"
    try:
        layers = _layers(argv)
        found = _recipe_of(layers, common, mode, env)
        return found, [f"It becomes: {line}." for line in _told(found)]
    except Opaque as reason:
        command = KernelCommand(command=tuple(argv), interrupt_mode=mode)
        note = f"Its command stays as it is, because no layer says what it does: {reason}."
        return Recipe(**common, env=env, kernel=command), [note]


def _layers(argv: list[str]) -> Layers:
    path = script_of(argv)
    if path is None or not (text := _script_text(Path(path))):
        return parse_argv(argv)
    return parse_script(text, argv[argv.index(path) + 1 :])


def _script_text(path: Path) -> str:
    """The text of a shell's script; empty for a program."""
    try:
        data = read_regular(path, _SCRIPT_LIMIT) if path.stat().st_size <= _SCRIPT_LIMIT else b""
    except OSError:
        return ""
    head = data.split(b"\n", 1)[0]
    shell = head.startswith(b"#!") and head.rstrip().split(b" ")[0].endswith(b"sh")
    by_env = head.startswith(b"#!") and b"/env " in head and head.rstrip().endswith(b"sh")
    login = head.startswith(b"#!") and b"sh -" in head
    return data.decode("utf-8", "replace") if shell or by_env or login else ""


def _recipe_of(
    layers: Layers, common: dict[str, Any], mode: InterruptMode, env: dict[str, str]
) -> Recipe:
    if layers.venv and layers.conda:
        raise Opaque("it activates two environments")
    parts: dict[str, Any] = {}
    if layers.load or layers.use:
        parts["modules"] = Modules(
            load=tuple(layers.load), use=tuple(layers.use), baseline=layers.baseline
        )
    if layers.image:
        parts["container"] = Container(
            image=layers.image,
            binds=tuple(layers.binds),
            clean_env=layers.clean_env,
            contain=layers.contain,
            overlay=layers.overlay,
        )
    if layers.conda:
        parts["conda"] = Conda(environment=layers.conda)
    if layers.venv:
        parts["venv"] = Venv(path=layers.venv)
    if layers.packages:
        parts["packages"] = Packages(dir=layers.packages)
    python = layers.python
    if python is None:
        parts["kernel"] = KernelCommand(command=tuple(layers.command), interrupt_mode=mode)
    elif not (layers.venv or layers.conda or layers.image):
        if python.startswith("/"):
            parts["python"] = Interpreter(interpreter=python)
        elif not layers.load:
            # jupyter_client starts its own Python for a bare `python`.
            parts["python"] = Interpreter(interpreter=sys.executable)
    elif python.startswith("/"):
        # A Python other than that of the environment, or a certain one in an image.
        raise Opaque(f"it starts `{python}`")
    if python is not None:
        common = {**common, "language": "python"}
    return Recipe(**common, **parts, env={**env, **layers.env})


def _told(recipe: Recipe) -> list[str]:
    found = []
    if recipe.modules:
        found.append("modules " + " ".join(recipe.modules.load))
    for kind, text in (
        ("container", recipe.container and recipe.container.image),
        ("conda", recipe.conda and recipe.conda.environment),
        ("venv", recipe.venv and recipe.venv.path),
        ("interpreter", recipe.python and recipe.python.interpreter),
        ("packages", recipe.packages and recipe.packages.dir),
        ("command", recipe.kernel and " ".join(recipe.kernel.command)),
    ):
        if text:
            found.append(f"{kind} {text}")
    return found


def _env_of(spec: dict[str, Any]) -> dict[str, str]:
    found = {str(name): str(value) for name, value in dict(spec.get("env") or {}).items()}
    for name, value in found.items():
        if "${" in value:
            raise RecipeError(
                f"Its kernel.json sets `{name}` to `{value}`, which each Jupyter client reads "
                "differently.",
                hint="Put the value you mean into the kernel.json.",
            )
    return found
