"""Virtual environments where tools and people usually keep them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import KernelkitError
from ..model import EnvironmentPlan
from .venvs import find_venv


def list_venvs(
    env: Mapping[str, str] | None = None, *, base: Path | None = None
) -> tuple[EnvironmentPlan, ...]:
    """The active virtual environment, those in `base` (the working directory) and those of
    virtualenvwrapper and pyenv; broken ones are left out. Called by `kernelkit avail`.
    """
    known = os.environ if env is None else env
    here = base or Path.cwd()
    found: dict[str, EnvironmentPlan] = {}
    for prefix in _prefixes(known, here):
        try:
            if (prefix / "pyvenv.cfg").is_file():
                found.setdefault(os.path.realpath(prefix), find_venv(str(prefix), base=here))
        except (OSError, KernelkitError):
            continue
    return tuple(sorted(found.values(), key=lambda plan: plan.prefix))


def _prefixes(env: Mapping[str, str], here: Path) -> Iterator[Path]:
    home = Path(env.get("HOME") or Path.home())
    if active := env.get("VIRTUAL_ENV"):
        yield Path(active)
    yield from (here / name for name in (".venv", "venv", "env"))
    workon = Path(env.get("WORKON_HOME") or home / ".virtualenvs")
    pyenv = Path(env.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    for directory in (workon.expanduser(), pyenv):
        try:
            yield from sorted(directory.iterdir())
        except OSError:
            continue
