"""What a Slurm kernelspec says about its runs: the provisioner's config, checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from ..errors import RecipeError, UsageError
from ..files import read_regular
from ..model import PORTABLE_KEY as PORTABLE_KEY
from ..model import PROVISIONER_NAME as PROVISIONER_NAME
from ..model import Resources
from ..names import printable
from ..slurm.argv import check_resources
from .records import Run, Wait, check_gpus
from .wire import Wire

KERNEL_INFO_FILE = "kernel_info.json"
_INFO_LIMIT = 1 << 20


class RunOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`metadata.kernel_provisioner.config` of a kernel.json.

    `lease` is in seconds; `keep` lets a kernel live without a server until its time limit;
    `in_job` joins a job instead of submitting one, `gpus` are positions among that job's GPUs,
    `idle` how many seconds the job stays after its last kernel. `wire`, `pump` and `loopback` are
    those of wire.WirePlan.
    """

    resources: Resources = Resources()
    wait: Wait = "auto"
    lease: Annotated[int, Meta(ge=30)] = 900
    keep: bool = False
    in_job: str = ""
    gpus: str = ""
    idle: Annotated[int, Meta(ge=0, le=86400)] = 0
    wire: Wire = "curve"
    pump: str = ""
    loopback: bool = False
    picks_ports: bool = True
    env_passthrough: tuple[str, ...] = ()


def parse_options(kernel_spec: Any) -> RunOptions:
    """The options of a jupyter_client KernelSpec.

    jupyter_client accepts unknown keys without a word; a mistyped one would be a request that
    silently is not made. Raises RecipeError.
    """
    stanza = kernel_spec.metadata.get("kernel_provisioner") or {}
    config = stanza.get("config") or kernel_spec.metadata.get(PORTABLE_KEY) or {}
    try:
        return msgspec.convert(config, RunOptions)
    except msgspec.ValidationError as error:
        raise RecipeError(
            f"`{kernel_spec.resource_dir}/kernel.json` has a provisioner config that cannot be "
            f"used: {error}.",
            hint="Install the kernel again.",
        ) from error


# What one launch may ask for in place of its kernelspec: nothing that decides who can listen.
_AT_LAUNCH = frozenset({"resources", "wait", "lease", "keep", "in_job", "gpus", "idle"})


def launch_options(options: RunOptions, given: Mapping[str, Any]) -> RunOptions:
    """`options` with what a single launch asks for, the `kernelkit_options` of start_kernel.

    Of `resources` only the given keys change; one that is None is not asked for at all. Raises
    UsageError and InvalidName.
    """
    if unknown := sorted(set(given) - _AT_LAUNCH):
        raise UsageError(
            f"A launch has no option `{printable(unknown[0])[:40]}`.",
            hint=f"There are {', '.join(sorted(_AT_LAUNCH))}.",
        )
    config = {**msgspec.to_builtins(options), **given}
    if isinstance(changes := given.get("resources", {}), Mapping):
        asked = {**msgspec.to_builtins(options.resources), **changes}
        config["resources"] = {name: value for name, value in asked.items() if value is not None}
    try:
        found = msgspec.convert(config, RunOptions)
    except msgspec.ValidationError as error:
        raise UsageError(f"The options of this launch cannot be used: {error}.") from error
    check_resources(found.resources)
    check_gpus(found.gpus)
    return found


def options_of_run(options: RunOptions, run: Run) -> RunOptions:
    """`options` as a run was started with: what it would be started with again."""
    return msgspec.structs.replace(
        options,
        resources=run.resources, wait=run.wait, lease=run.lease, keep=run.keep, gpus=run.gpus,
        idle=run.idle,
    )  # fmt: skip


def render_options(options: RunOptions, *, portable: bool = False) -> dict[str, Any]:
    """What kernel.json's `metadata` says of the run; `portable` for front ends that know no
    provisioner, which all run its argv then."""
    config: dict[str, Any] = msgspec.to_builtins(options)
    if portable:
        return {PORTABLE_KEY: config}
    return {"kernel_provisioner": {"provisioner_name": PROVISIONER_NAME, "config": config}}


# What kernels say of their language, as ipykernel 7, IRkernel 1.3, bash_kernel 0.10 and IJulia 1.26
# do; front ends choose the highlighting by it, and nbconvert the ending of files.
_LANGUAGES: dict[str, dict[str, Any]] = {
    "python": {
        "name": "python", "mimetype": "text/x-python", "file_extension": ".py",
        "codemirror_mode": {"name": "ipython", "version": 3}, "pygments_lexer": "ipython3",
        "nbconvert_exporter": "python",
    },
    "r": {
        "name": "R", "mimetype": "text/x-r-source", "file_extension": ".r",
        "codemirror_mode": "r", "pygments_lexer": "r",
    },
    "bash": {
        "name": "bash", "mimetype": "text/x-sh", "file_extension": ".sh",
        "codemirror_mode": "shell",
    },
    "julia": {
        "name": "julia", "mimetype": "application/julia", "file_extension": ".jl",
        "codemirror_mode": "julia",
    },
}  # fmt: skip


def kernel_info_of(directory: Path, language: str) -> dict[str, Any]:
    """What a kernel that waits answers to kernel_info_request: the reply kept at install, or
    what is known of `language`, where the kernel was not tested then."""
    try:
        found = json.loads(read_regular(directory / KERNEL_INFO_FILE, _INFO_LIMIT))
        if isinstance(found, dict) and "protocol_version" in found:
            return found
    except (OSError, ValueError):
        pass
    unknown = {"name": language, "mimetype": "text/plain", "file_extension": ".txt"}
    return {
        "protocol_version": "5.3",
        "implementation": "kernelkit",
        "implementation_version": "0",
        "language_info": {"version": "", **_LANGUAGES.get(language.lower(), unknown)},
        "banner": "",
        "help_links": [],
    }
