"""`kernelkit pip`: what a kernel's packages dir adds to its environment."""

from __future__ import annotations

from typing import Any

import click

from ..errors import UsageError
from . import output
from .changing import trial_of
from .json_flag import is_json
from .output import Outcome, verb
from .params import complete_managed
from .progress import StepLines

ACTIONS = ("install", "uninstall", "list", "check", "rollback")


def show_packages(data: dict[str, Any]) -> None:
    """Tell a person what is there, or what was changed."""
    if data["action"] == "list":
        _show_list(data)
    elif data["action"] == "check":
        for problem in data["problems"]:
            output.print_text(output.safe(problem))
        if not data["problems"]:
            output.note("Everything fits.")
    else:
        _show_change(data)


def _show_list(data: dict[str, Any]) -> None:
    if not data["dir"]:
        output.note("This kernel has no packages dir; `install` makes one.")
        return
    output.note(data["dir"], "dim")
    if data["distributions"]:
        rows = [(each["name"], each["version"]) for each in data["distributions"]]
        output.print_table(("Name", "Version"), rows)


def _show_change(data: dict[str, Any]) -> None:
    would = "Would have " if data["dry_run"] else ""
    for each in data["removed"]:
        output.print_text(f"{would}{'r' if would else 'R'}emoved {each['name']} {each['version']}")
    for each in data["installed"]:
        text = f"nstalled {each['name']} {each['version']}"
        output.print_text(f"{would}{'i' if would else 'I'}{text}")
    if not data["installed"] and not data["removed"]:
        output.note("Nothing is to be done: the kernel has it already.")
    elif not data["dry_run"]:
        output.note("Kernels that run see it after a restart.", "dim")
    for line in data["notes"]:
        output.warn(line)


@verb("pip", show=show_packages)
@click.argument("name", shell_complete=complete_managed)
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("packages", nargs=-1, metavar="[PACKAGE…]")
@click.option("--force", is_flag=True, help="Uninstall what others need, too.")
@click.option(
    "--no-test",
    "test",
    is_flag=True,
    default=True,
    flag_value=False,
    help="Do not start a kernel that gets its first packages dir.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")  # fmt: skip
def command(
    name: str, action: str, packages: tuple[str, ...], force: bool, test: bool, dry_run: bool
) -> Outcome:
    """Add Python packages to a kernel without touching what its image, module or environment has.

    pip resolves inside the kernel's own environment; only what is missing there is installed,
    into the kernel's packages dir. A kernel that has none gets one. The packages before a change
    are kept: `rollback` brings them back.

    \b
    kernelkit pip pytorch-2.7.1 install 'scikit-learn>=1.5' tqdm
    kernelkit pip pytorch-2.7.1 list
    kernelkit pip pytorch-2.7.1 rollback
    """
    from ..specs.lookup import find_kernel

    if packages and action not in ("install", "uninstall"):
        raise UsageError(f"`{action}` takes no packages.", hint="Leave them out.")
    found = _ACTIONS[action](
        find_kernel(name), packages, {"force": force, "test": test, "dry_run": dry_run}
    )
    code = int(action == "check" and bool(found["problems"]))
    return Outcome({"name": name, "action": action, "dry_run": dry_run, **found}, code)


def _install(kernel: Any, packages: tuple[str, ...], how: dict[str, bool]) -> dict[str, Any]:
    from ..running.stanza import job_of
    from ..site import load_site
    from ..specs.changes import options_now
    from ..specs.package_changes import install_packages

    site, progress = load_site(), StepLines(quiet=is_json())
    options = options_now(kernel, site)
    trial = trial_of(site, progress, keep_info=options.on_slurm) if how["test"] else None
    job = job_of(options, site, directory=kernel.directory)
    return _plain(
        install_packages(
            kernel, packages, site, progress, job=job, trial=trial, dry_run=how["dry_run"]
        )
    )


def _uninstall(kernel: Any, packages: tuple[str, ...], how: dict[str, bool]) -> dict[str, Any]:
    from ..site import load_site
    from ..specs.package_changes import uninstall_packages

    progress = StepLines(quiet=is_json())
    return _plain(
        uninstall_packages(
            kernel, packages, load_site(), progress, force=how["force"], dry_run=how["dry_run"]
        )
    )


def _list(kernel: Any, packages: tuple[str, ...], how: dict[str, bool]) -> dict[str, Any]:
    from ..specs.package_changes import list_packages

    found = list_packages(kernel)
    return {"dir": found.dir, "distributions": _pairs(found.distributions)}


def _check(kernel: Any, packages: tuple[str, ...], how: dict[str, bool]) -> dict[str, Any]:
    from ..site import load_site
    from ..specs.package_changes import check_packages

    progress = StepLines(quiet=is_json())
    return {"problems": list(check_packages(kernel, load_site(), progress))}


def _rollback(kernel: Any, packages: tuple[str, ...], how: dict[str, bool]) -> dict[str, Any]:
    from ..specs.package_changes import rollback_packages

    return _plain(rollback_packages(kernel, dry_run=how["dry_run"]))


def _plain(change: Any) -> dict[str, Any]:
    return {
        "dir": change.dir,
        "installed": _pairs(change.installed),
        "removed": _pairs(change.removed),
        "notes": list(change.notes),
    }


def _pairs(pairs: Any) -> list[dict[str, str]]:
    return [{"name": name, "version": version} for name, version in pairs]


_ACTIONS = {
    "install": _install,
    "uninstall": _uninstall,
    "list": _list,
    "check": _check,
    "rollback": _rollback,
}
