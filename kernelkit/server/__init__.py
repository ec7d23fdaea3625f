"""The server extension: what the sidebar asks, over REST under `kernelkit/` and server events.

A face, like the command line: results come from the rooms below, and nothing here is known to
them. Loading it must cost a server nothing to speak of, so everything heavy is imported by the
first request that needs it.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Called by jupyter_server."""
    from .extension import KernelkitExtension

    return [{"module": __name__, "app": KernelkitExtension}]
