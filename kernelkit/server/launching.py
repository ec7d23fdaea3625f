"""Starting kernels in this server: with another request for once, from another server, once more.

All of it goes through the server's own kernel manager, in its loop, so that the kernels are as any
others: listed, culled, restarted and ended by everything that knows kernels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
from jupyter_core.utils import ensure_async

from ..errors import UsageError
from ..model import Resources
from ..slurm.argv import check_resources
from ..specs.job_config import job_config, request_of
from ..specs.lookup import find_kernel
from .answers import Answer, Body
from .requests import refuse_beyond_limits

if TYPE_CHECKING:
    from ..specs.states import Installed
    from .services import Services


class Launch(Body, frozen=True):
    """What a kernel is started for, and what it asks for this once.

    `path` is that of the notebook in the contents API; of `resources` only the given keys change,
    and one that is null is not asked for. `in_job` is a run or job to join, with `gpus` of its.
    """

    path: str = ""
    name: str = ""
    type: Literal["notebook", "console", "file"] = "notebook"
    resources: dict[str, str | int | list[str] | None] | None = None
    in_job: str | None = None
    gpus: str | None = None
    keep: bool | None = None


class MoreTime(Body, frozen=True):
    """`time` as Slurm writes it; twice the present limit where it is empty."""

    time: str = ""


class StartedKernel(Answer, frozen=True):
    """The kernel to open a session on; `path` is that of the notebook it was started for, in the
    contents API, and empty where that is not known or the notebook is gone."""

    kernel_id: str
    kernel_name: str
    path: str = ""


async def launch(services: Services, name: str, body: Launch) -> StartedKernel:
    """Start a kernel; a session is opened on its id then, as on any kernel's.

    Raises NotFound, UsageError for a request to a kernel without jobs, and SubmitRejected for one
    that this cluster could never run, or that Slurm refuses.
    """
    kernel = await services.in_thread(lambda: find_kernel(name))
    given = _given(kernel, body)
    if (asked := _asked(kernel, body)) is not None:
        await services.in_thread(lambda: refuse_beyond_limits(services, asked))
    server = services.server
    options: dict[str, Any] = {"kernel_name": kernel.name, "path": body.path}
    if body.path:
        shown = body.name or body.path.rpartition("/")[2]
        options["env"] = server.session_manager.get_kernel_env(body.path, shown)
    if given:
        options["kernelkit_options"] = given
    manager: Any = server.kernel_manager
    kernel_id = await ensure_async(manager.start_kernel(**options))
    return StartedKernel(kernel_id=kernel_id, kernel_name=kernel.name)


def _given(kernel: Installed, body: Launch) -> dict[str, Any]:
    names = ("resources", "in_job", "gpus", "keep")
    given = {key: value for key in names if (value := getattr(body, key)) is not None}
    if given and job_config(kernel.kernel) is None:
        raise UsageError(
            f"`{kernel.name}` does not run in Slurm jobs, so it asks for nothing.",
            hint="Start it without a request, or edit it to run in jobs.",
        )
    return given


def _asked(kernel: Installed, body: Launch) -> Resources | None:
    """The whole request of a launch that asks for something itself, and for a job of its own.

    Raises UsageError and InvalidName for what sbatch must not be given.
    """
    saved = request_of(kernel.kernel, None)
    if not body.resources or body.in_job or saved is None:
        return None
    changed = {**msgspec.to_builtins(saved), **body.resources}
    try:
        asked = msgspec.convert(
            {key: value for key, value in changed.items() if value is not None}, Resources
        )
    except msgspec.ValidationError:
        # The start itself says what is wrong with it.
        return None
    check_resources(asked)
    return asked


async def attach(services: Services, run: str) -> StartedKernel:
    """Take over the kernel of a run that no server cares for, under its old kernel id.

    Raises NotFound, NotPermitted while another server has it, KernelFailed and SlurmUnavailable.
    """
    from ..running import adoption

    session = await _session_of(services, run)
    manager = services.server.kernel_manager
    kernel_id = await adoption.attach(manager, run, variables=_named(session))
    services.queue.forget()
    return await _started(services, kernel_id, session)


async def more_time(services: Services, run: str, body: MoreTime) -> StartedKernel:
    """The same kernel in a new job with more time; its variables are lost.

    Raises NotFound, Ambiguous, NotPermitted, UsageError, SubmitRejected and SlurmUnavailable.
    """
    from ..running import more_time as running

    session = await _session_of(services, run)
    manager = services.server.kernel_manager
    kernel_id = await running.more_time(manager, run, body.time, variables=_named(session))
    services.queue.forget()
    return await _started(services, kernel_id, session)


async def _session_of(services: Services, run: str) -> str:
    from ..running.desk import desk
    from .notebooks import session_name

    return await services.in_thread(lambda: session_name(desk().runs, run))


def _named(session: str) -> dict[str, str]:
    # Its next job, too, is then known to be that notebook's.
    return {"JPY_SESSION_NAME": session} if session else {}


async def _started(services: Services, kernel_id: str, session: str) -> StartedKernel:
    from .notebooks import notebook_of

    manager: Any = services.server.kernel_manager
    name = manager.get_kernel(kernel_id).kernel_name
    path = await notebook_of(services.server, session)
    return StartedKernel(kernel_id=kernel_id, kernel_name=name, path=path)
