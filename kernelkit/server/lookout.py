"""Looks every few seconds for what other processes did to kernels and runs, and tells of it.

A look is a few system calls a directory, and it reaches what is on NFS too, of which the kernel's
own notices (inotify) tell nothing when another host made the change. While nobody uses the server
it does not look: thousands of idle servers would be a load on a file server.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
from typing import TYPE_CHECKING, Any

from ..errors import KernelkitError
from ..running.faults import may_pass
from ..running.run_sightings import RunSightings
from ..specs.sightings import Sightings

if TYPE_CHECKING:
    from .services import Services

log = logging.getLogger(__name__)

_SECONDS = 2.0
# A page that is looked at asks Jupyter for its kernels every ten seconds.
_IDLE_SECONDS = 60.0


class Lookout:
    """One a server. What a look finds is what changed since the last one, however long ago."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kernels = Sightings()
        self._runs: RunSightings | None = None
        self._untold: frozenset[str] = frozenset()
        self._states: dict[str, str] = {}

    async def keep(self) -> None:
        """Look now and from now on, until this is cancelled with the server."""
        failed = False
        while True:
            if self._is_in_use():
                try:
                    await self._services.in_thread(self._look)
                    failed = False
                except Exception:  # noqa: BLE001 - whatever the disk does, the next look may work
                    if not failed:
                        log.warning("kernelkit cannot look for changes now.", exc_info=True)
                    failed = True
            await asyncio.sleep(_SECONDS)

    def _is_in_use(self) -> bool:
        now = datetime.datetime.now(datetime.timezone.utc)
        application: Any = self._services.server.web_app
        last: datetime.datetime = application.last_activity()
        return (now - last).total_seconds() < _IDLE_SECONDS

    def _look(self) -> None:
        self.look_at_kernels()
        if self._runs is None:
            self._runs = RunSightings(self._services.site.run_dir)
        # A change is found once; what cannot be told now is told after the next look.
        self._untold |= self._runs.look() - self._services.bulletin.own_runs()
        if self._untold:
            try:
                self._tell_runs(self._untold)
            except KernelkitError as error:
                if may_pass(error):
                    raise
                log.warning("Changes of runs are not told. %s", error.message)
            self._untold = frozenset()

    def look_at_kernels(self, *told: str) -> None:
        """Tell of every kernel that changed but those of these names, which are told of already."""
        known = {name.lower() for name in told}
        found = [(what, name) for what, name in self._kernels.look() if name not in known]
        for what, name in found:
            self._services.forget_kernels()
            self._services.events.kernels_changed(what, name)

    def _tell_runs(self, changed: frozenset[str]) -> None:
        from .jobs import runs_of_others

        for run in runs_of_others(self._services, changed):
            before = self._states.pop(run.run, None)
            if run.state != "ended":
                self._states[run.run] = run.state
            self._services.events.run_changed(run, previous=before, warning="")
