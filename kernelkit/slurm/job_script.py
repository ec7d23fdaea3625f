"""The job script of a run: a few settings, then supervisor.sh as it is shipped; pure.

Slurm keeps the script where administrators and accounting can read it, so nothing secret is in
it: keys and variables of the run stay in its private directory.
"""

from __future__ import annotations

import ipaddress
import shlex
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ..errors import InvalidName
from ..names import path_text, printable

_FIRST_LINE = "#!/bin/bash -p\n"


@dataclass(frozen=True)
class JobSettings:
    """What the supervisor has to know.

    `run_root` holds the run directories and is seen by the nodes; `job_name` is the directory
    below its `jobs`. `grace` is in seconds, from TERM to KILL; it must be less than the site's
    KillWait (30 s unless changed). `interface` (`ib0`) or `network` (`10.1.0.0/16`) say which of
    a node's addresses kernels listen on; with neither it is what the node's name resolves to, or
    where that is loopback the one by which it speaks to the submitting host.
    `gpu_interval` is the seconds between two looks at what the job's GPUs do; 0 for none.
    """

    run_root: str
    job_name: str
    grace: int = 10
    interface: str = ""
    network: str = ""
    gpu_interval: int = 0


def render_job_script(settings: JobSettings) -> str:
    """The text for sbatch's standard input. Raises InvalidName for a value that cannot be used."""
    network, netmask = _network(settings.network)
    values = {
        "root": path_text(settings.run_root, "run directory"),
        "job_name": settings.job_name,
        "grace": str(settings.grace),
        "interface": settings.interface,
        "network": network,
        "netmask": netmask,
        "gpu_interval": str(max(0, settings.gpu_interval)),
    }
    header = "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    return _FIRST_LINE + header + _supervisor().removeprefix(_FIRST_LINE)


@cache
def _supervisor() -> str:
    return resources.files(__package__).joinpath("supervisor.sh").read_text("utf-8")


def _network(text: str) -> tuple[str, str]:
    """(network, mask) of `10.1.0.0/16` as whole numbers, which bash can compare; empty for none."""
    if not text:
        return "", ""
    try:
        found = ipaddress.IPv4Network(text, strict=False)
    except ValueError as error:
        raise InvalidName(
            f"`{printable(text)[:80]}` is not an IPv4 network.", hint="Write it as `10.1.0.0/16`."
        ) from error
    return str(int(found.network_address)), str(int(found.netmask))
