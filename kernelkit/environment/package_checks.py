"""Whether a packages dir fits the interpreter that will import from it."""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import EnvironmentBroken, InsecureFile, NotFound
from ..model import PythonFacts
from .packages import canonical
from .pythons import describe

# Modules that came to or left the standard library, with the Python that made the change: our
# own Python's list is corrected by these for the interpreter in question.
_ADDED = {
    "dataclasses": (3, 7), "contextvars": (3, 7), "zoneinfo": (3, 9), "graphlib": (3, 9),
    "tomllib": (3, 11), "annotationlib": (3, 14), "compression": (3, 14),
}  # fmt: skip
_REMOVED = {
    "asynchat": (3, 12), "asyncore": (3, 12), "distutils": (3, 12), "imp": (3, 12),
    "smtpd": (3, 12), "cgi": (3, 13), "crypt": (3, 13), "imghdr": (3, 13), "pipes": (3, 13),
    "telnetlib": (3, 13), "uu": (3, 13), "xdrlib": (3, 13),
}  # fmt: skip
_REMAKE = "Install into a packages dir of its own for this Python, or remove it from there."
# Extension modules lie at most this deep; a walk through a whole torch takes minutes on Lustre.
_DEPTH = 3
_EXTENSION = re.compile(r"^(?P<name>[^.]+)\.(?P<tag>cpython-\d+|pypy\d+-pp\d+)\w*-?.*\.so$")


@dataclass(frozen=True)
class PackagesFinding:
    """Something amiss in a packages dir; an error stops the install, a warning is told."""

    severity: Literal["error", "warning"]
    message: str
    hint: str

    @property
    def text(self) -> str:
        """What is amiss and what to do, in one line."""
        return f"{self.message} {self.hint}"


def check_packages_dir(path: Path, python: PythonFacts) -> list[PackagesFinding]:
    """Everything in `path` that does not fit `python`, errors first.

    Called by the installer and by `kernelkit show`. Raises NotFound if there is no such
    directory, EnvironmentBroken if it cannot be listed, InsecureFile if anybody may write there.
    """
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(
            f"There is no packages dir `{path}`.", hint="`kernelkit install --packages` makes one."
        ) from None
    except OSError as error:
        raise EnvironmentBroken(f"`{path}` cannot be read: {error.strerror}.") from error
    findings = [*_check_mode(path, found), *_check_names(path, entries, python)]
    distributions = list(_distributions(entries))
    for name, version, directory in distributions:
        findings += _check_wheel(name, version, directory, python)
    known = {f.message.split("`")[1].split(" ")[0] for f in findings if f.severity == "error"}
    findings += _check_extensions(path, python, known)
    findings += _check_shadows(distributions, python)
    return sorted(findings, key=lambda finding: finding.severity)


def _check_mode(path: Path, found: os.stat_result) -> Iterator[PackagesFinding]:
    if found.st_mode & stat.S_IWOTH:
        raise InsecureFile(
            f"Anybody may write in `{path}`, and so run code in this kernel.",
            hint=f"Run `chmod o-w {path}` and look at what is in it.",
        )
    # Shared project directories are meant to be writable by their group, so this is only told.
    if found.st_mode & stat.S_IWGRP and (group := _shared_group(found.st_gid)):
        yield PackagesFinding(
            "warning",
            f"The group `{group}` may write in `{path}`, and so run code in this kernel.",
            f"Run `chmod g-w {path}` unless that is meant.",
        )


def _shared_group(gid: int) -> str:
    """The group's name, or nothing for the private group that many systems give each user."""
    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.getuid())
    except KeyError:
        return str(gid)
    private = gid == user.pw_gid and not set(group.gr_mem) - {user.pw_name}
    return "" if private and group.gr_name == user.pw_name else group.gr_name


def _check_names(
    path: Path, entries: list[os.DirEntry[str]], python: PythonFacts
) -> Iterator[PackagesFinding]:
    standard = stdlib_names(python)
    for entry in entries:
        stem = re.sub(r"(\.cpython-[^.]*|\.abi3)?\.(py|so)$", "", entry.name)
        if stem not in standard:
            continue
        # A directory without __init__.py does not win over a regular module further on.
        if entry.is_file() and stem == entry.name:
            continue
        if entry.is_dir() and not Path(entry.path, "__init__.py").is_file():
            continue
        yield PackagesFinding(
            "error",
            f"`{entry.name}` in `{path}` would replace Python's own module `{stem}`.",
            "Remove it; it is often a backport that this Python no longer needs.",
        )


def stdlib_names(python: PythonFacts) -> frozenset[str]:
    """The names of `python`'s standard library, as far as our own Python can tell."""
    version = _minor(python)
    ours = sys.stdlib_module_names | set(_REMOVED)
    return frozenset(
        name
        for name in ours
        if not (name in _ADDED and version < _ADDED[name])
        and not (name in _REMOVED and version >= _REMOVED[name])
    )


def _minor(python: PythonFacts) -> tuple[int, int]:
    major, minor = (re.findall(r"\d+", python.version) + ["0", "0"])[:2]
    return int(major), int(minor)


def _distributions(entries: list[os.DirEntry[str]]) -> Iterator[tuple[str, str, Path]]:
    for entry in entries:
        stem, _, kind = entry.name.rpartition(".")
        name, dash, version = stem.partition("-")
        if kind == "dist-info" and dash:
            yield canonical(name), version, Path(entry.path)


def _check_wheel(
    name: str, version: str, directory: Path, python: PythonFacts
) -> Iterator[PackagesFinding]:
    try:
        text = (directory / "WHEEL").read_text("utf-8", "replace")
    except OSError:
        return
    tags = re.findall(r"^Tag:\s*(\S+)\s*$", text, re.MULTILINE)
    if tags and not any(fits(tag, python) for tag in tags):
        yield PackagesFinding(
            "error",
            f"`{name} {version}` in `{directory.parent}` is built for `{tags[0]}`, "
            f"not for {describe(python)}.",
            _REMAKE,
        )


def fits(tag: str, python: PythonFacts) -> bool:
    """Whether a wheel tag such as `cp39-abi3-manylinux_2_17_x86_64` suits `python` (PEP 425)."""
    parts = tag.split("-")
    if len(parts) != 3:
        return True
    interpreters, abis, platforms = (part.split(".") for part in parts)
    language = any(_interpreter_fits(i, a, python) for i in interpreters for a in abis)
    return language and any(_platform_fits(platform, python) for platform in platforms)


def _interpreter_fits(interpreter: str, abi: str, python: PythonFacts) -> bool:
    found = re.fullmatch(r"([a-z]+)(\d)(\d*)", interpreter)
    if not found:
        return True
    kind, major, minor = found.group(1), int(found.group(2)), found.group(3)
    wanted, mine = (major, int(minor or 0)), _minor(python)
    if kind == "py" or (kind == "cp" and abi == "abi3"):
        return major == mine[0] and wanted <= mine and _is(kind, python)
    return wanted == mine and _is(kind, python)


def _is(kind: str, python: PythonFacts) -> bool:
    implementation = {"cp": "cpython", "pp": "pypy", "py": python.implementation}.get(kind)
    return implementation in (None, python.implementation)


def _platform_fits(platform: str, python: PythonFacts) -> bool:
    if platform == "any":
        return True
    if not platform.endswith("_" + python.machine):
        return False
    if platform.startswith("musllinux"):
        return not python.libc.startswith("glibc")
    if platform.startswith("manylinux"):
        return not python.libc.startswith("musl")
    return platform.startswith("linux")


def _check_extensions(
    path: Path, python: PythonFacts, known: set[str]
) -> Iterator[PackagesFinding]:
    """Extension modules for other interpreters only; one finding for each top-level name."""
    for top, files in _extensions(path).items():
        tags = {tag for tag, _ in files}
        if not tags or python.cache_tag in tags or canonical(top) in known:
            continue
        yield PackagesFinding(
            "error",
            f"`{top}` in `{path}` is built for `{', '.join(sorted(tags))}` "
            f"(`{files[0][1]}`), not for {describe(python)}.",
            _REMAKE,
        )


def _extensions(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Top-level name -> (interpreter tag, file) of its extension modules."""
    found: dict[str, list[tuple[str, str]]] = {}
    for directory, names, files in os.walk(path):
        inside = Path(directory).relative_to(path).parts
        if len(inside) >= _DEPTH:
            names.clear()
        for file in files:
            if matched := _EXTENSION.match(file):
                top = inside[0] if inside else matched["name"]
                found.setdefault(top, []).append((matched["tag"], file))
    return found


def _check_shadows(
    distributions: list[tuple[str, str, Path]], python: PythonFacts
) -> Iterator[PackagesFinding]:
    for name, version, directory in distributions:
        there = python.distributions.get(name)
        if there and there != version:
            yield PackagesFinding(
                "warning",
                f"`{name} {version}` in `{directory.parent}` hides `{name} {there}` "
                "of the environment.",
                "Remove it from the packages dir unless that version is wanted.",
            )
