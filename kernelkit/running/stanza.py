"""What makes a kernelspec one of a Slurm job: its kernel.json's argv and provisioner stanza."""

from __future__ import annotations

import sys
from pathlib import Path

from ..model import JobStanza, Plan, Resources
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
    lease: int | None = None,
) -> JobStanza:
    """The stanza for a resolved kernel; `lease` in seconds, the site's where it is not given.

    Raises NotPermitted where its messages could not be encrypted.
    """
    wire = wire_plan(
        plan.python,
        plan.language,
        own_python=sys.executable,
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
        wire=wire.wire,
        pump=wire.pump,
        loopback=wire.loopback,
        picks_ports=not plan.command,
        env_passthrough=plan.env_passthrough,
    )
    # PYTHONSAFEPATH: a file beside the notebook must not shadow what the launcher imports.
    argv = (
        "/usr/bin/env",
        "PYTHONSAFEPATH=1",
        sys.executable,
        "-m",
        "kernelkit.running.launcher",
    )
    return JobStanza(argv=argv, metadata=render_options(found, portable=portable))


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
