"""The kernels that Jupyter sees, in short and in full."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import KernelkitError
from ..model import Resources
from ..specs.changes import origin
from ..specs.detail import KernelDetail, describe_kernel, summarize_all
from ..specs.exporting import export_recipe
from ..specs.job_config import job_config
from ..specs.lookup import find_kernel
from ..specs.states import list_kernels
from .answers import Exported, Kernels

if TYPE_CHECKING:
    from .services import Services


def list_all(services: Services) -> Kernels:
    """Every kernelspec with its state and the reason, whoever made it."""
    taken = time.time()
    return Kernels(kernels=summarize_all(list_kernels()), taken=taken)


def tell(services: Services, name: str) -> KernelDetail:
    """One kernel in full. Raises NotFound, InvalidName."""
    kernel = find_kernel(name)
    return msgspec.structs.replace(describe_kernel(kernel), sbatch=sbatch_of(kernel.kernel))


def export(services: Services, name: str) -> Exported:
    """A kernel's recipe as a file that stands alone. Raises NotFound and Unmanaged."""
    found = export_recipe(origin(find_kernel(name), services.site))
    return Exported(filename=found.filename, text=found.text)


def sbatch_of(kernel: Mapping[str, Any]) -> str | None:
    """The sbatch command by which a decoded kernel.json asks for its jobs; None where it asks for
    none, or joins a job that is there."""
    config = job_config(kernel)
    if config is None or config.get("in_job"):
        return None
    try:
        return sbatch_command(msgspec.convert(config.get("resources", {}), Resources))
    except (msgspec.ValidationError, KernelkitError):
        return None


def sbatch_command(resources: Resources) -> str:
    """The request as one types it. Raises InvalidName and UsageError for one that cannot be made."""
    from ..slurm.argv import request_options

    return shlex.join(["sbatch", *request_options(resources)])
