"""`kernelkit upgrade`: stale kernels resolved, tested and put in place anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..errors import KernelkitError, UsageError
from . import output
from .changing import change_options, run_change, show_diff, undo_note
from .json_flag import is_json
from .output import Outcome, verb
from .params import complete_managed

if TYPE_CHECKING:
    from ..site import Site
    from ..specs.states import Installed


def show_upgraded(data: dict[str, Any]) -> None:
    """Say what happened to each kernel."""
    if not data["kernels"]:
        output.note("Nothing is stale.")
    for found in data["kernels"]:
        name = found["name"]
        if "error" in found:
            output.print_error(
                f"{name}: {found['error']['message']}", hint=found["error"].get("hint", "")
            )
        elif found.get("ready"):
            output.print_text(f"{name} is up to date")
        elif found["dry_run"]:
            show_diff(found["diff"])
        else:
            output.print_text(f"Upgraded {found['directory']}")
            for notice in found["notices"]:
                output.warn(notice)
            undo_note(name)


@verb("upgrade", show=show_upgraded)
@click.argument("name", default="", metavar="[NAME]", shell_complete=complete_managed)
@click.option("--all", "every", is_flag=True, help="Every stale kernel that you may write.")
@click.option("--force", is_flag=True, help="Also one that is ready, or was edited by hand.")
@change_options
def command(name: str, every: bool, force: bool, test: bool, dry_run: bool) -> Outcome:
    """Make a stale kernel anew from its recipe, as that is now, and from the modules, image or
    environment as they are now.

    What was given at install (variables, binds, a packages dir, Slurm options) stays.
    """
    from ..site import load_site
    from ..specs.lookup import find_kernel

    if bool(name) == every:
        raise UsageError("Say which kernel.", hint="Give NAME or --all.")
    site = load_site()
    how = {"test": test, "dry_run": dry_run}
    if name:
        return Outcome({"kernels": [_upgrade(find_kernel(name), site, force, how)]})
    found = [_attempt(kernel, site, force, how) for kernel in _stale()]
    return Outcome({"kernels": found}, int(any("error" in each for each in found)))


def _stale() -> list[Installed]:
    import os

    from ..specs.states import list_kernels

    return [
        kernel
        for kernel in list_kernels()
        if kernel.state == "stale" and os.access(kernel.directory.parent, os.W_OK)
    ]


def _attempt(kernel: Installed, site: Site, force: bool, how: dict[str, bool]) -> dict[str, Any]:
    # One that cannot be made anew is no reason to leave the others stale.
    try:
        if not is_json():
            output.note(kernel.name, "bold")
        return _upgrade(kernel, site, force, how)
    except KernelkitError as error:
        return {"name": kernel.name, "error": error.to_dict()}


def _upgrade(kernel: Installed, site: Site, force: bool, how: dict[str, bool]) -> dict[str, Any]:
    from ..specs.changes import check_unedited, options_now, refreshed

    options = options_now(kernel, site)
    if kernel.state == "ready" and not force:
        return {"name": kernel.name, "ready": True}
    if not force:
        check_unedited(kernel)
    return run_change(refreshed(kernel, site), site, options=options, **how)
