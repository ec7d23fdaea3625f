"""What a server does, as it starts and as it stops, about kernels that need no server."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..site import Site
    from .services import Services


# How long a server that stops waits for kernels that start, and then for what they leave (s).
_START_PATIENCE = 6.0


async def settle(services: Services) -> None:
    """Take up or cancel queued jobs of a server that is gone, as the site's setting says, and
    cancel what was ended already."""
    site = await services.in_thread(lambda: services.site)
    # Most people never had a run, and what follows imports all that runs one.
    if not await services.in_thread(lambda: _may_be_left(site)):
        return
    from ..running.adoption import settle_queued
    from ..running.desk import desk

    await services.in_thread(desk)
    await settle_queued(services.server.kernel_manager, site.left_in_queue)


def _may_be_left(site: Site) -> bool:
    from ..running.overview import open_runs

    phases = {run.phase for run in open_runs(site).listing().runs}
    return "ending" in phases or (bool(phases) and site.left_in_queue != "offer")


async def settle_starts(manager: Any) -> None:
    """Have no kernel that starts, or failed to: each is one of the `manager`'s, or nobody's.

    jupyter_client (8.10) keeps such kernels apart from those that it has, and jupyter_server, which
    is to end them with the others, knows none of that id and gives up: told to stop, it would end
    neither its kernels nor itself.
    """
    pending: dict[str, asyncio.Future[None]] = getattr(manager, "_pending_kernels", {})

    def under_way() -> list[asyncio.Future[None]]:
        return [task for id, task in pending.items() if id not in manager and not task.done()]

    # A connection that is still open may begin another one meanwhile.
    loop = asyncio.get_running_loop()
    end = loop.time() + _START_PATIENCE
    while (late := under_way()) and loop.time() < end:
        await asyncio.wait(late, timeout=end - loop.time())
    if late := under_way():
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=_START_PATIENCE)
    for kernel_id in [id for id in pending if id not in manager]:
        del pending[kernel_id]


async def leave_kept() -> None:
    """Leave the kernels that are to live without a server, before it ends all of its own."""
    if "kernelkit.running.desk" in sys.modules:
        from ..running.adoption import leave_kept as leave

        await leave()
