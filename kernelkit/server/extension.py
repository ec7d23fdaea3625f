"""The extension as jupyter_server sees it: what is done when a server loads it, runs and stops."""

from __future__ import annotations

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp

from . import leftovers, readiness
from .handler import make_handlers
from .services import Services


class KernelkitExtension(ExtensionApp):
    """Made by jupyter_server; has no settings of its own (`kernelkit config` shows the site's)."""

    name = "kernelkit"
    services: Services

    def initialize_handlers(self) -> None:
        """Called once, before the server listens."""
        assert self.serverapp is not None
        self.services = Services(self.serverapp)
        self.services.events.register()
        self.services.hear_of_runs()
        self.handlers.extend(make_handlers(self.services))

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """Called once the server listens."""
        await readiness.prepare(self.services)
        await self.services.watch()
        await leftovers.settle(self.services)

    async def stop_extension(self) -> None:
        """Called before the server ends its kernels."""
        assert self.serverapp is not None
        # Before as well: a kept kernel that still starts is left like any other.
        await leftovers.leave_kept()
        await leftovers.settle_starts(self.serverapp.kernel_manager)
        await leftovers.leave_kept()
        await self.services.close()
