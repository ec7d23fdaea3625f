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
    """Take up or cancel queued jobs of a server that is gone, as the site's setting says."""
    site = await services.in_thread(lambda: services.site)
    # Most people never had a run, and what follows imports all that runs one.
    if not await services.in_thread(lambda: _any_run(site)):
        return
    from ..running.adoption import settle_queued
    from ..running.desk import desk

    await services.in_thread(desk)
    await settle_queued(services.server.kernel_manager, site.left_in_queue)


def _any_run(site: Site) -> bool:
    from ..running.overview import open_runs

    return bool(open_runs(site).listing().runs)


async def settle_starts(manager: Any) -> None:
    """Have no kernel that starts, or failed to: each is one of the `manager`'s, or nobody's.

    jupyter_client (8.10) keeps such kernels apart from those that it has, and jupyter_server, which
    is to end them with the others, knows none of that id and gives up: told to stop, it would end
    neither its kernels nor itself.
    """
    pending: dict[str, asyncio.Future[None]] = getattr(manager, "_pending_kernels", {})
    starts = {id: task for id, task in pending.items() if id not in manager}
    if late := [task for task in starts.values() if not task.done()]:
        await asyncio.wait(late, timeout=_START_PATIENCE)
    if late := [task for task in late if not task.done()]:
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=_START_PATIENCE)
    for kernel_id in starts:
        if kernel_id not in manager:
            pending.pop(kernel_id, None)


async def leave_kept() -> None:
    """Leave the kernels that are to live without a server, before it ends all of its own."""
    if "kernelkit.running.desk" in sys.modules:
        from ..running.adoption import leave_kept as leave

        await leave()
