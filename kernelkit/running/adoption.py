"""What a server does for runs that a former one left: finds them, and takes their kernels over.

A running kernel is offered, never taken unasked: its lease decides when nobody comes. A queued
job would start with nobody to look after it, so a new server settles those as it starts.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any, Literal

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_core.utils import ensure_async

from ..errors import NotFound, NotPermitted
from ..slurm.client import QueueAnswer
from .desk import Desk, desk
from .options import PROVISIONER_NAME
from .orphans import find_orphans, is_abandoned
from .provisioner import ATTACH
from .records import Run
from .runs import Runs

log = logging.getLogger(__name__)

WhatIsQueued = Literal["attach", "offer", "cancel"]

# Runs that are being attached here: a second request for one must not come as far as a manager,
# which would write over the first one's connection file.
_under_way: set[str] = set()


def attachable(runs: Runs, answer: QueueAnswer) -> list[Run]:
    """The runs that `attach` would take, by what Slurm says of their jobs, oldest first."""
    found = find_orphans(runs, answer.jobs, complete=answer.complete).abandoned
    return [run for run in found if run.phase != "ending" and not _has_ended(runs, run)]


def _has_ended(runs: Runs, run: Run) -> bool:
    status = runs.read_status(run.id)
    return status is not None and status.phase == "ended"


async def attach(
    kernel_manager: Any, run_id: str, *, variables: Mapping[str, str] | None = None
) -> str:
    """Give a run's kernel to a server's MultiKernelManager, under its old kernel id; that id.

    The job is not touched: a kernel that runs keeps its variables, a queued one its place.
    `variables` are what a later job of it gets, besides this process's. Called in the server's
    loop. Raises NotFound for a run or a kernelspec that is not there, NotPermitted for a run that a
    server has already, KernelFailed for one that has ended, and SlurmUnavailable where its job
    cannot be found just now.
    """
    here = desk()
    run = await here.background.call(_load(here, run_id))
    if run.id in _under_way or run.kernel_id in kernel_manager:
        raise NotPermitted(
            f"This server has kernel `{run.kernel_id}` already.", hint="Use it as it is."
        )
    here.control.check_free(run)
    _check_kernelspec(kernel_manager, run)
    _under_way.add(run.id)
    try:
        options: dict[str, Any] = {
            "kernel_name": run.kernel_name,
            "kernel_id": run.kernel_id,
            ATTACH: run.id,
        }
        if variables:
            options["env"] = {**os.environ, **variables}
        await ensure_async(kernel_manager.start_kernel(**options))
    finally:
        _under_way.discard(run.id)
    return run.kernel_id


async def _load(here: Desk, run_id: str) -> Run:
    return here.runs.load(run_id)


def _check_kernelspec(kernel_manager: Any, run: Run) -> None:
    """A manager starts by a kernelspec, also what is not to be started any more."""
    here = f"`kernelkit attach {run.id} --here` gives you the kernel in a terminal."
    specs = kernel_manager.kernel_spec_manager or KernelSpecManager(parent=kernel_manager)
    try:
        spec = specs.get_kernel_spec(run.kernel_name)
    except NoSuchKernel:
        raise NotFound(
            f"The kernelspec `{run.kernel_name}` of run `{run.id}` is gone, and without one no "
            "server can have its kernel.",
            hint=f"Install it again, or: {here}",
        ) from None
    stanza = spec.metadata.get("kernel_provisioner") or {}
    if stanza.get("provisioner_name") != PROVISIONER_NAME:
        raise NotPermitted(
            f"The kernelspec `{run.kernel_name}` is not one of kernelkit's for Slurm any more.",
            hint=here,
        )


async def settle_queued(kernel_manager: Any, what: WhatIsQueued) -> list[str]:
    """What a server does at its start about queued jobs that nobody cares for; their run ids.

    `what` is the site's setting; what no server had is cancelled, where it says `attach`, and what
    somebody had ended already whatever it says. What cannot be settled is logged, and left to be
    offered.
    """
    here = desk()
    settled: list[str] = []
    for run in await here.background.call(_waiting(here, what)):
        try:
            if what == "attach" and not run.with_client and run.phase != "ending":
                await attach(kernel_manager, run.id)
            else:
                reason = "its server was gone while its job waited"
                await here.background.call(here.control.end(run.id, reason=reason))
            settled.append(run.id)
        except Exception as error:  # noqa: BLE001 - a server starts, whatever was left
            log.warning("The queued run %s is left as it is: %s", run.id, error)
    return settled


async def _waiting(here: Desk, what: WhatIsQueued) -> list[Run]:
    """Runs to be settled whose jobs wait. Slurm is asked only if there may be any."""
    if not any(_may_wait(here.runs, run, what) for run in here.runs.listing().runs):
        return []
    answer = await here.slurm.queue()
    waiting = {job.name for job in answer.jobs.values() if job.phase == "pending"}
    left = find_orphans(here.runs, answer.jobs, complete=answer.complete).abandoned
    return [run for run in left if run.job_name in waiting and _may_wait(here.runs, run, what)]


def _may_wait(runs: Runs, run: Run, what: WhatIsQueued) -> bool:
    if run.phase == "ended" or runs.read_status(run.id) is not None:
        return False
    return (what != "offer" or run.phase == "ending") and is_abandoned(runs, run)


async def leave_kept() -> None:
    """Before a server ends all its kernels: leave those that are to live without one."""
    await desk().leave_kept()
