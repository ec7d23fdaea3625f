"""Has a server ready for kernels in jobs before its user starts the first one.

jupyter_client loads a provisioner in the loop, at the first start of a kernel that names it: 0.1 s
and more in which nobody's kernel is served. And while kernels start, Python's full collection of
garbage goes through all that the server has ever imported: a quarter of a second, in whichever
thread, during which no other runs. See docs/decisions/025.
"""

from __future__ import annotations

import gc
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .services import Services


async def prepare(services: Services) -> None:
    """Called once the server listens. Where no kernelspec is one of a job, nothing is done."""

    def work() -> None:
        from ..model import PROVISIONER_NAME

        manager: Any = services.server.kernel_spec_manager
        specs = manager.get_all_specs()
        if PROVISIONER_NAME in map(_provisioner, specs.values()):
            importlib.import_module("kernelkit.running.provisioner")
            gc.freeze()

    await services.in_thread(work)


def _provisioner(found: dict[str, Any]) -> str:
    metadata = found["spec"].get("metadata") or {}
    stanza = metadata.get("kernel_provisioner")
    return str(stanza.get("provisioner_name", "")) if isinstance(stanza, dict) else ""
