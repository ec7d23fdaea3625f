"""Lmod's own ways: what it prints when it refuses, `spider`, and its catalogue as JSON.

The messages are those of Lmod's messageDir/en.lua (8.6 to 9.2); sessions set LMOD_LANG=en.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ...errors import CommandFailed, ModuleError
from ...model import ModuleSystem
from ...proc import run
from .catalogue import AvailableModule
from .dialect import Alternatives, Refusal, valid_names
from .session import State, Step, run_steps

_UNKNOWN = re.compile(r"module\(s\) are unknown: ((?:\"[^\"]*\",? ?)+)")
_CONCEALED = re.compile(r"exist but cannot be loaded as requested: ((?:\"[^\"]*\",? ?)+)")
_END = r"(?= While processing the following|$)"
_PREREQ = re.compile(r"without these module\(s\) loaded: (.*?)" + _END)
_PREREQ_ANY = re.compile(r"At least one of these module\(s\) must be loaded: (.*?)" + _END)
_SPIDER = "You will need to load all module(s) on any one of the lines below"


class Lmod:
    """Lmod, from 8.0 on."""

    kind: ModuleSystem = "lmod"

    def version(self, state: State) -> str:
        """Lmod's init file exports LMOD_VERSION."""
        return state.environment.get("LMOD_VERSION", "")

    def version_words(self) -> tuple[str, ...]:
        """Prints `Modules based on Lua: Version 8.6.19  2022-04-16 …`."""
        return ("module", "--version")

    def parse_version(self, text: str) -> str:
        """The number after `Version`."""
        found = re.search(r"Version\s+(\d[\w.]*)", text)
        return found.group(1) if found else ""

    def parse_refusal(self, text: str) -> Refusal:
        """Lmod wraps its messages at the terminal's width, so they are read as one line."""
        flat = " ".join(text.split())
        unknown = [n for part in _UNKNOWN.findall(flat) for n in valid_names(part)]
        concealed = [n for part in _CONCEALED.findall(flat) for n in valid_names(part)]
        needed = [valid_names(part) for part in _PREREQ.findall(flat)]
        needed += [(n,) for part in _PREREQ_ANY.findall(flat) for n in valid_names(part)]
        return Refusal(tuple(unknown), tuple(concealed), tuple(n for n in needed if n))

    def spider_words(self, name: str) -> tuple[str, ...]:
        """Without `-t`: before 8.7 that made no difference for a full name."""
        return ("module", "spider", name)

    def parse_spider(self, text: str) -> Alternatives:
        """The indented lines after the sentence that announces them, up to other text."""
        _, _, rest = text.partition(_SPIDER)
        found: list[tuple[str, ...]] = []
        for line in rest.splitlines()[1:]:
            words = line.split()
            if not words:
                continue
            names = valid_names(line)
            # Other text ("Help:", prose) has words that are no module names, or is not indented.
            prose = len(names) != len(set(words)) or words[0].endswith(":")
            if prose or not line.startswith("   "):
                break
            found.append(names)
        return tuple(dict.fromkeys(found))

    def describe_words(self, collection: str) -> tuple[str, ...]:
        """Prints a numbered list in columns."""
        return ("module", "describe", collection)

    def parse_described(self, text: str) -> tuple[str, ...]:
        """The names in `1) gcc/12.2   3) python-mpi`; a default version is left out there."""
        _, _, rest = text.partition("contains:")
        return tuple(n for word in re.findall(r"\d+\)\s+(\S+)", rest) for n in valid_names(word))

    def read(
        self, init: Sequence[str], state: State, modulepath: Sequence[str], timeout: float
    ) -> list[AvailableModule]:
        """`spider -o spider-json` evaluates every modulefile; a plain list where it fails."""
        spider = f"{state.environment.get('LMOD_DIR', '')}/spider"
        argv = [spider, "-o", "spider-json", ":".join(modulepath)]
        try:
            done = run(argv, env=state.environment, timeout=timeout)
            return parse_spider_json(done.stdout)
        except (CommandFailed, ValueError):
            return self._plain(init, state, modulepath, timeout)

    def _plain(
        self, init: Sequence[str], state: State, modulepath: Sequence[str], timeout: float
    ) -> list[AvailableModule]:
        steps = [
            *(Step(("source", path)) for path in init),
            Step(("modulepath", ":".join(modulepath))),
            Step(("module", "-t", "avail")),
            Step(("module", "-t", "--default", "avail")),
        ]
        every, default = run_steps(steps, state.environment, timeout=timeout)[-2:]
        names = parse_terse(every.text)
        if not names and every.returncode:
            raise ModuleError("`module avail` failed.", detail=every.text)
        defaults = set(parse_terse(default.text))
        return [AvailableModule(n, default=n in defaults) for n in names]


def parse_spider_json(text: str) -> list[AvailableModule]:
    """Read `spider -o spider-json`: name -> modulefile -> entry, hidden ones marked.

    The default of a name is the highest `wV`, which begins with `^` where a default is marked.
    Lua writes an empty table as `{}` or `[]` at will. Raises ValueError for anything but JSON.
    """
    import json

    found = []
    pages = json.loads(text)
    for files in pages.values() if isinstance(pages, dict) else ():
        entries = files if isinstance(files, dict) else {}
        usable = {
            path: entry
            for path, entry in entries.items()
            if isinstance(entry, dict) and isinstance(entry.get("fullName"), str)
        }
        shown = [e for e in usable.values() if not e.get("hidden")]
        default = max((str(e.get("wV") or "") for e in shown), default="")
        for path, entry in usable.items():
            is_default = entry in shown and str(entry.get("wV") or "") == default
            found.append(_module(path, entry, is_default))
    return found


def _module(path: str, entry: dict[str, Any], default: bool) -> AvailableModule:
    def strings(key: str) -> list[str]:
        value = entry.get(key)
        return [str(v) for v in value] if isinstance(value, list) else []

    chains = entry.get("parentAA")
    parents = [
        tuple(str(name) for name in names)
        for names in (chains if isinstance(chains, list) else [])
        if isinstance(names, list) and names
    ]
    # `whatis("Name: …")` and its like repeat what the name says already.
    plain = [w for w in strings("whatis") if not re.match(r"(Name|Version|URL)\s*:", w)]
    whatis = entry.get("Description") or " ".join(plain)
    return AvailableModule(
        name=str(entry["fullName"]),
        default=default,
        hidden=bool(entry.get("hidden")),
        path=path,
        whatis=" ".join(str(whatis).split()),
        description=str(entry.get("help") or "").strip(),
        parents=tuple(parents),
    )


def parse_terse(text: str) -> list[str]:
    """Read `module -t avail`: a name a line, directories end with a colon, groups with a slash."""
    names = []
    for line in text.splitlines():
        word = re.sub(r"\(.*?\)|<.*?>", "", line).strip()
        if word and not word.endswith((":", "/")) and valid_names(word) == (word,):
            names.append(word)
    return list(dict.fromkeys(names))
