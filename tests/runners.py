"""Layer runners for tests: the host itself, or one `apptainer exec`, and nothing else between."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kernelkit.environment.layers import LayerRunner
from kernelkit.proc import Completed, run


def host_runner(cwd: Path | None = None, **variables: str) -> LayerRunner:
    """Runs argv as it is, in this process's environment and `variables`."""
    return _runner((), cwd, variables)


def apptainer_runner(
    apptainer: Path, image: Path, *options: str, cwd: Path | None = None, **variables: str
) -> LayerRunner:
    """Runs argv in `image`."""
    return _runner((str(apptainer), "exec", *options, str(image)), cwd, variables)


def _runner(before: Sequence[str], cwd: Path | None, variables: Mapping[str, str]) -> LayerRunner:
    def runner(argv: Sequence[str], *, input: str = "", timeout: float = 120.0) -> Completed:
        env = {**os.environ, **variables}
        return run([*before, *argv], input=input, timeout=timeout, env=env, cwd=cwd)

    return runner
