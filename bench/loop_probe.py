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
    """Sleeps over and over, and notes by how much it woke too late: `longest` whatever the reason,
    `longest_own` without the time that its thread was ready and waited for a processor."""

    longest = longest_own = 0.0

    async def watch(self) -> None:
        loop = asyncio.get_running_loop()
        with Path("/proc/thread-self/schedstat").open("rb", buffering=0) as file:

            def waited() -> float:
                # proc(5): time on a processor, time in a run queue (ns), time slices.
                file.seek(0)
                return int(file.read().split()[1]) / 1e9

            while True:
                due, before = loop.time() + _TICK, waited()
                await asyncio.sleep(_TICK)
                late = loop.time() - due
                self.longest = max(self.longest, late)
                self.longest_own = max(self.longest_own, late - (waited() - before))


class ProbeHandler(APIHandler):
    """GET tells what was measured since the last one."""

    def initialize(self, probe: Loop) -> None:
        self.probe = probe

    @web.authenticated
    async def get(self) -> None:
        found = {
            "stall": self.probe.longest,
            "own_stall": self.probe.longest_own,
            "memory": private_memory(),
            **_counts(),
        }
        self.probe.longest = self.probe.longest_own = 0.0
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
