"""The end of one run: told to Slurm, and told again where Slurm did not answer."""

from __future__ import annotations

import asyncio
import logging

from ..errors import KernelkitError, NotFound
from .control import JobControl
from .faults import may_pass
from .records import Run

log = logging.getLogger(__name__)

# Slurm is told again after twice the time until it is this (s).
_AGAIN, _SELDOM = 2.0, 30.0


class Ending:
    """That of one keeper's run; used in the background thread."""

    def __init__(self, run_id: str, control: JobControl) -> None:
        self._run_id, self._control = run_id, control
        self._again: asyncio.Task[None] | None = None

    async def tell(self, reason: str, code: str = "SHUT_DOWN") -> Run:
        """End the run, and its job with it if it is the last there; the run as it is then.

        Raises what JobControl.end raises. Where that may pass, as when Slurm does not answer, it is
        tried again for as long as this process lives: nobody else will ask for it.
        """
        try:
            return await self._control.end(self._run_id, reason=reason, code=code)
        except KernelkitError as error:
            if may_pass(error) and (self._again is None or self._again.done()):
                self._again = asyncio.create_task(self._tell_again(reason, code))
            raise

    async def _tell_again(self, reason: str, code: str) -> None:
        pause = _AGAIN
        while True:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _SELDOM)
            try:
                await self._control.end(self._run_id, reason=reason, code=code)
            except NotFound:
                pass
            except KernelkitError as error:
                if may_pass(error):
                    continue
                log.warning("The end of run %s is not complete. %s", self._run_id, error.message)
            return
