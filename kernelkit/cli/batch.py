"""`kernelkit batch`: a script in a kernel's environment and resources, as a Slurm batch job."""

from __future__ import annotations

import secrets
import shlex
from pathlib import Path
from typing import Any

import click

from .job_options import resource_options, take_request
from .output import note, print_text, verb
from .run import launcher


def render_batch(launch: Path, words: tuple[str, ...]) -> str:
    """The job script: launch.sh with the command, nothing else. Raises InvalidName for a NUL."""
    from ..names import env_value

    quoted = " ".join(shlex.quote(env_value("command", word)) for word in words)
    return (
        "#!/bin/bash\n"
        "# The environment of a kernel, without Jupyter; `kernelkit show` explains it.\n"
        f"exec /bin/bash {shlex.quote(str(launch))} --run {quoted}\n"
    )


def show_batch(data: dict[str, Any]) -> None:
    """Print the script, or the id of the job."""
    if data["job"]:
        note(f"Submitted job {data['job']}; its output goes to {data['output']}.")
        print_text(data["job"])
        return
    note("Would run: " + shlex.join(data["command"]))
    print_text(data["script"].rstrip("\n"))


@verb("batch", show=show_batch, context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("script", metavar="SCRIPT|COMMAND")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS…]")
@click.option("--print", "only_print", is_flag=True, help="Print the job script; submit nothing.")
@click.option("--output", metavar="FILE", help="The job's output; default: JOBNAME.out here.")
@resource_options
def command(
    name: str,
    script: str,
    words: tuple[str, ...],
    only_print: bool,
    output: str | None,
    **options: Any,
) -> dict[str, Any]:
    """Submit SCRIPT to Slurm in the environment and with the resources of the kernel NAME.

    \b
    kernelkit batch pytorch-2.7.1 train.py --epochs 3
    kernelkit batch pytorch-2.7.1 --time 8:00:00 papermill in.ipynb out.ipynb

    A .py, .R, .jl or .sh file is run by its language; anything else is a command. Options of
    the request come before SCRIPT's own arguments.
    """
    from ..running.stanza import job_options_of
    from ..slurm.argv import submit_argv
    from ..specs.lookup import find_kernel
    from .slurm_runs import wait_for

    launch = launcher(name)
    kernel = find_kernel(name)
    # A start goes by this too; without it there is only what the recipe asked for.
    job_options = job_options_of(kernel.directory)
    installed = kernel.metadata.resources if kernel.metadata else None
    resources = take_request(job_options.resources if job_options else installed, options)
    text = render_batch(launch, _command(script, words))
    # A name of its own, so that the job is found again when sbatch's answer gets lost.
    job_name = f"{kernel.name}-{secrets.token_hex(3)}"
    log = str(Path.cwd() / (output or f"{job_name}.out"))
    argv = submit_argv(resources, job_name=job_name, log=log, directory=str(Path.cwd()))
    job = "" if only_print else wait_for(_submit(resources, text, job_name, log))
    return {"job": job, "script": text, "command": argv, "output": log}


async def _submit(resources: Any, text: str, job_name: str, log: str) -> str:
    from ..slurm.client import Slurm

    directory = str(Path.cwd())
    return await Slurm().submit(resources, text, job_name=job_name, log=log, directory=directory)


_RUNNERS = {".py": "python", ".R": "Rscript", ".r": "Rscript", ".jl": "julia", ".sh": "bash"}


def _command(script: str, words: tuple[str, ...]) -> tuple[str, ...]:
    path = Path(script)
    runner = _RUNNERS.get(path.suffix) if path.is_file() else None
    return (runner, script, *words) if runner else (script, *words)
