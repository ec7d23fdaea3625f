"""Which process cares for a run, and whether it still lives."""

from __future__ import annotations

import os
import secrets
import socket
from functools import cache
from pathlib import Path

from .records import Server


@cache
def this_server() -> Server:
    """This process, as the records name it."""
    started = _started(os.getpid())
    assert started is not None
    return Server(
        host=socket.gethostname(),
        boot=_boot(),
        pid=os.getpid(),
        started=started,
        token=secrets.token_hex(8),
    )


def is_gone(server: Server) -> bool | None:
    """Whether a server's process has ended; None where this host cannot tell."""
    if server.host != socket.gethostname():
        return None
    return server.boot != _boot() or _started(server.pid) != server.started


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _started(pid: int) -> int | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # proc(5): the second field is the name in parentheses, which may hold anything.
    return int(text.rpartition(")")[2].split()[19])
