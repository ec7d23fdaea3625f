"""Conda environments by name or path, found from the files conda, mamba and micromamba keep.

conda itself is not run: it takes a second to say what a few directories say.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from ..errors import Ambiguous, EnvironmentBroken, KernelkitError, NotFound
from ..files import read_regular
from ..model import EnvironmentPlan
from ..names import conda_name, env_value, env_variable
from .conda_places import environment_prefixes, is_prefix, roots
from .places import Place, locate

_STATE_LIMIT = 1024 * 1024
# What `conda env config vars unset` leaves behind (conda.base.constants).
_UNSET = "***unset***"


def find_conda(
    text: str,
    *,
    base: Path,
    path: str,
    env: Mapping[str, str] | None = None,
    recipe_file: Path | None = None,
) -> EnvironmentPlan:
    """The conda environment that `text` names.

    With a `/`, a leading `~` or a leading dot it is a path (absolute, from home, or relative to
    `base`); else a name, looked for where conda, mamba and micromamba keep environments, with
    `path` the PATH behind the loaded modules. `base` (or `root`) is a name too: the installation
    itself. `interpreter` is empty for an environment without Python (R alone).

    Raises NotFound with near names, Ambiguous when the name exists in several places,
    EnvironmentBroken for a directory that is no conda environment.
    """
    known = os.environ if env is None else env
    if "/" in text or text.startswith(("~", ".")):
        place = locate(text, base=base, recipe_file=recipe_file)
        return _plan(place, name=_name_of(place.path, path, known))
    name = conda_name(text)
    hits = _by_name(name, path, known)
    if len(hits) > 1:
        raise Ambiguous(
            f"There are {len(hits)} conda environments named `{name}`.",
            matches=[str(hit) for hit in hits],
            hint="Give the path of the one you mean.",
        )
    if not hits:
        raise NotFound(
            f"There is no conda environment named `{name}`.", hint=_hint(name, base, path, known)
        )
    return _plan(Place(hits[0]), name=name)


def list_condas(path: str, env: Mapping[str, str] | None = None) -> tuple[EnvironmentPlan, ...]:
    """Every conda environment of this user and of the installations on `path`, by name.

    Broken ones are left out. Called by `kernelkit avail`.
    """
    known = os.environ if env is None else env
    installations = roots(path, known)
    found = []
    for prefix in _distinct([*installations, *environment_prefixes(path, known)]):
        name = "base" if prefix in installations else prefix.name
        try:
            found.append(_plan(Place(prefix), name=name))
        except KernelkitError:
            continue
    return tuple(sorted(found, key=lambda plan: (plan.name, plan.prefix)))


def parse_variables(data: bytes) -> dict[str, str]:
    """The variables in a `conda-meta/state` file: `{"version": 1, "env_vars": {NAME: VALUE}}`.

    Raises ValueError for anything else, InvalidName for a name or value no process can have.
    """
    found = json.loads(data)
    variables = found.get("env_vars", {}) if isinstance(found, dict) else None
    if not isinstance(variables, dict):
        raise ValueError("`env_vars` is not a table")
    return _checked(variables)


def _checked(variables: Mapping[object, object]) -> dict[str, str]:
    kept = {}
    for name, value in variables.items():
        text = str(value)
        if text != _UNSET:
            checked = env_variable(str(name))
            kept[checked] = env_value(checked, text)
    return kept


def _variables(prefix: Path) -> dict[str, str]:
    """As conda's activation reads them: those of packages first, then the environment's own."""
    found: dict[str, str] = {}
    packages = sorted((prefix / "etc/conda/env_vars.d").glob("*"))
    for file in [*packages, prefix / "conda-meta/state"]:
        try:
            data = read_regular(file, _STATE_LIMIT)
            if file.name == "state":
                found |= parse_variables(data)
            elif isinstance(table := json.loads(data), dict):
                found |= _checked(table)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError) as error:
            raise EnvironmentBroken(
                f"The variables of the conda environment in `{file}` cannot be read: {error}.",
                hint="Set them again with `conda env config vars set`.",
            ) from error
    return found


def _plan(place: Place, *, name: str) -> EnvironmentPlan:
    prefix = place.path
    if not prefix.is_dir():
        raise NotFound(
            f"There is no conda environment at `{prefix}`.", hint="Check the path in the recipe."
        )
    if not is_prefix(prefix):
        venv = (prefix / "pyvenv.cfg").is_file()
        hint = "It is a virtual environment: use `--venv`." if venv else "Check the path."
        raise EnvironmentBroken(
            f"`{prefix}` is not a conda environment: it has no `conda-meta` directory.", hint=hint
        )
    python = prefix / "bin" / "python"
    if python.is_symlink() and not python.exists():
        raise EnvironmentBroken(
            f"`{python}` is a link to `{python.readlink()}`, which is gone.",
            hint="Mend it with `conda install --force-reinstall python`, or make it again.",
        )
    site = sorted(prefix.glob("lib/python*/site-packages"))
    return EnvironmentPlan(
        kind="conda",
        prefix=str(prefix),
        interpreter=str(python) if python.exists() else "",
        name=name,
        relative=place.relative,
        site_packages=str(site[0]) if site else "",
        variables=_variables(prefix),
    )


def _name_of(prefix: Path, path: str, env: Mapping[str, str]) -> str:
    """The name conda shows for a prefix; a path outside every envs directory has none."""
    if prefix in roots(path, env):
        return "base"
    return prefix.name if prefix.parent.name == "envs" else ""


def _by_name(name: str, path: str, env: Mapping[str, str]) -> list[Path]:
    if name in ("base", "root"):
        return _distinct(roots(path, env))
    return _distinct([p for p in environment_prefixes(path, env) if p.name == name])


def _distinct(prefixes: list[Path]) -> list[Path]:
    seen: dict[str, Path] = {}
    for prefix in prefixes:
        seen.setdefault(os.path.realpath(prefix), prefix)
    return list(seen.values())


def _hint(name: str, base: Path, path: str, env: Mapping[str, str]) -> str:
    if is_prefix(base / name):
        return f"To use the one in `{base / name}`, write `./{name}`."
    names = sorted({prefix.name for prefix in environment_prefixes(path, env)})
    if near := difflib.get_close_matches(name, names, 3):
        return "Did you mean " + " or ".join(f"`{n}`" for n in near) + "?"
    if names:
        return "There are " + ", ".join(f"`{n}`" for n in names[:8]) + "; or give a path."
    return "No conda environment was found; give its path, or load the module that brings conda."
