"""The pieces that launch.sh is made of, and how its lines are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...model import EnvironmentPlan
from ..quoting import comment, quote

WIDTH = 96

# How launch.sh refuses: called wrongly, a module, a missing file or directory, another Python.
# The first three have the meaning of sysexits.h's EX_USAGE, EX_DATAERR and EX_NOINPUT.
USAGE, MODULE, MISSING, OTHER_PYTHON = 64, 65, 66, 67

# What an environment that was active around the server would lend to the kernel.
PYTHON_LEAKS = (
    "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV", "CONDA_SHLVL", "CONDA_PYTHON_EXE",
)  # fmt: skip
R_LEAKS = ("R_HOME", "R_LIBS", "R_LIBS_SITE", "R_LIBS_USER")


@dataclass(frozen=True)
class Section:
    """A part of the script: its heading, its lines, and what of the plan it comes from.

    `source` is a modulefile's name, a path or the recipe's identity, for `kernelkit show`.
    """

    title: str
    lines: tuple[str, ...]
    source: str = ""

    def render(self) -> list[str]:
        """The heading and the lines."""
        return [f"# --- {self.title} ".ljust(WIDTH, "-"), *self.lines]


def refuse(code: int, sentence: str, *, unless: str) -> list[str]:
    """`unless` must hold, or the script ends with `code` and `sentence` (double-quoted text)."""
    call = f'fail {code} "{sentence}"'
    if len(unless) + len(call) + 4 <= WIDTH:
        return [f"{unless} || {call}"]
    return [f"{unless} ||", f"  {call}"]


def continued(start: str, words: Sequence[str]) -> list[str]:
    """`start` and `words`, over several lines with backslashes where one would be too long."""
    found = [start]
    for word in words:
        if len(found[-1]) + len(word) > WIDTH - 4:
            found[-1] += " \\"
            found.append("  ")
        found[-1] += f"{'' if found[-1].endswith(('(', ' ')) else ' '}{word}"
    return found


def array(name: str, words: Sequence[str]) -> list[str]:
    """A bash array of `words`, one a line where they do not fit on one."""
    line = f"{name}=({' '.join(map(quote, words))})"
    if len(line) <= WIDTH:
        return [line]
    return [f"{name}=(", *(f"  {quote(word)}" for word in words), ")"]


def ticked(paths: Sequence[str]) -> str:
    """`paths` in backticks, as text between double quotes."""
    return " and ".join(f"\\`{in_double_quotes(path)}\\`" for path in paths)


def in_double_quotes(text: str) -> str:
    """`text` so that bash reads it literally between double quotes."""
    for character in '\\"$`':
        text = text.replace(character, "\\" + character)
    return text


def remark(text: str) -> list[str]:
    """A comment for people, at the width of the script."""
    return comment(text, width=WIDTH - 2)


def in_environment(environment: EnvironmentPlan, path: str) -> str:
    """`path` as a bash word, by way of `$_environment` where it is in there."""
    below = below_environment(environment, path)
    if below is None:
        return quote(path)
    return '"$_environment"' + (quote(below) if below else "")


def below_environment(environment: EnvironmentPlan, path: str) -> str | None:
    """What follows the environment's prefix in `path`: empty for itself, None outside."""
    prefix = environment.prefix.rstrip("/")
    inside = path == prefix or path.startswith(prefix + "/")
    return path[len(prefix) :] if inside else None
