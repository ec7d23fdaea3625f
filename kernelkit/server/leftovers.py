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


def forget_failed_starts(services: Services) -> None:
    """Forget the kernels that failed to start.

    jupyter_client (8.10) keeps them among those that start, and jupyter_server, which is to end
    them with the others, knows none of that id and gives up: told to stop, it would end neither
    its kernels nor itself.
    """
    manager = services.server.kernel_manager
    pending = getattr(manager, "_pending_kernels", {})
    for kernel_id in [id for id, task in pending.items() if task.done() and id not in manager]:
        del pending[kernel_id]


async def leave_kept() -> None:
    """Leave the kernels that are to live without a server, before it ends all of its own."""
    if "kernelkit.running.desk" in sys.modules:
        from ..running.adoption import leave_kept as leave

        await leave()
