"""`kernelkit run`: any command in a kernel's environment, without Jupyter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .json_flag import is_json
from .output import Outcome, verb, warn

_LONGEST = 7 * 24 * 3600.0  # seconds; only bounds a command whose output is collected


def launcher(name: str) -> Path:
    """launch.sh of a kernel that kernelkit made. Raises NotFound, Unmanaged and EnvironmentBroken."""
    from ..errors import EnvironmentBroken, Unmanaged
    from ..specs.lookup import find_kernel

    kernel = find_kernel(name)
    if kernel.metadata is None:
        raise Unmanaged(
            f"`{kernel.name}` was not made by kernelkit, so its environment is not known.",
            hint=f"Wrap it: `kernelkit install {kernel.name}`.",
        )
    if kernel.state == "broken":
        raise EnvironmentBroken(
            f"`{kernel.name}` cannot start: {'; '.join(kernel.reasons)}.",
            hint="Install it again with `--replace`.",
        )
    if kernel.state == "stale" and not is_json():
        warn(f"`{kernel.name}` is stale: {'; '.join(kernel.reasons)}")
    return kernel.directory / "launch.sh"


@verb("run", show=lambda data: None, context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] COMMAND…")
def command(name: str, words: tuple[str, ...]) -> Any:
    """Run COMMAND in the environment of the kernel NAME; its exit code is ours.

    \b
    kernelkit run pytorch-2.7.1 -- python train.py --epochs 3

    With --json the output is collected and printed with the exit code.
    """
    from ..proc import exec_replace, run

    argv = ["/bin/bash", "-p", str(launcher(name)), "--run", *words]
    if not is_json():
        exec_replace(argv)
    done = run(argv, timeout=_LONGEST)
    found = {"returncode": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
    return Outcome(found, done.returncode)
