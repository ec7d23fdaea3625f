"""Where a manager finds the relay: ipc sockets in a private directory of this user's."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..files import explained
from .relay.endpoints import CHANNELS, ipc_connection


class LocalSockets:
    """The directory of one relay's sockets, from before it starts until after it has stopped.

    Its path is known at once; it is there from `make` on.

    A manager removes the ipc files that it knows of at every restart; here these are links, made
    again each time, to the sockets that stay.
    """

    def __init__(self) -> None:
        self.directory = Path(_short_runtime_dir(), f"kk-{secrets.token_hex(8)}")
        self._made = False

    def make(self) -> None:
        """Have the directory, and the links that a manager may have removed. Raises
        KernelkitError where the disk does not take them."""
        with explained(self.directory, "Making the kernel's sockets"):
            if not self._made:
                self.directory.mkdir(mode=0o700)
                self._made = True
            for number in range(1, len(CHANNELS) + 1):
                link = self.directory / f"k-{number}"
                if not link.is_symlink():
                    link.symlink_to(f"s-{number}")

    def of_manager(self, key: str, scheme: str) -> dict[str, Any]:
        """Connection information of the links."""
        return ipc_connection(self.directory / "k", key, scheme)

    def of_relay(self, key: str, scheme: str) -> dict[str, Any]:
        """Connection information of the sockets themselves, for the relay to bind."""
        return ipc_connection(self.directory / "s", key, scheme)

    def remove(self) -> None:
        """Remove them all."""
        if self._made:
            shutil.rmtree(self.directory, ignore_errors=True)


def _short_runtime_dir() -> str:
    """A directory of this user's on a local disk, with a short path: a socket's is limited."""
    for directory in (os.environ.get("XDG_RUNTIME_DIR"), "/tmp"):  # noqa: S108 - made 0700 below it
        if directory and os.access(directory, os.W_OK) and len(directory) < 60:
            return directory
    return tempfile.gettempdir()
