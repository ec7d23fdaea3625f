"""The same kernel in a new job with more time: only operators can extend a job that runs.

scontrol(1), TimeLimit: a user may lower the limit of a job, and only an administrator raise it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import msgspec
from jupyter_core.utils import ensure_async

from ..errors import NotPermitted, UsageError
from ..model import Resources
from ..names import printable
from ..slurm.argv import check_resources
from ..slurm.client import Slurm
from ..slurm.inventory_parse import PARTITIONS_ARGV, parse_partitions
from ..slurm.offers import Partition
from ..slurm.parse import parse_duration
from ..slurm.requests import duration_text
from ..slurm.states import Job
from .desk import Desk, desk
from .overview import find_run, known_end
from .provisioner import OPTIONS, SlurmProvisioner
from .records import Run


async def more_time(
    kernel_manager: Any,
    run: str,
    time: str = "",
    *,
    variables: Mapping[str, str] | None = None,
) -> str:
    """Start a run's kernel again in a new job, under its kernel id; that id.

    `kernel_manager` is a server's MultiKernelManager, in whose loop this is called; `run` what
    find_run takes; `time` the new limit as Slurm writes it, twice the present one when empty. The
    kernel's own variables are lost, as in every restart; one that has ended is started with
    `variables` besides this process's environment. Nothing is ended before Slurm has said that it
    would take the new job.

    Raises NotFound and Ambiguous; NotPermitted for a run that another server has, and where the
    partition allows no more; UsageError for a time that is none; SubmitRejected; SlurmUnavailable.
    """
    here = desk()
    found, resources = await here.background.call(_longer(here, run, time))
    kernel_id = found.kernel_id
    if kernel_id in kernel_manager:
        manager = kernel_manager.get_kernel(kernel_id)
        provisioner = manager.provisioner
        if not isinstance(provisioner, SlurmProvisioner) or provisioner.run_id != found.id:
            raise NotPermitted(
                f"The kernel of run `{found.id}` has gone on in another job already.",
                hint="`kernelkit jobs` shows in which.",
            )
        provisioner.ask_for(resources)
        await ensure_async(kernel_manager.restart_kernel(kernel_id))
        return kernel_id
    if known_end(here.runs, found) is None:
        raise NotPermitted(
            f"The run `{found.id}` is not one of this server's.",
            hint=f"`kernelkit attach {found.id}` takes it over, where no server has it.",
        )
    options = {"resources": _all_of(resources), "keep": found.keep, "lease": found.lease}
    environment = {"env": {**os.environ, **variables}} if variables else {}
    started: str = await ensure_async(
        kernel_manager.start_kernel(
            kernel_name=found.kernel_name, kernel_id=kernel_id, cwd=found.cwd,
            **environment, **{OPTIONS: options},
        )
    )  # fmt: skip
    return started


def _all_of(resources: Resources) -> dict[str, Any]:
    """Every key of a request: what it does not have must not come from the kernelspec."""
    return {name: getattr(resources, name) for name in resources.__struct_fields__}


async def _longer(here: Desk, name: str, asked: str) -> tuple[Run, Resources]:
    run = find_run(here.runs, name)
    update = here.watcher.last(run.job_id)
    job = update.job if update else None
    resources = await longer_request(here.slurm, run.resources, job, asked)
    return run, resources


async def longer_request(
    slurm: Slurm, resources: Resources, job: Job | None, asked: str
) -> Resources:
    """A request with more time that Slurm would take now. Raises what `more_time` says."""
    name = (job.partition if job else "") or resources.partition or ""
    partitions = parse_partitions(await slurm.ask(PARTITIONS_ARGV))
    partition = next((p for p in partitions if p.name == name or (not name and p.is_default)), None)
    time = longer_time(_limit(resources, job, partition), partition, asked)
    longer = msgspec.structs.replace(resources, time=time)
    check_resources(longer)
    await slurm.test(longer)
    return longer


def _limit(resources: Resources, job: Job | None, partition: Partition | None) -> int | None:
    if job is not None and job.time_limit is not None:
        return job.time_limit
    if resources.time:
        return parse_duration(resources.time)
    return partition.default_time if partition else None


def longer_time(limit: int | None, partition: Partition | None, asked: str = "") -> str:
    """The new limit, for one of `limit` seconds: what is `asked`, or twice as much, within what
    the partition allows. Raises NotPermitted and UsageError."""
    most = partition.max_time if partition else None
    where = f"partition `{partition.name}`" if partition else "the partition"
    if asked:
        seconds = parse_duration(asked)
        if most is not None and seconds is not None and seconds > most:
            raise NotPermitted(
                f"`{printable(asked)[:40]}` is longer than {where} allows.",
                hint=f"It allows {duration_text(most)}.",
            )
        return asked
    if limit is None:
        raise UsageError(
            "How long the job may run is not known, so neither is what is longer.",
            hint="Say how long, such as `4:00:00`.",
        )
    if most is not None and limit >= most:
        raise NotPermitted(
            f"The kernel has the longest time already that {where} allows, {duration_text(most)}.",
            hint="Start it in another partition.",
        )
    return duration_text(min(2 * limit, most or 2 * limit))
