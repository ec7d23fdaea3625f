"""Every route of `kernelkit/`, in one table: handlers, authorization and openapi.json come from it.

`work` names `module.function` of this package, imported at the first request. The function's own
annotations are the rest of the contract: `body` and `query` say what is taken, the return type
what is answered; its other parameters are those of the path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verb = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True)
class Route:
    """One verb of one path. `also` is a resource of jupyter_server that the same action needs."""

    verb: Verb
    path: str
    work: str
    status: int = 200
    also: str = ""


ROUTES = (
    Route("GET", "status", "machine.tell_status"),
    Route("GET", "inventory", "machine.tell_inventory"),
    Route("GET", "folders", "folders.list_folder"),
    Route("GET", "schema", "form.tell_schema"),
    Route("GET", "openapi.json", "openapi.describe"),
    Route("GET", "catalog", "catalog.list_offers"),
    Route("GET", "catalog/info", "catalog.tell_offer"),
    Route("GET", "modules", "catalog.list_modules"),
    Route("POST", "modules/resolve", "modules.resolve"),
    Route("POST", "preview", "preview.preview"),
    Route("POST", "validate", "preview.validate"),
    Route("GET", "kernels", "kernels.list_all"),
    Route("POST", "kernels", "changes.install", 202),
    Route("GET", "kernels/{name}", "kernels.tell"),
    Route("PUT", "kernels/{name}", "changes.edit", 202),
    Route("DELETE", "kernels/{name}", "changes.remove", 204),
    Route("POST", "kernels/{name}/clone", "changes.clone", 201),
    Route("POST", "kernels/{name}/rename", "changes.rename"),
    Route("POST", "kernels/{name}/adopt", "changes.adopt", 202),
    Route("GET", "kernels/{name}/diff", "upgrading.diff"),
    Route("POST", "kernels/{name}/upgrade", "upgrading.upgrade", 202),
    Route("POST", "kernels/{name}/rollback", "upgrading.rollback"),
    Route("POST", "kernels/{name}/launch", "launching.launch", 201, also="kernels"),
    Route("GET", "kernels/{name}/export", "kernels.export"),
    Route("POST", "kernels/{name}/test", "changes.test", 202),
    Route("GET", "kernels/{name}/packages", "packages.tell_packages"),
    Route("POST", "kernels/{name}/packages", "packages.change_packages", 202),
    Route("GET", "jobs", "jobs.list_jobs"),
    Route("GET", "jobs/{run}/log", "jobs.tell_log"),
    Route("POST", "jobs/{run}/cancel", "jobs.cancel", 202),
    Route("POST", "jobs/{run}/attach", "launching.attach", also="kernels"),
    Route("POST", "jobs/{run}/more-time", "launching.more_time", also="kernels"),
    Route("GET", "tasks", "tasks.list_tasks"),
    Route("GET", "tasks/{id}", "tasks.tell_task"),
    Route("DELETE", "tasks/{id}", "tasks.cancel_task", 204),
)
