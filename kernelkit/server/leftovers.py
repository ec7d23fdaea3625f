"""What a server does, as it starts and as it stops, about kernels that need no server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..site import Site
    from .services import Services


async def settle(services: Services) -> None:
    """Take up or cancel queued jobs of a server that is gone, as the site's setting says."""
    site = await services.in_thread(lambda: services.site)
    # Most people never had a run, and what follows imports all that runs one.
    if site.left_in_queue == "offer" or not await services.in_thread(lambda: _any_run(site)):
        return
    from ..running.adoption import settle_queued
    from ..running.desk import desk

    await services.in_thread(desk)
    await settle_queued(services.server.kernel_manager, site.left_in_queue)


def _any_run(site: Site) -> bool:
    from ..running.overview import open_runs

    return bool(open_runs(site).listing().runs)


async def leave_kept() -> None:
    """Leave the kernels that are to live without a server, before it ends all of its own."""
    if "kernelkit.running.desk" in sys.modules:
        from ..running.adoption import leave_kept as leave

        await leave()
