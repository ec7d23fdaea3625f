"""Options and arguments that several verbs share, and what a shell completes them with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ..specs.locations import Scope

F = TypeVar("F", bound=Callable[..., Any])


def complete_kernels(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of installed kernels; for `shell_complete=` of an argument."""
    from click.shell_completion import CompletionItem

    from ..specs.states import list_kernels

    return [
        CompletionItem(kernel.name, help=kernel.display_name)
        for kernel in list_kernels()
        if kernel.name.startswith(incomplete) and kernel.state != "shadowed"
    ]


def complete_managed(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of the kernels that kernelkit made."""
    from click.shell_completion import CompletionItem

    from ..specs.states import list_kernels

    return [
        CompletionItem(kernel.name, help=kernel.display_name)
        for kernel in list_kernels()
        if kernel.managed and kernel.name.startswith(incomplete)
    ]


def complete_identities(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Identities of catalog recipes and of modules that are known without asking anew."""
    from click.shell_completion import CompletionItem

    from ..specs.offers import quick_identities

    return [
        CompletionItem(identity, help=description)
        for identity, description in quick_identities()
        if identity.startswith(incomplete)
    ]


def scope_options(function: F) -> F:
    """`--user`, `--sys-prefix`, `--project`, `--prefix DIR`: which kernels a verb means.

    The verb receives `scope` and `prefix`, which `scope_root` makes a directory of.
    """
    directory = click.Path(file_okay=False, path_type=Path)
    options = [
        click.option("--user", "scope", flag_value="user", help="Only your own."),
        click.option(
            "--sys-prefix", "scope", flag_value="sys-prefix", help="Only this environment's."
        ),
        click.option(
            "--project", "scope", flag_value="project", help="Only those of this directory."
        ),
        click.option("--prefix", type=directory, help="Only those of an installation at PREFIX."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def scope_root(scope: Scope | None, prefix: Path | None) -> Path | None:
    """The data directory that the scope options name; None when none was given."""
    from ..errors import UsageError
    from ..specs.locations import data_root

    if scope and prefix:
        raise UsageError(f"`--{scope}` and `--prefix` exclude one another.", hint="Give one.")
    chosen: Scope | None = "prefix" if prefix else scope
    return data_root(chosen, prefix=prefix) if chosen else None
