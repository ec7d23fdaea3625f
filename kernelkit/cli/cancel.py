"""`kernelkit cancel`: end kernels on Slurm, and with the last one of a job that job."""

from __future__ import annotations

from typing import Any

import click

from .output import note, verb


def show_cancelled(data: dict[str, Any]) -> None:
    """Say what was ended."""
    for run in data["cancelled"]:
        note(f"Ended run {run['run']} of {run['kernel']} (job {run['job'] or 'none'}).")
    for job in data["jobs"]:
        note(f"Cancelled job {job}.")
    if not data["cancelled"] and not data["jobs"]:
        note("Nothing to end.")


@verb("cancel", show=show_cancelled)
@click.argument("names", nargs=-1, metavar="RUN|JOB|KERNEL…")
@click.option("--orphans", "left_behind", is_flag=True, help="All that no server cares for.")
def command(names: tuple[str, ...], left_behind: bool) -> dict[str, Any]:
    """End kernels that run or wait in Slurm jobs; their jobs end with them."""
    from ..errors import UsageError
    from ..running.overview import find_run, is_job_alone, stray_job
    from .slurm_runs import ask_queue, open_runs, orphans, wait_for

    if not names and not left_behind:
        raise UsageError("Nothing is named.", hint="Give a run, a job id, or `--orphans`.")
    runs = open_runs()
    stray: list[str] = []
    chosen = []
    if left_behind:
        left = orphans(runs, ask_queue())
        chosen += [*left.abandoned, *left.jobless]
        stray = [job.id for job in left.runless]
    for name in names:
        if is_job_alone(runs, name):
            stray.append(stray_job(ask_queue(), name).id)
        else:
            chosen.append(find_run(runs, name))
    wait_for(_end(runs, chosen, stray))
    told = [{"run": run.id, "kernel": run.kernel_name, "job": run.job_id} for run in chosen]
    return {"cancelled": told, "jobs": stray}


async def _end(runs: Any, chosen: list[Any], stray: list[str]) -> None:
    from ..running.control import JobControl
    from ..slurm.client import Slurm

    control = JobControl(Slurm(), runs)
    for run in chosen:
        await control.end(run.id, reason="it was cancelled by `kernelkit cancel`")
    await control.slurm.cancel(stray)
