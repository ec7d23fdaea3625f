"""`kernelkit list`: every kernelspec Jupyter sees, with its state and the reason."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import Any

import click

from ..specs.states import Installed, list_kernels
from .output import (
    STATE_STYLES,
    Cell,
    is_terminal,
    note,
    print_table,
    print_text,
    safe,
    styled,
    verb,
)

STATES = ("ready", "stale", "broken", "shadowed", "unmanaged")


def select_kernels(pattern: str, states: Sequence[str]) -> tuple[Installed, ...]:
    """The kernels whose name or identity fits `pattern` (fnmatch) and whose state is wanted."""
    # Thousands of small dicts live until the process ends: looking for garbage among them, last
    # of all at exit, takes a tenth of the whole time and finds nothing.
    gc.disable()
    found = list_kernels()
    gc.freeze()
    gc.enable()
    if pattern:
        from fnmatch import fnmatch

        found = tuple(k for k in found if fnmatch(k.name, pattern) or fnmatch(k.identity, pattern))
    return tuple(kernel for kernel in found if not states or kernel.state in states)


def show_kernels(data: dict[str, Any]) -> None:
    """Print the table; what to do about a state is said on stderr."""
    kernels: Sequence[Installed] = data["kernels"]
    if not kernels:
        note("No kernels found. `kernelkit avail` lists what can be installed.")
        return
    if is_terminal(sys.stdout) and not data["long"]:
        _show_briefly(kernels)
        return
    rows = [(*_row(kernel), kernel.path, "; ".join(kernel.reasons)) for kernel in kernels]
    print_table(("Name", "State", "Display name", "From", "Directory", "Why"), rows)


def _row(kernel: Installed) -> tuple[str, Cell, str, str]:
    state = Cell(kernel.state, STATE_STYLES[kernel.state])
    return kernel.name, state, kernel.display_name, kernel.identity


def _show_briefly(kernels: Sequence[Installed]) -> None:
    """Without directories, and with the reasons below the table, where they have the room."""
    print_table(("Name", "State", "Display name", "From"), [_row(kernel) for kernel in kernels])
    explained = [kernel for kernel in kernels if kernel.reasons and kernel.state != "unmanaged"]
    if explained:
        print_text()
    for kernel in explained:
        name = styled(safe(kernel.name), STATE_STYLES[kernel.state], sys.stdout)
        for reason in kernel.reasons:
            print_text(f"{name}: {safe(reason)}")


@verb("list", show=show_kernels)
@click.argument("pattern", default="")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES),
    help="Only these.",
)
@click.option("-l", "--long", "long", is_flag=True, help="Directories too, on a terminal.")
def command(pattern: str, states: tuple[str, ...], long: bool) -> dict[str, Any]:
    """List every kernel Jupyter sees, with its state and the reason.

    \b
    ready      starts what it was made from
    stale      still there, but something it was made from has changed
    broken     cannot start; the reason names what is missing
    shadowed   another kernel of the same name comes first
    unmanaged  not made by kernelkit

    PATTERN selects by name or identity, as in `kernelkit list 'pytorch*'`.
    """
    return {"kernels": select_kernels(pattern, states), "long": long}
