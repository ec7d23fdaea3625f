"""Running pip behind a kernel's layers: with the environment's own, or with a copy of ours."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CommandFailed, EnvironmentBroken, KernelkitError, StorageFull
from ..files import explained, remove_tree
from ..model import PythonFacts
from ..proc import run, tail
from .layers import LayerRunner
from .pip_settings import host_settings
from .programs import PIP
from .pythons import ask, describe

# `pip install --dry-run --report` exists since 22.2.
OLDEST_PIP = (22, 2)
# The oldest Python that a pip with --report runs on (pip 24.0 is the last for 3.7).
OLDEST_PYTHON = (3, 7)
_NETWORK = re.compile(
    r"NewConnectionError|NameResolutionError|name resolution|Connection refused|ConnectTimeout|"
    r"ReadTimeout|unreachable|Max retries exceeded|CERTIFICATE_VERIFY_FAILED|ProxyError"
)
# Settings of a user's pip.conf that would change where or what is installed.
_ALWAYS = (
    "--no-input", "--no-color", "--disable-pip-version-check", "--progress-bar=off",
    "--no-warn-script-location", "--retries=2", "--no-user",
)  # fmt: skip


@dataclass(frozen=True)
class Pip:
    """`directory` holds the package `pip` and goes first on sys.path; empty for its own pip."""

    version: str
    directory: str = ""


def choose_pip(python: PythonFacts, *, root: Path) -> Pip:
    """The pip to run with `python`: its own if recent enough, else a copy below `root`.

    The copy is kernelkit's own pip, or one fetched for an older Python; it lies alone in its
    directory, so that nothing else of kernelkit's environment is seen. Raises EnvironmentBroken
    for a Python that no such pip runs on, or when none can be fetched.
    """
    if _numbers(python.pip) >= OLDEST_PIP:
        return Pip(python.pip)
    version = _numbers(python.version)
    if version < OLDEST_PYTHON:
        raise EnvironmentBroken(
            f"Nothing can be added to {describe(python)}: it is older than Python 3.7.",
            hint="Install what is missing into that environment, or use a newer Python.",
        )
    ours, requires, package = _own_pip()
    if package and version >= requires:
        return _kept(root, ours, package)
    return _fetched(root, python)


def run_pip(
    runner: LayerRunner,
    python: PythonFacts,
    pip: Pip,
    arguments: Sequence[str],
    *,
    root: Path,
    pins: dict[str, str] | None = None,
    requirements: str = "",
    target: Path | None = None,
    timeout: float,
) -> list[dict[str, Any]]:
    """Run `pip install` with `arguments` behind the layers; what its report says is installed.

    `pins` are the versions to keep, as constraints; `requirements` is the text of a requirements
    file; `target` the directory for `--target`. That and `root`, where pip works, must be seen
    behind the layers. The user's index settings hold (variables and files), those that say where
    to install do not.

    Raises EnvironmentBroken with pip's own text and the cause in words, StorageFull.
    """
    with explained(root, "Running pip"):
        root.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".pip-", dir=root))
    # On the host pip finds them itself.
    variables, certificates = host_settings() if python.container else ({}, "")
    options = {
        "work": str(work),
        "variables": variables,
        "certificates": certificates,
        "pip": pip.directory,
        "arguments": ["install", *_ALWAYS, *arguments],
        "pins": pins or {},
        "requirements": requirements,
        "target": str(target or ""),
    }
    try:
        answer, done = ask(runner, python.command, PIP, options, timeout=timeout)
    except CommandFailed as error:
        raise EnvironmentBroken(
            f"pip failed with {describe(python)}: {error.message}", detail=error.detail
        ) from error
    finally:
        remove_tree(work)
    if isinstance(answer, dict) and answer.get("unseen"):
        raise EnvironmentBroken(
            f"`{answer['unseen']}` is not visible to {describe(python)}.",
            hint="Bind that directory into the container, or keep its home directory mounted.",
        )
    if not isinstance(answer, dict) or answer.get("code") != 0:
        raise _explain(python, done.stderr, done.stdout)
    return [entry for entry in answer.get("install", []) if isinstance(entry, dict)]


# pip names what conflicts on its standard output, indented below this line.
_CONFLICT = re.compile(r"The conflict is caused by:\n((?:[ \t]+\S.*\n?)+)")


def _explain(python: PythonFacts, stderr: str, stdout: str = "") -> KernelkitError:
    # pip repeats a warning for every package that it looks for.
    detail = tail("\n".join(dict.fromkeys(stderr.splitlines())))
    if re.search(r"No space left on device|Disk quota exceeded", stderr):
        return StorageFull(
            f"pip found no space or quota left while it worked with {describe(python)}.",
            hint="Free space (see `quota -s`), or set `packages_root` to a larger disk.",
            detail=detail,
        )
    if _NETWORK.search(stderr):
        return EnvironmentBroken(
            f"pip reached no package index from {describe(python)}.",
            hint="Install on a node with network, or set `index-url` in pip.conf to a mirror.",
            detail=detail,
        )
    missing = re.search(r"No matching distribution found for (\S+)", stderr)
    if missing:
        return EnvironmentBroken(
            f"There is no `{missing.group(1)}` for {describe(python)} on the package index.",
            hint="Use a newer Python or image, or install it into the environment yourself.",
            detail=detail,
        )
    if "ResolutionImpossible" in stderr:
        return EnvironmentBroken(
            f"What is needed does not fit the versions that {describe(python)} has.",
            hint="Use an environment with newer packages, or ask for another version.",
            detail=_conflict(stdout) or detail,
        )
    return EnvironmentBroken(
        f"pip failed with {describe(python)}.", hint="See pip's own words.", detail=detail
    )


def _conflict(stdout: str) -> str:
    found = _CONFLICT.search(stdout)
    lines = found[1].splitlines() if found else []
    # A constraint is a version that the environment has; nobody asked for it.
    return "\n".join(
        line.strip().replace("The user requested (constraint)", "The environment has")
        for line in lines
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _own_pip() -> tuple[str, tuple[int, ...], Path | None]:
    """Our pip's version, the Python it requires, and its package directory."""
    spec = importlib.util.find_spec("pip")
    try:
        metadata = importlib.metadata.metadata("pip")
    except importlib.metadata.PackageNotFoundError:
        return "", (), None
    places = list(spec.submodule_search_locations or []) if spec else []
    # Some distributions take pip's vendored packages out; such a pip does not run elsewhere.
    if not places or not Path(places[0], "_vendor/packaging").is_dir():
        return "", (), None
    requires = _numbers(metadata["Requires-Python"] or "")
    return metadata["Version"], requires, Path(places[0])


def _kept(root: Path, version: str, package: Path) -> Pip:
    final = root / "pip" / version
    if not final.is_dir():
        with _staged(final) as staged:
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(package, staged.path / "pip", ignore=ignore)
    return Pip(version, str(final))


def _fetched(root: Path, python: PythonFacts) -> Pip:
    minor = ".".join(str(part) for part in _numbers(python.version))
    final = root / "pip" / f"for-python-{minor}"
    if not final.is_dir():
        with _staged(final) as staged:
            argv = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
            argv += ["--only-binary=:all:", "--no-input", "--disable-pip-version-check"]
            argv += ["--python-version", minor, "--dest", str(staged.path)]
            done = run([*argv, f"pip>={OLDEST_PIP[0]}.{OLDEST_PIP[1]}"], timeout=300)
            wheels = sorted(staged.path.glob("pip-*.whl"))
            if done.returncode or not wheels:
                raise _explain(python, done.stderr)
            shutil.unpack_archive(wheels[0], staged.path, "zip")
            wheels[0].unlink()
    found = sorted(final.glob("pip-*.dist-info"))
    version = found[0].name.split("-")[1].removesuffix(".dist") if found else ""
    return Pip(version, str(final))


class _staged:
    """A directory beside `final` that takes its name when the block ends well."""

    def __init__(self, final: Path) -> None:
        self.final = final

    def __enter__(self) -> _staged:
        with explained(self.final, "Keeping a copy of pip"):
            self.final.parent.mkdir(parents=True, exist_ok=True)
            made = tempfile.mkdtemp(prefix=f".{self.final.name}.", dir=self.final.parent)
        self.path = Path(made)
        return self

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        try:
            if kind is None:
                publish(self.path, self.final)
        finally:
            remove_tree(self.path)


def publish(staged: Path, final: Path) -> None:
    """Give `staged` the name `final`; when another process was first, its directory stays."""
    with explained(final, "Moving a finished directory into place"):
        try:
            staged.rename(final)
        except OSError:
            if not final.is_dir():
                raise
