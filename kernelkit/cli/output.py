"""How results reach people and programs: data on stdout, the rest on stderr, rich on terminals."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TextIO, cast

import click

from ..errors import KernelkitError

_ANSI = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
STATE_STYLES = {
    "ready": "green",
    "stale": "yellow",
    "broken": "red",
    "shadowed": "dim",
    "unmanaged": "cyan",
}


class Outcome(NamedTuple):
    """What a verb returns when its data alone does not say how the command ends."""

    data: Any
    exit_code: int = 0


class ReaderGone(Exception):
    """Whoever read our output has left, as head(1) does; `main` ends as a pipe's writer should."""


def verb(
    name: str, *, show: Callable[[Any], None], **settings: Any
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a verb with `--json`.

    The function returns its result, as data or `Outcome`; `show` prints it for people. With
    `--json` it is printed as JSON instead: dicts, lists, msgspec structs, dataclasses, paths,
    and anything with `to_dict`. Errors of the KernelkitError tree may pass: `main` prints them.
    """

    def decorate(function: Callable[..., Any]) -> click.Command:
        @functools.wraps(function)
        def call(*args: Any, as_json: bool, **kwargs: Any) -> int:
            result = function(*args, **kwargs)
            data, code = result if isinstance(result, Outcome) else (result, 0)
            try:
                (print_json if as_json else show)(data)
            except BrokenPipeError as error:
                # click ends with 1 for this, as if the command had failed.
                raise ReaderGone from error
            return code

        option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
        made = cast("Callable[[Any], click.Command]", click.command(name, **settings))
        return made(option(call))

    return decorate


# --- data ----------------------------------------------------------------------------------------


def print_json(data: Any) -> None:
    """Print one JSON value on stdout."""
    import json

    # ASCII only: what a hostile display name holds must not reach a terminal raw.
    click.echo(json.dumps(data, default=_plain, indent=1))


def _plain(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    import dataclasses

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    import msgspec

    return msgspec.to_builtins(value)


class Cell(NamedTuple):
    """One cell of a table with a style of `_ANSI`."""

    text: str
    style: str = ""


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> None:
    """Print a table: drawn by rich on a terminal, else aligned, uncut, one line a row."""
    cells = [[c if isinstance(c, Cell) else Cell(c) for c in row] for row in rows]
    cells = [[Cell(safe(text), style) for text, style in row] for row in cells]
    if is_terminal(sys.stdout):
        _print_rich(headings, cells)
        return
    lines = [[h.upper() for h in headings], *([c.text or "-" for c in row] for row in cells)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    click.echo("\n".join(_aligned(line, widths) for line in lines))


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(map(str.ljust, line, widths)).rstrip()


def _print_rich(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, heading in enumerate(headings):
        # The first column is what people copy from: the others are folded before it.
        longest = max((len(row[number].text) for row in rows), default=0)
        whole = number == 0 and longest <= console.width // 2
        table.add_column(heading, overflow="fold", no_wrap=whole)
    for row in rows:
        table.add_row(*(Text(cell.text, style=cell.style) for cell in row))
    console.print(table)


def print_pairs(pairs: Mapping[str, str] | Sequence[tuple[str, str]]) -> None:
    """Print `name  value` lines, aligned."""
    rows = list(pairs.items()) if isinstance(pairs, Mapping) else list(pairs)
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        label = styled(name.ljust(width), "bold", sys.stdout)
        click.echo(f"{label}  {safe(value)}".rstrip())


def print_text(text: str = "", style: str = "") -> None:
    """Print a line of data on stdout."""
    click.echo(styled(text, style, sys.stdout))


# --- everything else -----------------------------------------------------------------------------


def note(text: str, style: str = "") -> None:
    """Say something on stderr that is not data."""
    click.echo(styled(safe_lines(text), style, sys.stderr), err=True)


def warn(text: str) -> None:
    """Warn on stderr."""
    label = styled("warning:", "yellow", sys.stderr)
    click.echo(f"{label} {safe_lines(text)}", err=True)


def show_error(error: KernelkitError, *, as_json: bool) -> None:
    """Print an error: for people on stderr, with `--json` as {"error": …} on stdout."""
    if as_json:
        print_json({"error": error.to_dict()})
        return
    matches = "\n".join(f"  {match}" for match in getattr(error, "matches", ()))
    print_error(error.message, hint=error.hint, detail=error.detail, matches=matches)


def print_error(message: str, *, hint: str = "", detail: str = "", matches: str = "") -> None:
    """Print what happened, what fits, what to do next, and an external program's own words."""
    label = styled("error:", "red", sys.stderr)
    click.echo(f"{label} {safe_lines(message)}", err=True)
    if matches:
        click.echo(safe_lines(matches), err=True)
    if detail:
        indented = "\n".join(f"  {line}" for line in detail.splitlines())
        click.echo(styled(safe_lines(indented), "dim", sys.stderr), err=True)
    if hint:
        label = styled("hint:", "cyan", sys.stderr)
        click.echo(f"{label} {safe_lines(hint)}", err=True)


# --- terminals -----------------------------------------------------------------------------------


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at `stream` through something that draws."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def styled(text: str, style: str, stream: TextIO) -> str:
    """`text` in a colour or weight, where `stream` shows it and NO_COLOR is unset."""
    if not style or not is_terminal(stream) or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{_ANSI[style]}m{text}\033[0m"


def safe(text: str) -> str:
    """One line of `text` without what could steer a terminal."""
    if text.isascii() and text.isprintable():
        return text
    from ..names import printable

    return printable(text)


def safe_lines(text: str) -> str:
    """`text` line by line without what could steer a terminal."""
    return "\n".join(safe(line) for line in text.split("\n"))
