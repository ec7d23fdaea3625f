"""`--on-slurm` and the request: options of `install` and `create`, and what they put in kernel.json."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError

if TYPE_CHECKING:
    from ..model import JobStanza, Plan, Resources
    from ..site import Site

_TEXTS = {
    "partition": "Partition, or several with commas.",
    "gres": "Generic resources, such as gpu:1.",
    "time": "Time limit: minutes, H:MM:SS or D-HH:MM:SS.",
    "mem": "Memory of each node, such as 16G.",
    "mem_per_cpu": "Memory of each CPU.",
    "mem_per_gpu": "Memory of each GPU.",
    "account": "Account that is charged.",
    "qos": "Quality of service.",
    "constraint": "Features that nodes must have.",
    "reservation": "Reservation to run in.",
}
_NUMBERS = {"cpus": "CPUs of a task.", "nodes": "Nodes.", "ntasks": "Tasks."}
_OF_RUNS = ("portable", "keep", "in_job", "gpus", "idle")
_NAMES = (*_TEXTS, *_NUMBERS, "extra")


def resource_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a Slurm request, as sbatch has them."""
    options = [
        click.option(f"--{name.replace('_', '-')}", name, metavar="TEXT", help=text)
        for name, text in _TEXTS.items()
    ]
    options += [
        click.option(f"--{name}", name, type=click.IntRange(min=1), help=text)
        for name, text in _NUMBERS.items()
    ]
    options.append(
        click.option("--extra", multiple=True, metavar="OPTION", help="Any other sbatch option.")
    )
    for option in reversed(options):
        function = option(function)
    return function


def _positions(context: click.Context, option: click.Parameter, value: str) -> str:
    if value:
        from ..running.records import check_gpus

        check_gpus(value)
    return value


def job_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a kernel that runs in a Slurm job."""
    options = [
        click.option("--portable", is_flag=True, help="Write kernel.json without the provisioner."),
        click.option(
            "--no-check",
            "check",
            is_flag=True,
            default=True,
            flag_value=False,
            help="Do not ask Slurm whether the request can run.",
        ),
        click.option("--keep", is_flag=True, help="Let it live without a server, to its limit."),
        click.option("--in-job", metavar="JOBID", default="", help="Join a job of yours."),
        click.option(
            "--use-gpus",
            "gpus",
            metavar="0,1",
            default="",
            callback=_positions,
            help="Use only these of the job's GPUs, so that several kernels divide them.",
        ),
        click.option(
            "--idle",
            metavar="SECONDS",
            type=click.IntRange(0, 86400),
            default=0,
            help="Keep the job this long after its last kernel, for --in-job.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    on_slurm = click.option("--on-slurm", is_flag=True, help="Run the kernel in a Slurm job.")
    return on_slurm(resource_options(function))


def take_request(known: Resources | None, options: dict[str, Any]) -> Resources:
    """`known` with what the options ask for in its place. Raises InvalidName and UsageError."""
    import msgspec

    from ..model import Resources
    from ..slurm.argv import check_resources

    given = {name: options[name] for name in _NAMES if options.get(name)}
    resources = msgspec.structs.replace(known or Resources(), **given)
    check_resources(resources)
    return resources


def take_resources(recipe: Any, options: dict[str, Any]) -> Any:
    """`recipe` with the request of the options in place of its own values. Raises UsageError."""
    import msgspec

    given = {name: options[name] for name in _NAMES if options.get(name)}
    if not options["on_slurm"]:
        others = {name: options[name] for name in _OF_RUNS}
        others["use-gpus"] = others.pop("gpus")
        others["no-check"] = not options["check"]
        for name in [*given, *(name for name, said in others.items() if said)]:
            raise UsageError(
                f"`--{name.replace('_', '-')}` is for kernels in a Slurm job.",
                hint="Give `--on-slurm` too.",
            )
        return recipe
    return msgspec.structs.replace(recipe, resources=take_request(recipe.resources, options))


def job_stanza(options: dict[str, Any], site: Site) -> Callable[[Plan], JobStanza] | None:
    """What makes the kernel one of a Slurm job; None without `--on-slurm`."""
    if not options["on_slurm"]:
        return None

    def decide(plan: Plan) -> JobStanza:
        from ..running import stanza

        asked = {name: options[name] for name in _OF_RUNS}
        return stanza.job_stanza(plan, site, **asked)

    return decide
