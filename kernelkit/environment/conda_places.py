"""Where conda, mamba and micromamba keep their installations and environments."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import KernelkitError
from ..files import read_regular

_FILE_LIMIT = 1024 * 1024
_INSTALLATIONS = (
    "miniconda3", "miniforge3", "mambaforge", "anaconda3", "micromamba", "miniconda", "conda",
    ".local/share/mamba", ".conda",
)  # fmt: skip
_RC_NAMES = (".condarc", "condarc", ".mambarc")


def is_prefix(path: Path) -> bool:
    """Whether `path` is a conda environment: it has a `conda-meta` directory."""
    try:
        return (path / "conda-meta").is_dir()
    except OSError:
        return False


def roots(path: str, env: Mapping[str, str]) -> list[Path]:
    """The installations (each a `base` environment) on `path`, in `env` and in the usual places."""
    return [root for root in _unique(_root_candidates(path, env)) if is_prefix(root)]


def environment_prefixes(path: str, env: Mapping[str, str]) -> list[Path]:
    """Every existing environment outside `base`, in the order conda would look for it."""
    found: list[Path] = []
    for directory in _unique(_env_dirs(path, env)):
        try:
            children = sorted(directory.iterdir())
        except OSError:
            continue
        found += [child for child in children if is_prefix(child)]
    installations = {os.path.realpath(root) for root in roots(path, env)}
    recorded = [Path(line) for line in _lines(_home(env) / ".conda/environments.txt")]
    found += [p for p in recorded if p.is_absolute() and is_prefix(p)]
    return [p for p in _unique(iter(found)) if os.path.realpath(p) not in installations]


def parse_rc(text: str) -> list[str]:
    """The `envs_dirs` of a .condarc, written as a YAML block list or an inline list.

    Only these two forms are read, which are the ones conda itself writes and documents; no YAML
    library is needed for them.
    """
    found: list[str] = []
    inside = False
    for line in text.splitlines():
        bare = re.sub(r"(^|\s)#.*$", "", line).rstrip()
        key = re.match(r"""(?P<key>[A-Za-z_]+|'[^']*'|"[^"]*")\s*:(?P<rest>.*)$""", bare)
        if key:
            inside = key["key"].strip("'\"") == "envs_dirs"
            inline = re.fullmatch(r"\s*\[(.*)\]\s*", key["rest"])
            if inside and inline:
                found += [_unquoted(part) for part in inline.group(1).split(",")]
        elif inside and (item := re.match(r"\s*-\s+(.*)$", bare)):
            found.append(_unquoted(item.group(1)))
    return [entry for entry in found if entry]


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _home(env: Mapping[str, str]) -> Path:
    return Path(env["HOME"]) if env.get("HOME") else Path.home()


def _root_candidates(path: str, env: Mapping[str, str]) -> Iterator[Path]:
    for variable in ("CONDA_ROOT", "MAMBA_ROOT_PREFIX"):
        if env.get(variable):
            yield Path(env[variable])
    commands = [shutil.which(name, path=path) for name in ("conda", "mamba")]
    for command in (*commands, env.get("CONDA_EXE"), env.get("MAMBA_EXE")):
        if command:
            yield from _above(Path(command))
    for parent in (_home(env), Path("/opt")):
        for name in _INSTALLATIONS:
            yield parent / name


def _above(command: Path) -> Iterator[Path]:
    # ROOT/bin/conda or ROOT/condabin/conda; a link in ~/bin leads to one of these.
    for binary in (command, Path(os.path.realpath(command))):
        if binary.parent.name in ("bin", "condabin", "Scripts"):
            yield binary.parent.parent


def _env_dirs(path: str, env: Mapping[str, str]) -> Iterator[Path]:
    home = _home(env)
    for variable in ("CONDA_ENVS_DIRS", "CONDA_ENVS_PATH"):
        for part in env.get(variable, "").split(os.pathsep):
            if part:
                yield _expanded(part, env)
    installations = roots(path, env)
    for file in _rc_files(home, installations, env):
        for part in parse_rc("\n".join(_lines(file))):
            yield _expanded(part, env)
    # micromamba's root has envs but need not be an environment itself.
    for root in [*installations, *_root_candidates(path, env)]:
        yield root / "envs"


def _rc_files(home: Path, installations: list[Path], env: Mapping[str, str]) -> Iterator[Path]:
    if env.get("CONDARC"):
        yield _expanded(env["CONDARC"], env)
    directories = [home, home / ".conda", home / ".config/conda", home / ".mamba"]
    for directory in [*directories, *installations, Path("/etc/conda")]:
        for name in _RC_NAMES:
            yield directory / name


def _expanded(text: str, env: Mapping[str, str]) -> Path:
    known = {**env, "HOME": str(_home(env))}
    text = re.sub(r"\$(\w+)|\$\{(\w+)\}", lambda m: known.get(m[1] or m[2], m[0]), text)
    if text == "~" or text.startswith("~/"):
        text = known["HOME"] + text[1:]
    return Path(text)


def _lines(file: Path) -> list[str]:
    try:
        data = read_regular(file, _FILE_LIMIT)
    except (OSError, KernelkitError):
        return []
    return [line.rstrip("\r") for line in data.decode("utf-8", "replace").split("\n")]


def _unique(paths: Iterator[Path]) -> list[Path]:
    return list(dict.fromkeys(path for path in paths if path.is_absolute()))
