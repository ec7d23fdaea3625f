"""`kernelkit attach`: a kernel that a former server left goes to another one, or to this terminal."""

from __future__ import annotations

import sys
from typing import Any

import click

from .json_flag import is_json
from .output import note, print_text, verb


def show_attached(data: dict[str, Any]) -> None:
    """Say where the kernel is now."""
    if "server" in data:
        note(f"Kernel {data['kernel_name']} is one of the server at {data['server']} again:")
        print_text(data["kernel_id"])


@verb("attach", show=show_attached)
@click.argument("name", metavar="RUN|JOB|KERNEL-ID")
@click.option("--server", "url", metavar="URL", default="", help="Which of your Jupyter servers.")
@click.option("--here", is_flag=True, help="Give it to this terminal, not to a server.")
def command(name: str, url: str, here: bool) -> dict[str, Any]:
    """Take over a kernel on Slurm that its server has left, with its variables.

    It goes to your running Jupyter server under its old kernel id. Where none runs, or with
    --here, this process cares for it and prints a connection file for
    `jupyter console --existing FILE`; with --json the command that does so is printed.
    """
    from ..errors import UsageError
    from ..proc import exec_replace
    from ..running.overview import find_run
    from .jupyter_servers import ask, find_server
    from .slurm_runs import open_runs

    if url and here:
        raise UsageError("`--server` and `--here` exclude each other.", hint="Give one of them.")
    run = find_run(open_runs(), name)
    server = None if here else find_server(url)
    if server is not None:
        return {**ask(server, "POST", f"jobs/{run.id}/attach"), "server": server["url"]}
    # PYTHONSAFEPATH: what lies in this directory must not shadow what is imported.
    python = ["/usr/bin/env", "PYTHONSAFEPATH=1", sys.executable]
    argv = [*python, "-m", "kernelkit.running.terminal", run.id]
    if not is_json():
        exec_replace(argv)
    return {"argv": argv}
