"""What differs between module systems: how they refuse, and how they tell what exists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ...errors import InvalidName
from ...model import ModuleSystem
from ...names import module_name
from .catalogue import AvailableModule
from .session import State

Alternatives = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Refusal:
    """Why a load failed, as far as the module system's text says.

    `unknown` names do not exist, `concealed` ones exist but are not reachable yet, and
    `prerequisites` are combinations of which one must be loaded first.
    """

    unknown: tuple[str, ...] = ()
    concealed: tuple[str, ...] = ()
    prerequisites: Alternatives = ()


class Dialect(Protocol):
    """One module system's own ways. The implementations are `lmod` and `tcl`."""

    kind: ModuleSystem

    def version(self, state: State) -> str:
        """The version, from a shell in which the init files were sourced; empty if unknown."""

    def version_words(self) -> tuple[str, ...]:
        """The command that prints the version where the environment does not tell it."""

    def parse_version(self, text: str) -> str:
        """The version in what that command printed."""

    def parse_refusal(self, text: str) -> Refusal:
        """Read what a failed `module load` printed."""

    def spider_words(self, name: str) -> tuple[str, ...]:
        """The command that tells what `name` needs first; empty where there is none."""

    def parse_spider(self, text: str) -> Alternatives:
        """Read what that command printed, one alternative a line."""

    def describe_words(self, collection: str) -> tuple[str, ...]:
        """The command that prints what a saved collection holds."""

    def parse_described(self, text: str) -> tuple[str, ...]:
        """The module names in what that command printed."""

    def read(
        self, init: Sequence[str], state: State, modulepath: Sequence[str], timeout: float
    ) -> list[AvailableModule]:
        """Every module of `modulepath` and of what its modules open, from a shell set up by `init`.

        `state` is that shell before anything was loaded, `timeout` seconds for one command.
        """


def valid_names(text: str) -> tuple[str, ...]:
    """The words of `text` that can be module names.

    A condition such as `foo(@1.2:)` (Lmod's `atleast`) counts as the name before it.
    """
    found = []
    for word in text.replace(",", " ").split():
        bare = re.sub(r"\(.*", "", word).strip("\"'`")
        try:
            found.append(module_name(bare))
        except InvalidName:
            continue
    return tuple(dict.fromkeys(found))
