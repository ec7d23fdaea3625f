"""The server extension: what the sidebar asks, over REST under `kernelkit/` and server events.

A face, like the command line: results come from the rooms below, and nothing here is known to
them. Loading it must cost a server nothing to speak of, so everything heavy is imported by the
first request that needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Called by jupyter_server, which finds it by `kernelkit._jupyter_server_extension_points`."""
    from .handler import make_handlers
    from .services import Services

    services = Services(server)
    services.events.register()
    server.web_app.settings["kernelkit"] = services
    handlers = make_handlers(server.web_app.settings["base_url"], services)
    server.web_app.add_handlers(".*$", handlers)  # type: ignore[no-untyped-call]
