"""What this machine is: software that is here, and what its cluster offers."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from .. import __version__
from ..errors import KernelkitError
from ..slurm.offers import Inventory
from .answers import Query, Status

if TYPE_CHECKING:
    from ..site import Site
    from .services import Services


class InventoryQuery(Query, frozen=True):
    """`refresh` asks Slurm anew."""

    refresh: bool = False


class Offered(Inventory, frozen=True, kw_only=True):
    """What the cluster offers, and `now`, the time of this answer by the clock of `taken`: that of
    a browser may be another."""

    now: float


def tell_status(services: Services) -> Status:
    """What is here, and whether this user begins."""
    from ..specs.locations import roots

    problems: list[str] = []
    try:
        site = services.site
    except KernelkitError as error:
        return _status(None, None, problems=[f"{error.message} {error.hint}"], first_run=False)
    # A kernel of kernelkit's has a record; to read every kernelspec for this would take long.
    first_run = not any(any((root / "kernelkit/records").glob("*.json")) for root in roots())
    return _status(_module_system(site, problems), site, problems=problems, first_run=first_run)


def _status(
    system: str | None, site: Site | None, *, problems: list[str], first_run: bool
) -> Status:
    runtime = Path(site.container_runtime).name if site and site.container_runtime else None
    return Status(
        version=__version__,
        slurm=shutil.which("sbatch") is not None and shutil.which("squeue") is not None,
        module_system=system,
        runtime=runtime,
        first_run=first_run,
        problems=tuple(problems),
    )


def _module_system(site: Site, problems: list[str]) -> str | None:
    if site.module_system == "none":
        return None
    if site.module_system != "auto":
        return str(site.module_system)
    from ..environment.modules import module_backend_or_none

    try:
        backend = module_backend_or_none(site)
    except KernelkitError as error:
        problems.append(f"{error.message} {error.hint}")
        return None
    return backend.kind if backend else None


def ask_inventory() -> Inventory:
    """What the cluster offers, asked now; blocks the calling thread for some seconds."""
    from ..running.desk import desk
    from ..slurm.inventory import load_inventory

    at = desk()
    return at.background.wait_for(load_inventory(at.slurm))


def tell_inventory(services: Services, query: InventoryQuery) -> Offered:
    """Partitions, nodes, GPUs, accounts, QOS and reservations of this user; minutes old at most."""
    found = services.inventory.get(refresh=query.refresh)
    return Offered(**msgspec.structs.asdict(found), now=time.time())
