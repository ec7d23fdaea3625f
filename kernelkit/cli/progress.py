"""How an install tells what it does: a line a step on stderr, with a spinner on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from . import output


class StepLines:
    """Prints each step when it ends, and what it is doing while it runs.

    Implements `specs.install.Progress`. `quiet` (with `--json`) prints nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._spinner: Any = None
        self._notes: list[str] = []

    @contextmanager
    def step(self, name: str, text: str) -> Iterator[None]:
        """Show `text` while the block runs, then the step with what was noted in it."""
        self._notes = []
        if self._quiet:
            yield
            return
        label = output.safe(text)
        self._start(label)
        try:
            yield
        except BaseException:
            self._stop()
            self._print("✗", "red", name, label)
            raise
        self._stop()
        self._print("✓", "green", name, "; ".join(self._notes) or label)

    def line(self, text: str) -> None:
        """Show what the running step says, where there is a spinner to show it beside."""
        if self._spinner is not None:
            self._spinner.update(output.safe(text)[:100])

    def note(self, text: str) -> None:
        """Keep a result of the running step, shown when it ends."""
        self._notes.append(output.safe(text))

    def _start(self, label: str) -> None:
        if not output.is_terminal(sys.stderr):
            return
        from rich.console import Console
        from rich.markup import escape

        self._spinner = Console(stderr=True).status(escape(label))
        self._spinner.start()

    def _stop(self) -> None:
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None

    def _print(self, mark: str, style: str, name: str, text: str) -> None:
        # Not `output.note`, which takes the colour's own escape codes out with everybody's else.
        click.echo(f"{output.styled(mark, style, sys.stderr)} {name:<12} {text}", err=True)
