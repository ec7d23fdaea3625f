"""Virtual environments and interpreters named by path, checked without running them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..errors import EnvironmentBroken, NotFound
from ..files import read_regular
from ..model import EnvironmentPlan
from .places import locate

_SETTINGS_LIMIT = 64 * 1024
_RECREATE = "Make it again with `python3 -m venv`, or install with another environment."


def find_venv(
    text: str, *, base: Path, recipe_file: Path | None = None, in_container: bool = False
) -> EnvironmentPlan:
    """The virtual environment at `text`: absolute, `~`, or relative to `base`.

    With `in_container` the interpreter it was made from need not exist here: a venv made inside
    an image links to that image's Python. Called by the installer and by `list`.

    Raises NotFound if there is no such directory, EnvironmentBroken if it is no virtual
    environment or the Python it was made from is gone or was replaced by another minor version.
    """
    place = locate(text, base=base, recipe_file=recipe_file)
    prefix = place.path
    if not prefix.is_dir():
        raise NotFound(
            f"There is no virtual environment at `{prefix}`.", hint="Check the path in the recipe."
        )
    settings = _read_settings(prefix)
    interpreter = prefix / "bin" / "python"
    if not in_container:
        _check_base(prefix, interpreter, settings)
    return EnvironmentPlan(
        kind="venv",
        prefix=str(prefix),
        interpreter=str(interpreter),
        relative=place.relative,
        site_packages=_site_packages(prefix, settings),
    )


def find_interpreter(text: str, *, base: Path, recipe_file: Path | None = None) -> EnvironmentPlan:
    """The interpreter at `text`, by path; `prefix` and `relative` name the interpreter itself.

    Raises NotFound if nothing is there, EnvironmentBroken if it is no program.
    """
    place = locate(text, base=base, recipe_file=recipe_file)
    interpreter = place.path
    if not interpreter.exists():
        raise NotFound(
            f"There is no interpreter at `{interpreter}`{_leads(interpreter)}.",
            hint="Give the path of a Python interpreter, such as `/usr/bin/python3`.",
        )
    if not interpreter.is_file() or not os.access(interpreter, os.X_OK):
        raise EnvironmentBroken(
            f"`{interpreter}` is not a program that you may run.",
            hint="Give the path of a Python interpreter; for an environment use its own option.",
        )
    return EnvironmentPlan(
        kind="interpreter",
        prefix=str(interpreter),
        interpreter=str(interpreter),
        relative=place.relative,
    )


def parse_settings(text: str) -> dict[str, str]:
    """The `key = value` lines of a pyvenv.cfg (PEP 405), keys in lower case; others skipped."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip():
            found[key.strip().lower()] = value.strip()
    return found


def _read_settings(prefix: Path) -> dict[str, str]:
    file = prefix / "pyvenv.cfg"
    try:
        return parse_settings(read_regular(file, _SETTINGS_LIMIT).decode("utf-8", "replace"))
    except FileNotFoundError:
        if (prefix / "conda-meta").is_dir():
            hint = "It is a conda environment: use `--conda`, or `[conda]` in the recipe."
        else:
            hint = "A virtual environment has a `pyvenv.cfg`; check the path."
        raise EnvironmentBroken(f"`{prefix}` is not a virtual environment.", hint=hint) from None
    except OSError as error:
        raise EnvironmentBroken(
            f"`{file}` cannot be read: {error.strerror}.", hint="Check who may read it."
        ) from error


def _check_base(prefix: Path, interpreter: Path, settings: dict[str, str]) -> None:
    home = settings.get("home", "")
    if home and not Path(home).is_dir():
        raise EnvironmentBroken(
            f"The Python that `{prefix}` was made from is gone: `{home}` does not exist.",
            hint=_RECREATE,
        )
    if not interpreter.exists():
        raise EnvironmentBroken(
            f"`{interpreter}` does not exist{_leads(interpreter)}.", hint=_RECREATE
        )
    made, now = _minor(settings), re.search(r"python(\d+\.\d+)", interpreter.resolve().name)
    if made and now and now.group(1) != made:
        raise EnvironmentBroken(
            f"`{prefix}` was made with Python {made}, and `{interpreter}` is Python "
            f"{now.group(1)} now.",
            hint=_RECREATE,
        )


def _leads(path: Path) -> str:
    return f" (a link to `{path.readlink()}`, which is gone)" if path.is_symlink() else ""


def _minor(settings: dict[str, str]) -> str:
    # venv writes `version`, virtualenv and uv write `version_info`.
    text = settings.get("version") or settings.get("version_info") or ""
    found = re.match(r"(\d+\.\d+)", text)
    return found.group(1) if found else ""


def _site_packages(prefix: Path, settings: dict[str, str]) -> str:
    directories = sorted(prefix.glob("lib/*/site-packages"))
    wanted = _minor(settings)
    for directory in directories:
        if wanted and directory.parent.name.endswith(wanted):
            return str(directory)
    return str(directories[0]) if directories else ""
