"""What `install` and `create` share: their options, and the way from a Source to a kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from . import output
from .job_options import job_stanza
from .json_flag import is_json
from .progress import StepLines

if TYPE_CHECKING:
    from ..specs.locations import Scope


@dataclass(frozen=True)
class Request:
    """The options of `install` and `create` that are not about layers; `job` those of a job."""

    name: str | None
    scope: Scope | None
    prefix: Path | None
    replace: bool
    test: bool
    dry_run: bool
    quiet: bool
    job: dict[str, Any]

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Request:
        """The request in the values that `target_options` gave a verb."""
        names = ("name", "scope", "prefix", "replace", "test", "dry_run")
        return cls(**{name: options[name] for name in names}, quiet=is_json(), job=options)


def target_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where the kernel goes, and how careful to be."""
    options = [
        click.option("--as", "name", metavar="NAME", help="Kernel name, if not the usual one."),
        click.option("--user", "scope", flag_value="user", help="For you (the default)."),
        click.option(
            "--sys-prefix", "scope", flag_value="sys-prefix", help="For this Python environment."
        ),
        click.option(
            "--project", "scope", flag_value="project", help="Into .kernelkit of this directory."
        ),
        click.option(
            "--prefix",
            type=click.Path(path_type=Path, file_okay=False),
            help="For an installation at PREFIX.",
        ),
        click.option("--replace", is_flag=True, help="Replace a kernel of that name; it is kept."),
        click.option("--no-test", "test", is_flag=True, default=True, flag_value=False,
                     help="Do not start the kernel before it is put in place."),
        click.option("--dry-run", is_flag=True, help="Print both files; write nothing."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def extra_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Layers that go on top of whatever is installed."""
    options = [
        click.option(
            "--packages", metavar="DIR", help="Packages dir (pip --target) for PYTHONPATH."
        ),
        click.option("--set", "variables", multiple=True, metavar="K=V", help="Set a variable."),
        click.option("--bind", "binds", multiple=True, metavar="SRC[:DEST[:ro]]",
                     help="Mount into the container."),
        click.option("--display-name", metavar="TEXT", help="What Jupyter shows."),
        click.option("--language", metavar="NAME", help="Kernel language, if not told by itself."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def with_extras(recipe: Any, extras: dict[str, Any]) -> Any:
    """`recipe` with the extra options put in. Raises UsageError and InvalidName."""
    import msgspec

    from .. import names

    changes: dict[str, Any] = {}
    if extras.get("variables"):
        changes["env"] = {**recipe.env, **dict(map(parse_variable, extras["variables"]))}
    if extras.get("binds"):
        if recipe.container is None:
            raise UsageError(
                "`--bind` is for kernels in a container, and this one is not.",
                hint="Leave it out; host directories are visible as they are.",
            )
        binds = (*recipe.container.binds, *map(names.bind, extras["binds"]))
        changes["container"] = msgspec.structs.replace(recipe.container, binds=binds)
    if extras.get("display_name"):
        changes["display_name"] = names.display_name(extras["display_name"])
    if extras.get("language"):
        changes["language"] = extras["language"].lower()
    return msgspec.structs.replace(recipe, **changes)


def parse_variable(text: str) -> tuple[str, str]:
    """`K=V` as a checked pair. Raises UsageError and InvalidName."""
    from .. import names

    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"`{text}` sets nothing.", hint="Write `--set NAME=VALUE`.")
    return names.env_variable(name), names.env_value(name, value)


def install_source(source: Any, request: Request, packages: str | None) -> dict[str, Any]:
    """Prepare, stage, test and put in place; returns what was done, for `show_installed`."""
    from ..site import load_site
    from ..specs.making import Target, make_kernel, preview_kernel

    site = load_site()
    target = Target(request.name, request.scope, request.prefix, request.replace, packages)
    progress = StepLines(quiet=request.quiet)
    job = job_stanza(request.job, site)
    if request.dry_run:
        made = preview_kernel(source, target, site, progress, job=job)
        files = {"kernel_json": made.prepared.kernel_json, "launch_sh": made.prepared.script}
        return {**describe(made), "dry_run": True, **files}
    trial = _trial(site, progress, request) if request.test else None
    made = make_kernel(source, target, site, progress, job=job, trial=trial)
    tested = {"tested": list(made.tested)} if request.test else {}
    return {**describe(made), **tested, "notices": list(made.notices)}


def _trial(site: Any, progress: StepLines, request: Request) -> Callable[[Path], tuple[str, ...]]:
    def start(directory: Path) -> tuple[str, ...]:
        from ..running.handshake import try_staged

        # What the relay answers for the kernel while its job waits.
        keep_info = bool(request.job["on_slurm"])
        timeout = site.kernel_timeout
        return try_staged(directory, timeout=timeout, keep_info=keep_info, on_step=progress.line)

    return start


def describe(made: Any) -> dict[str, Any]:
    """What an install made, as `--json` prints it."""
    from ..specs.spec import layers

    plan = made.prepared.plan
    return {
        "name": plan.kernel_name,
        "display_name": plan.display_name,
        "identity": plan.identity,
        "language": plan.language,
        "directory": str(made.directory),
        "layers": list(layers(plan)),
        "modules": [m.name for m in plan.modules.loads] if plan.modules else [],
        "python": plan.python.version if plan.python else "",
        "ipykernel": plan.python.ipykernel if plan.python else "",
        "dry_run": False,
    }


def show_installed(result: dict[str, Any]) -> None:
    """Tell a person what was made and how to start it."""
    if result["dry_run"]:
        directory = result["directory"]
        output.note(f"Would write {directory}/kernel.json:", "bold")
        output.print_text(result["kernel_json"].rstrip("\n"))
        output.note(f"Would write {directory}/launch.sh:", "bold")
        output.print_text(result["launch_sh"].rstrip("\n"))
        return
    output.note("")
    output.print_pairs(
        [
            ("Kernel", f"{result['name']} ({result['display_name']})"),
            ("Directory", result["directory"]),
            *(("Layer", layer) for layer in result["layers"]),
        ]
    )
    for notice in result.get("notices", ()):
        output.warn(notice)
    output.note(
        f"\nChoose “{result['display_name']}” in JupyterLab, or run: "
        f"jupyter console --kernel {result['name']}"
    )
