"""Environment Modules' own ways: what it prints when it refuses, and `avail --json`.

The messages are those of modulecmd.tcl 4 and 5, and of the C version 3.2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import KernelkitError, ModuleError
from ...files import read_regular
from ...model import ModuleSystem
from .catalogue import AvailableModule, natural
from .dialect import Alternatives, Refusal, valid_names
from .lmod import parse_terse
from .session import State, Step, run_steps

_UNKNOWN = re.compile(r"Unable to locate a modulefile for ['`]([^']*)'")
_HINT = re.compile(r"^ +HINT: .*(?:\n {4,}(?!HINT|ERROR|WARNING).*)*", re.MULTILINE)
_FIRST = re.compile(r"(at least one of )?the following modules? must be loaded first: (.*)")
_DEPENDS_32 = re.compile(r"depends on one of the module\(s\) ['`]([^']*)'")
# What a modulefile does to open a directory of more modules, where the path stands in it plainly.
_OPENS = re.compile(
    r"^\s*(?:module\s+use(?:\s+--?(?:append|prepend|a|p))?|(?:prepend|append)-path\s+MODULEPATH)"
    r"\s+[\"{]?(/[^\s\"{}$\[\]]+)",
    re.MULTILINE,
)
_MODULEFILE_LIMIT = 1 << 20
_DEPTH = 5


class EnvironmentModules:
    """Environment Modules, from 3.2 on; what exists is read best from 4.5 on."""

    kind: ModuleSystem = "environment-modules"

    def version(self, state: State) -> str:
        """Only older versions export it."""
        return state.environment.get("MODULE_VERSION", "")

    def version_words(self) -> tuple[str, ...]:
        """Prints `Modules Release 5.2.0 (2022-11-08)`."""
        return ("module", "--version")

    def parse_version(self, text: str) -> str:
        """The number after `Release` or `VERSION=`."""
        found = re.search(r"(?:Release |VERSION\s*=\s*)v?(\d[\w.]*)", text)
        return found.group(1) if found else ""

    def parse_refusal(self, text: str) -> Refusal:
        """The text is wrapped at the terminal's width, a hint's further lines are indented."""
        flat = " ".join(text.split())
        unknown = [n for part in _UNKNOWN.findall(flat) for n in valid_names(part)]
        needed: list[tuple[str, ...]] = []
        for hint in _HINT.findall(text):
            for any_of, part in _FIRST.findall(" ".join(hint.split())):
                names = valid_names(part)
                needed += [(n,) for n in names] if any_of else [names]
        needed += [(n,) for part in _DEPENDS_32.findall(flat) for n in valid_names(part)]
        return Refusal(tuple(unknown), (), tuple(dict.fromkeys(n for n in needed if n)))

    def spider_words(self, name: str) -> tuple[str, ...]:
        """There is no spider; the catalogue knows what opens what."""
        return ()

    def parse_spider(self, text: str) -> Alternatives:
        """Nothing to read."""
        return ()

    def describe_words(self, collection: str) -> tuple[str, ...]:
        """Prints the collection as module commands."""
        return ("module", "saveshow", collection)

    def parse_described(self, text: str) -> tuple[str, ...]:
        """The names in `module load --tag=auto-loaded python-mpi`."""
        loads = re.findall(r"^module load((?: --?\S+)*) (.*)$", text, re.MULTILINE)
        return tuple(name for _, names in loads for name in valid_names(names))

    def read(
        self, init: Sequence[str], state: State, modulepath: Sequence[str], timeout: float
    ) -> list[AvailableModule]:
        """List a MODULEPATH, then the directories that its modules open, each with its openers."""
        found: list[AvailableModule] = []
        chains: dict[str, Alternatives] = dict.fromkeys(modulepath, ())
        level = list(modulepath)
        for _ in range(_DEPTH):
            fresh: dict[str, Alternatives] = {}
            for directory, module in _list(init, state, level, timeout):
                parents = chains.get(directory, ())
                found.append(replace(module, parents=parents))
                longer = tuple((*chain, module.name) for chain in parents or ((),))
                for opened in opened_by(module.path):
                    if opened not in chains:
                        fresh[opened] = fresh.get(opened, ()) + longer
            chains.update(fresh)
            level = list(fresh)
        return found


def _list(
    init: Sequence[str], state: State, directories: Sequence[str], timeout: float
) -> list[tuple[str, AvailableModule]]:
    """The modules of some directories, each with the directory it is in."""
    if not directories:
        return []
    begin = [
        *(Step(("source", path)) for path in init),
        Step(("modulepath", ":".join(directories))),
    ]
    asked = [Step(("module", "avail", "--json")), Step(("module", "whatis"))]
    listed, described = run_steps([*begin, *asked], state.environment, timeout=timeout)[-2:]
    try:
        modules = parse_avail(listed.text)
    except ValueError:
        # Before 4.5 there is no --json.
        plain = [*begin, Step(("module", "-t", "avail"))]
        terse = run_steps(plain, state.environment, timeout=timeout)[-1]
        if terse.returncode:
            raise ModuleError("`module avail` failed.", detail=terse.text) from None
        modules = parse_plain(terse.text)
    whatis = parse_whatis(described.text)
    return [(d, replace(m, whatis=whatis.get(m.name, ""))) for d, m in modules]


def parse_avail(text: str) -> list[tuple[str, AvailableModule]]:
    """Read `module avail --json`: directory -> full name -> entry. Raises ValueError otherwise.

    It shares its channel with warnings, so the object is looked for. Without a version marked as
    the default the highest one is (modulefile(4), implicit_default).
    """
    decoder = json.JSONDecoder()
    for start in (m.start() for m in re.finditer(r"^\{", text, re.MULTILINE)):
        try:
            found, _ = decoder.raw_decode(text, start)
        except ValueError:
            continue
        return _with_defaults(_entries(found))
    raise ValueError("no JSON object in the output of module avail")


def _entries(found: dict[str, Any]) -> list[tuple[str, AvailableModule]]:
    return [
        (
            directory,
            AvailableModule(
                name=str(entry.get("name", full)),
                path=str(entry.get("pathname") or ""),
                default="default" in _strings(entry.get("symbols")),
                hidden=bool({"hidden", "hidden-loaded"} & _strings(entry.get("tags"))),
            ),
        )
        for directory, modules in found.items()
        if isinstance(modules, dict)
        for full, entry in modules.items()
        if isinstance(entry, dict) and entry.get("type", "modulefile") in ("modulefile", "virtual")
    ]


def _strings(value: object) -> set[str]:
    return {str(v) for v in value} if isinstance(value, list) else set()


def parse_plain(text: str) -> list[tuple[str, AvailableModule]]:
    """Read `module -t avail`, where the default is marked `(default)`."""
    found: list[tuple[str, AvailableModule]] = []
    directory = ""
    for line in text.splitlines():
        if line.startswith("/") and line.endswith(":"):
            directory = line[:-1]
        for name in parse_terse(line):
            path = f"{directory}/{name}"
            found.append((directory, AvailableModule(name, default="(default" in line, path=path)))
    return _with_defaults(found)


def _with_defaults(
    found: list[tuple[str, AvailableModule]],
) -> list[tuple[str, AvailableModule]]:
    has = {m.package for _, m in found if m.default}
    highest: dict[str, str] = {}
    for _, m in sorted(found, key=lambda e: natural(e[1].name)):
        if m.package not in has:
            highest[m.package] = m.name
    return [
        (d, replace(m, default=m.default or highest.get(m.package) == m.name)) for d, m in found
    ]


def parse_whatis(text: str) -> dict[str, str]:
    """Read `module whatis`: `  name: text` a line; several lines of one module are joined."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, separator, value = line.strip().partition(": ")
        if separator and valid_names(name) == (name,):
            found.setdefault(name, []).append(re.sub(r"^Description:\s*", "", value.strip()))
    return {name: " ".join(values) for name, values in found.items()}


def opened_by(path: str) -> tuple[str, ...]:
    """Directories that a modulefile adds to MODULEPATH, where it names them outright."""
    try:
        text = read_regular(Path(path), _MODULEFILE_LIMIT).decode("utf-8", "replace")
    except (OSError, KernelkitError):
        return ()
    return tuple(dict.fromkeys(p.rstrip("/") for p in _OPENS.findall(text)))
