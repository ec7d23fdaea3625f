"""`kernelkit logs`: what a kernel on Slurm and its supervisor said."""

from __future__ import annotations

from typing import Any

import click

from .output import note, print_text, safe_lines, verb


def show_log(data: dict[str, Any]) -> None:
    """Print the log; where it is goes to stderr."""
    note(f"run {data['run']} of {data['kernel']}, job {data['job'] or 'none'}: {data['directory']}")
    if end := data["end"]:
        note(f"ended: {end['words']}. {end['advice']}".rstrip())
    print_text(safe_lines(data["log"]) or "(nothing was said)")


@verb("logs", show=show_log)
@click.argument("name", metavar="RUN|JOB|KERNEL")
def command(name: str) -> dict[str, Any]:
    """Print the end of the log of a kernel on Slurm, also of one that has ended."""
    import msgspec

    from ..running.overview import find_run, known_end
    from .slurm_runs import open_runs

    runs = open_runs()
    run = find_run(runs, name, newest=True)
    return {
        "run": run.id,
        "kernel": run.kernel_name,
        "job": run.job_id,
        "end": msgspec.to_builtins(known_end(runs, run)),
        "directory": str(runs.directory(run.id)),
        "log": runs.read_log(run.id),
    }
