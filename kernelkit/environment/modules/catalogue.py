"""What modules exist: the records, searching them, and the copy on disk that makes it quick."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...errors import KernelkitError

_FORMAT = 1
_LIMIT = 256 << 20
# Files that decide which version is the default or hidden.
_RC_FILES = (".modulerc", ".modulerc.lua", ".version", "default")
# In place of a time that no file has: what changed while it was read.
_UNSURE = -2


@dataclass(frozen=True)
class AvailableModule:
    """A module that could be loaded.

    `name` is the full name (`pytorch/2.7.1-cuda12.6`), `path` its modulefile, `whatis` one line,
    `description` its help text. `parents` are combinations of which one must be loaded first;
    empty where the module can be loaded right away.
    """

    name: str
    default: bool = False
    hidden: bool = False
    path: str = ""
    whatis: str = ""
    description: str = ""
    parents: tuple[tuple[str, ...], ...] = ()

    @property
    def package(self) -> str:
        """The name without its version."""
        return package_of(self.name)


def package_of(name: str) -> str:
    """A module's full name without the last part, or the name where there is only one."""
    return name.rpartition("/")[0] or name


def natural(version: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key by which 2.10 comes after 2.9, and a release before what is appended to it."""
    parts = re.findall(r"[0-9]+|[^0-9.]+", version)
    return tuple((1, int(p), "") if p[0] in "0123456789" else (0, 0, p) for p in parts)


def begins(full: str, asked: str) -> bool:
    """Whether `asked` is `full`, or a prefix that ends where a part of the version ends.

    So `python/3.1` does not mean `python/3.11`, and `pytorch` not `pytorch-cpu/2.13`.
    """
    if not full.startswith(asked):
        return False
    following = full[len(asked) : len(asked) + 1]
    if "/" not in asked:
        return following in ("", "/")
    return not (asked[-1].isalnum() and following.isalnum())


def arranged(modules: Iterable[AvailableModule]) -> tuple[AvailableModule, ...]:
    """Sorted by name and version; entries of one full name (a hierarchy has several) are one."""
    merged: dict[str, AvailableModule] = {}
    for module in modules:
        known = merged.get(module.name)
        if known is None:
            merged[module.name] = module
        elif known.parents and module.parents:
            parents = tuple(dict.fromkeys(known.parents + module.parents))
            merged[module.name] = replace(known, parents=parents)
        elif known.parents:
            merged[module.name] = module
    return tuple(
        sorted(
            merged.values(), key=lambda m: (m.package.lower(), natural(m.name[len(m.package) :]))
        )
    )


def matching(modules: Sequence[AvailableModule], name: str) -> tuple[AvailableModule, ...]:
    """The exact full name alone; else the default of the name alone; else every prefix match."""
    exact = tuple(m for m in modules if m.name == name)
    if exact:
        return exact
    versions = [m for m in modules if m.package == name]
    if versions:
        return (next((m for m in versions if m.default), versions[-1]),)
    return tuple(m for m in modules if begins(m.name, name))


def nearest(modules: Sequence[AvailableModule], name: str) -> str:
    """A hint that names what exists and looks like `name`."""
    import difflib

    package = package_of(name)
    same = [m.name for m in modules if m.package.lower() in (package.lower(), name.lower())]
    if same:
        return "There is " + ", ".join(f"`{n}`" for n in same[:8]) + "."
    names = [m.name for m in modules] + [m.package for m in modules]
    close = difflib.get_close_matches(name, dict.fromkeys(names), 3)
    close += difflib.get_close_matches(package, {m.package for m in modules}, 3)
    if close:
        return "Did you mean " + " or ".join(f"`{n}`" for n in dict.fromkeys(close)) + "?"
    return "`kernelkit avail` lists what exists."


def cache_file(kind: str, modulepath: Sequence[str]) -> Path:
    """Where the catalogue of this MODULEPATH is kept."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    key = "\0".join((kind, *modulepath))
    return root / "kernelkit" / f"modules-{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"


def stamps(roots: Iterable[str], modules: Sequence[AvailableModule]) -> dict[str, int]:
    """Modification times (ns) of every directory that holds modules, and of the rc files there.

    A modulefile added or removed changes its directory; one edited in place does not, and its
    one-line description may then be old until `refresh`.
    """
    directories = set(roots)
    for module in modules:
        at = module.path
        # As many levels up as the name has parts, which ends at the module path's own directory.
        for _ in range(module.name.count("/") + 1):
            at = os.path.dirname(at)  # noqa: PTH120 - 5,000 Path objects cost more than the stats
            directories.add(at)
    for root in list(directories):
        with suppress(OSError), os.scandir(root) as entries:
            directories.update(e.path for e in entries if e.is_dir())
    found = {d: _mtime(d) for d in directories if d}
    rc = (f"{d}/{name}" for d in list(found) for name in _RC_FILES)
    return {**found, **{path: when for path in rc if (when := _mtime(path)) >= 0}}


def _mtime(path: str) -> int:
    try:
        return os.lstat(path).st_mtime_ns
    except OSError:
        return -1


def settled(
    before: Mapping[str, int], after: Mapping[str, int], began: int, former: Mapping[str, int]
) -> dict[str, int]:
    """What the stamps are compared with from now on: those `after` a reading that `began` (ns).

    What changed while it went on may hold what was not seen, and has all read again. A directory
    that the reading itself found has no stamp `before` it: there the clocks are believed. Nothing
    is unsure twice in a row (`former` are what the last reading left): where a module that is
    evaluated writes beside its file, every reading changes the tree.
    """

    def changed(path: str, when: int) -> bool:
        return before[path] != when if path in before else when >= began

    return {
        path: _UNSURE if changed(path, when) and former.get(path) != _UNSURE else when
        for path, when in after.items()
    }


@dataclass(frozen=True)
class Cached:
    """A catalogue as it was kept, and what to compare the stamps with."""

    marks: Mapping[str, int] = field(default_factory=dict)
    modules: tuple[AvailableModule, ...] = ()

    def is_current(self) -> bool:
        """Whether there is one, and no directory has changed since."""
        return bool(self.marks) and all(_mtime(path) == when for path, when in self.marks.items())


def read_cache(path: Path) -> Cached:
    """The kept catalogue; where there is none, an empty one that is not current."""
    import msgspec

    from ...files import read_regular

    try:
        version, marks, modules = msgspec.json.decode(
            read_regular(path, _LIMIT), type=_cache_type()
        )
    except (OSError, KernelkitError, msgspec.MsgspecError, ValueError):
        return Cached()
    return Cached(marks, modules) if version == _FORMAT else Cached()


def write_cache(path: Path, marks: dict[str, int], modules: Sequence[AvailableModule]) -> None:
    """Keep the catalogue; without space or permission it is simply read again next time."""
    import msgspec

    from ...files import replace_file

    with suppress(KernelkitError):
        replace_file(path, msgspec.json.encode((_FORMAT, marks, tuple(modules))), 0o600)


def _cache_type() -> type[tuple[int, dict[str, int], tuple[AvailableModule, ...]]]:
    return tuple[int, dict[str, int], tuple[AvailableModule, ...]]
