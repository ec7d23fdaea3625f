"""Where a manager finds the relay: ipc sockets in a private directory of this user's."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from .relay.endpoints import CHANNELS, local_connection


class LocalSockets:
    """The directory of one relay's sockets, from before it starts until after it has stopped.

    A manager removes the ipc files that it knows of at every restart; here these are links, made
    again each time, to the sockets that stay.
    """

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="kk-", dir=_short_runtime_dir()))

    def of_manager(self, key: str, scheme: str) -> dict[str, Any]:
        """Connection information of the links, which are there from now on."""
        for number in range(1, len(CHANNELS) + 1):
            link = self.directory / f"k-{number}"
            if not link.is_symlink():
                link.symlink_to(f"s-{number}")
        return local_connection(self.directory, key, scheme)

    def of_relay(self, key: str, scheme: str) -> dict[str, Any]:
        """Connection information of the sockets themselves, for the relay to bind."""
        return {**local_connection(self.directory, key, scheme), "ip": str(self.directory / "s")}

    def remove(self) -> None:
        """Remove them all."""
        shutil.rmtree(self.directory, ignore_errors=True)


def _short_runtime_dir() -> str:
    """A directory of this user's on a local disk, with a short path: a socket's is limited."""
    for directory in (os.environ.get("XDG_RUNTIME_DIR"), "/tmp"):  # noqa: S108 - made 0700 below it
        if directory and os.access(directory, os.W_OK) and len(directory) < 60:
            return directory
    return tempfile.gettempdir()
