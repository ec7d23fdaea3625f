"""Why a kernel's address cannot be reached from this host, in words."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

# Seconds: a host in the same site answers or refuses within a few of its round trips.
_PATIENCE = 2.0


async def obstacle(connection: Mapping[str, Any]) -> str:
    """What stands between this host and the kernel's shell port; empty when it can be connected to.

    `connection` has `ip` and `shell_port`. Nothing is sent.
    """
    ip, port = str(connection["ip"]), int(connection["shell_port"])
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(ip, port), _PATIENCE)
    except asyncio.TimeoutError:
        why = "no answer, as behind a firewall or in another network"
    except ConnectionRefusedError:
        why = "connection refused, nobody listens there"
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
    else:
        writer.close()
        return ""
    return f"`{ip}`, port {port}: {why}"
