"""`kernelkit extend`: the same kernel in a new job, with more time."""

from __future__ import annotations

from typing import Any

import click

from .output import note, verb


def show_extended(data: dict[str, Any]) -> None:
    """Say what goes on."""
    note(
        f"Kernel {data['kernel']} starts again in a new job, under its id {data['kernel_id']}; its "
        "variables are lost."
    )


@verb("extend", show=show_extended)
@click.argument("name", metavar="RUN|JOB|KERNEL")
@click.option("--time", metavar="TIME", default="", help="The new limit; else twice the old one.")
def command(name: str, time: str) -> dict[str, Any]:
    """Start a kernel on Slurm again in a new job, with more time.

    Slurm lets only administrators extend a job that runs. So the kernel is restarted: its
    notebooks stay connected, its variables are lost. Its Jupyter server does that; nothing is
    ended before Slurm has said that it would take the new job.
    """
    from ..running.overview import find_run
    from .jupyter_servers import ask, server_of
    from .slurm_runs import open_runs

    run = find_run(open_runs(), name)
    body = {"time": time} if time else {}
    answer = ask(server_of(run), "POST", f"jobs/{run.id}/more-time", body=body)
    return {"run": run.id, "kernel": run.kernel_name, "kernel_id": answer["kernel_id"]}
