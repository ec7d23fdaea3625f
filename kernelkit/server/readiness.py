"""Has a server ready for kernels in jobs before its user starts the first one.

jupyter_client loads a provisioner in the loop, at the first start of a kernel that names it: 0.1 s
and more in which nobody's kernel is served.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import garbage

if TYPE_CHECKING:
    from .services import Services


async def prepare(services: Services) -> None:
    """Called once the server listens. Where no kernelspec is one of a job, nothing is done."""

    def work() -> bool:
        from ..model import PROVISIONER_NAME

        manager: Any = services.server.kernel_spec_manager
        specs = manager.get_all_specs()
        if PROVISIONER_NAME not in map(_provisioner, specs.values()):
            return False
        garbage.set_apart()  # already here: the first start may come before all is imported
        importlib.import_module("kernelkit.running.provisioner")
        garbage.set_apart()
        return True

    if await services.in_thread(work):
        services.keep_tidy()


def _provisioner(found: dict[str, Any]) -> str:
    metadata = found["spec"].get("metadata") or {}
    stanza = metadata.get("kernel_provisioner")
    return str(stanza.get("provisioner_name", "")) if isinstance(stanza, dict) else ""
