"""A Jupyter server's extension that tells how late its event loop was, and what its process holds."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado import web

# Seconds between two looks: a stall that is shorter than this and a scheduler's slice is no stall.
_TICK = 0.005
PATH = "/bench/probe"


class Loop:
    """Sleeps over and over, and notes by how much it woke too late."""

    longest = 0.0

    async def watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _TICK
            await asyncio.sleep(_TICK)
            self.longest = max(self.longest, loop.time() - due)


class ProbeHandler(APIHandler):
    """GET tells what was measured since the last one."""

    def initialize(self, probe: Loop) -> None:
        self.probe = probe

    @web.authenticated
    async def get(self) -> None:
        found = {"stall": self.probe.longest, "memory": private_memory(), **_counts()}
        self.probe.longest = 0.0
        self.finish(json.dumps(found))


def private_memory() -> int:
    """Bytes that this process has for itself alone."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Private_"))


def _counts() -> dict[str, int]:
    names = ("fd", "task")
    return {name: sum(1 for _ in Path(f"/proc/self/{name}").iterdir()) for name in names}


def _load_jupyter_server_extension(server: Any) -> None:
    probe = Loop()
    server.io_loop.spawn_callback(probe.watch)
    base = server.web_app.settings["base_url"].rstrip("/")
    server.web_app.add_handlers(".*$", [(base + PATH, ProbeHandler, {"probe": probe})])
