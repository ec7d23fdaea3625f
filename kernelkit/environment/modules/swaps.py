"""What loading modules came to beside the modules themselves: names that stood for others, and what
was loaded before and is not any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .catalogue import package_of
from .items import Item
from .session import State

Pairs = tuple[tuple[str, str], ...]


def meant(items: Sequence[Item], full: Sequence[str]) -> Pairs:
    """What was asked for, and the full name that it came to; `full` has one for each item."""
    return tuple((item.asked, name) for item, name in zip(items, full, strict=True) if item.asked)


def taken_out(full: Sequence[str], states: Sequence[State]) -> Pairs:
    """What the baseline had loaded and the last state has not, each with what took it out: another
    version of it, or the module that was being loaded (a family, a conflict, another compiler).

    `states` are the shell before the loads and after each of `full`.
    """
    return tuple(_taken_out(full, states))


def _taken_out(full: Sequence[str], states: Sequence[State]) -> Iterator[tuple[str, str]]:
    for name in states[0].loaded:
        there = [index for index, state in enumerate(states) if name in state.loaded]
        last = there[-1]
        if last == len(states) - 1:
            continue
        new = [n for n in states[last + 1].loaded if n not in states[last].loaded]
        version = next((n for n in new if package_of(n) == package_of(name)), "")
        yield name, version or full[last]
