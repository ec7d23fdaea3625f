"""Packages dirs: what they lack, where they lie, and whether they fit an interpreter."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import EnvironmentBroken, InvalidName
from ..files import explained
from ..model import PythonFacts
from ..names import kernel_name, path_text
from ..site import Site
from .layers import LayerRunner
from .pips import choose_pip, run_pip
from .programs import CHECK
from .pythons import ask, describe

_RESOLVE_SECONDS = 600.0
_INSTALL_SECONDS = 1800.0


@dataclass(frozen=True)
class Delta:
    """One distribution that is missing; `sha256` is empty where the index does not give it."""

    name: str
    version: str
    url: str
    sha256: str


def resolve_delta(
    runner: LayerRunner,
    python: PythonFacts,
    requirements: Sequence[str],
    *,
    root: Path,
    constraints: bool = True,
    only_binary: bool = False,
) -> list[Delta]:
    """What has to be added to `python` for `requirements`, resolved by pip behind the layers.

    With `constraints` everything that the environment has keeps its version, local versions
    (`2.7.1+cu126`) included; those that pip cannot compare are left to pip. `root` is
    kernelkit's data directory, for a copy of pip where the environment has none.

    Raises EnvironmentBroken with pip's own text.
    """
    pip = choose_pip(python, root=root)
    arguments = ["--dry-run", *_binary(only_binary), *requirements]
    pins = python.distributions if constraints else {}
    report = run_pip(runner, python, pip, arguments, root=root, pins=pins, timeout=_RESOLVE_SECONDS)
    found = [
        Delta(canonical(entry["name"]), entry["version"], entry["url"], entry["sha256"])
        for entry in report
    ]
    # A `target` in the user's pip.conf makes pip forget what is installed.
    missing = [item for item in found if python.distributions.get(item.name) != item.version]
    return sorted(missing, key=lambda item: item.name)


def install_delta(
    runner: LayerRunner,
    python: PythonFacts,
    delta: Sequence[Delta],
    target: Path,
    *,
    root: Path,
    only_binary: bool = False,
) -> None:
    """Install exactly `delta` into `target`, an existing directory seen behind the layers.

    By name, version and SHA-256 rather than by address: pip leaves passwords out of the
    addresses it reports. Raises EnvironmentBroken with pip's own text.
    """
    hashed = all(item.sha256 for item in delta)
    lines = [
        f"{item.name}=={item.version}" + (f" --hash=sha256:{item.sha256}" if hashed else "")
        for item in delta
    ]
    arguments = ["--no-deps", *_binary(only_binary), *(["--require-hashes"] if hashed else [])]
    run_pip(
        runner,
        python,
        choose_pip(python, root=root),
        arguments,
        root=root,
        requirements="\n".join(lines) + "\n",
        target=target,
        timeout=_INSTALL_SECONDS,
    )


def find_conflicts(runner: LayerRunner, python: PythonFacts, *, root: Path) -> list[str]:
    """What `pip check` finds behind the layers, a sentence each: missing and unfitting packages.

    Raises EnvironmentBroken when pip cannot be run.
    """
    pip = choose_pip(python, root=root)
    answer, done = ask(runner, python.command, CHECK, pip.directory)
    if not isinstance(answer, dict) or not isinstance(answer.get("problems"), list):
        raise EnvironmentBroken(
            f"pip could not check {describe(python)}.", hint="See its words.", detail=done.tail
        )
    return [str(line) for line in answer["problems"]]


def _binary(only: bool) -> list[str]:
    return ["--only-binary=:all:"] if only else []


def canonical(name: str) -> str:
    """The name as indexes compare it (PEP 503): `Jupyter_Client` becomes `jupyter-client`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def resolve_packages_dir(
    text: str, site: Site, kernel: str, *, base: Path | None = None, create: bool = True
) -> Path:
    """The packages dir that `text` names: a plain name lies in the site's `packages_root`.

    An empty text means the kernel's own name. A path (with `/` or `~`) may hold variables, unless
    there is a directory of just that name, and is made absolute from `base`, the recipe's
    directory (default: the working directory). With `create` a missing one is made, writable by
    its owner only. Raises InvalidName, NotPermitted.
    """
    text = text or kernel
    path_text(text, "packages dir")
    if "/" in text or text.startswith(("~", "$", ".")):
        path = Path(text).expanduser()
        if not ((base or Path.cwd()) / path).is_dir():
            path = Path(os.path.expandvars(text)).expanduser()
    else:
        # A plain name is held to the rule for kernels: it becomes a directory's name.
        path = Path(os.path.expandvars(site.packages_root)).expanduser() / kernel_name(text)
    # Not resolve(): a link to scratch is kept as it is given.
    path = Path(os.path.abspath((base or Path.cwd()) / path))  # noqa: PTH100
    if ":" in str(path):
        raise InvalidName(
            f"`{path}` cannot be a packages dir: PYTHONPATH is split at `:`.",
            hint="Choose a path without `:`.",
        )
    if create and not path.is_dir():
        with explained(path, "Creating the packages dir"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o755, exist_ok=True)
    return path
