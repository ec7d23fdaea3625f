"""The names that a resolution loads: told apart, put in order, matched with what really loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...errors import UsageError
from .catalogue import begins, package_of
from .session import State


@dataclass(frozen=True)
class Item:
    """One name to load; `asked` is what the user wrote, empty for a prerequisite added here."""

    name: str
    asked: str = ""


def full_name(name: str, before: State, after: State) -> str:
    """What a load of `name` came to; empty if nothing of it is loaded."""
    if name in after.loaded:
        return name
    new = [n for n in after.loaded if n not in before.loaded]
    for found in (*reversed(new), *reversed(after.loaded)):
        if package_of(found) == name or begins(found, name):
            return found
    # An alias of another name: its own entry comes after those of what it needs.
    return new[-1] if new and after.returncode == 0 else ""


def unique(items: Iterable[Item]) -> list[Item]:
    """The first of each name, remembering whether any of that name was asked for."""
    found: dict[str, Item] = {}
    for item in items:
        known = found.get(item.name)
        found[item.name] = Item(item.name, known.asked or item.asked) if known else item
    return list(found.values())


def as_asked(names: Sequence[str], rest: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """Prerequisites with what was asked for further down, and what is left to load after them."""
    added, left = [], list(rest)
    for name in names:
        exact = next((i for i in left if i.name == name or begins(i.name, name)), None)
        loose = next((i for i in left if package_of(name) == i.name or begins(name, i.name)), None)
        asked = exact or loose
        added.append(exact or Item(name, loose.asked if loose else ""))
        if asked:
            left.remove(asked)
    return added, left


def refuse_two_versions(asked: Sequence[str]) -> None:
    """Raise UsageError where two versions of one module are asked for."""
    # Lmod swaps one for the other without a word, Environment Modules loads both.
    seen: dict[str, str] = {}
    for name in asked:
        package, _, version = name.rpartition("/")
        if not package or not re.match(r"[vV]?\d", version):
            continue
        if seen.setdefault(package, name) != name:
            raise UsageError(
                f"`{seen[package]}` and `{name}` are two versions of one module.",
                hint="Ask for one of them.",
            )
