"""What makes a kernelspec one of a Slurm job: its kernel.json's argv and provisioner stanza."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from ..model import InstallOptions, JobStanza, Plan, Resources
from ..site import Site
from .options import PORTABLE_KEY, PROVISIONER_NAME, RunOptions, parse_options, render_options
from .wire import wire_plan


def job_stanza(
    plan: Plan,
    site: Site,
    *,
    portable: bool = False,
    keep: bool = False,
    in_job: str = "",
    gpus: str = "",
    idle: int = 0,
    lease: int | None = None,
    known: RunOptions | None = None,
) -> JobStanza:
    """The stanza for a resolved kernel; `lease` and `idle` in seconds, the site's lease where it is
    not given.

    What only a hand-written config says (`wait`) is taken from `known`. Raises NotPermitted where
    its messages could not be encrypted.
    """
    wire = wire_plan(
        plan.python,
        plan.language,
        own_python=site.node_python,
        ipykernel=plan.ipykernel,
        ours=not plan.command,
        allow_plain=site.allow_plain,
    )
    found = RunOptions(
        resources=plan.resources or Resources(),
        lease=site.lease if lease is None else lease,
        keep=keep,
        in_job=in_job,
        gpus=gpus,
        idle=idle,
        wire=wire.wire,
        pump=wire.pump,
        loopback=wire.loopback,
        picks_ports=not plan.command,
        env_passthrough=plan.env_passthrough,
    )
    if known:
        found = msgspec.structs.replace(found, wait=known.wait)
    # PYTHONSAFEPATH: a file beside the notebook must not shadow what the launcher imports.
    argv = (
        "/usr/bin/env",
        "PYTHONSAFEPATH=1",
        sys.executable,
        "-m",
        "kernelkit.running.launcher",
    )
    notices = (wire.words,) if wire.warning else ()
    return JobStanza(argv=argv, metadata=render_options(found, portable=portable), notices=notices)


def job_of(
    options: InstallOptions, site: Site, *, directory: Path | None = None
) -> Callable[[Plan], JobStanza] | None:
    """What makes a kernel with `options` one of a Slurm job; None where they say no job.

    `directory` is that of the kernel that is changed. Raises RecipeError for a config in it that
    cannot be used.
    """
    if not options.on_slurm:
        return None
    known = job_options_of(directory) if directory else None

    def decide(plan: Plan) -> JobStanza:
        return job_stanza(
            plan,
            site,
            portable=options.portable,
            keep=options.keep,
            in_job=options.in_job,
            gpus=options.gpus,
            idle=options.idle,
            lease=options.lease,
            known=known,
        )

    return decide


def job_options_of(directory: Path) -> RunOptions | None:
    """How a kernelspec's jobs are made; None for a kernel that runs where its server does.

    Raises RecipeError for a config that cannot be used.
    """
    from jupyter_client.kernelspec import KernelSpec

    spec = KernelSpec.from_resource_dir(str(directory))
    provisioner = spec.metadata.get("kernel_provisioner") or {}
    if provisioner.get("provisioner_name") == PROVISIONER_NAME or PORTABLE_KEY in spec.metadata:
        return parse_options(spec)
    return None
