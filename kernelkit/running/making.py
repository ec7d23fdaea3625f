"""A new run on disk: everything that its job will need, before there is one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import KernelkitError
from ..files import explained, private_dir, replace_file, write_file
from ..model import Resources
from ..names import env_value, env_variable, path_text
from ..slurm.scrub import is_poison
from .records import (
    JOB_NAME_PREFIX,
    Run,
    Server,
    Wait,
    check_gpus,
    render_environment,
    render_lease,
    render_run,
    render_seed,
)
from .runs import Runs


def make_run(
    runs: Runs,
    *,
    kernel_name: str,
    kernel_dir: Path,
    kernel_id: str,
    connection: Mapping[str, Any],
    server: Server,
    resources: Resources,
    display_name: str = "",
    cwd: str = "",
    variables: Mapping[str, str] | None = None,
    picks_ports: bool = True,
    lease: int = 900,
    keep: bool = False,
    wait: Wait = "auto",
    gpus: str = "",
    idle: int = 0,
    with_client: bool = False,
) -> Run:
    """Make the directory of a new run, everything in it that its job needs, and its record.

    `connection` is the manager's connection information (key, scheme, kernel name, Curve
    keys); `variables` are what the kernel is to find in its environment. `gpus` are positions
    among the GPUs of the allocation, such as `0,1`; empty for all. Raises KernelkitError, and
    leaves nothing then.
    """
    check_gpus(gpus)
    content = {
        "launch.sh": (kernel_dir / "launch.sh").read_bytes(),
        "seed.json": render_seed(connection, picks_ports=picks_ports),
        "cwd": path_text(cwd or str(Path.home()), "directory").encode(errors="surrogateescape"),
        "environment": render_environment(_checked(variables or {})),
        "lease": render_lease(lease, time.time_ns()),
        "log": b"",
        # There from the start: NFS remembers for up to a minute that a file is absent.
        "status": b"",
        "requests": b"",
    }
    if gpus:
        content["gpus"] = gpus.encode()
    if keep:
        content["keep"] = b""
    private_dir(runs.root)
    run_id = secrets.token_hex(6)
    run = Run(
        id=run_id,
        kernel_name=kernel_name,
        kernel_dir=str(kernel_dir),
        kernel_id=kernel_id,
        job_name=JOB_NAME_PREFIX + run_id,
        created=time.time(),
        server=server,
        display_name=display_name,
        resources=resources,
        cwd=cwd,
        session=_session(variables or {}),
        lease=lease,
        keep=keep,
        wait=wait,
        gpus=gpus,
        idle=idle,
        with_client=with_client,
    )
    directory = private_dir(runs.directory(run_id))
    try:
        with explained(directory, "Making a run"):
            for name, data in content.items():
                mode = 0o700 if name == "launch.sh" else 0o600
                # Without its keys a kernel that outlives this host could not be adopted.
                write_file(directory / name, data, mode, flush=name == "seed.json")
        replace_file(directory / "run.json", render_run(run), 0o600)
    except KernelkitError:
        runs.remove(run_id)
        raise
    return run


def _session(variables: Mapping[str, str]) -> str:
    """Jupyter's name for the session, as far as a record holds it: a path in another encoding is no
    text, and no front end could open it."""
    name = variables.get("JPY_SESSION_NAME", "")
    return name if name.isprintable() else ""


def _checked(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables that the kernel may get: never one that steers Slurm, the shell or the loader."""
    return {
        env_variable(name): env_value(name, value)
        for name, value in variables.items()
        if not is_poison(name)
    }
