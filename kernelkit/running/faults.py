"""Which faults in a run's files may pass: they are told and tried again, and end no kernel."""

from __future__ import annotations

from ..errors import (
    InsecureFile,
    KernelFailed,
    KernelkitError,
    NotFound,
    StorageFull,
    SubmitRejected,
    UsageError,
)

# What somebody else could have written, what the kernel or Slurm said, what is not there at all.
_LASTING = (InsecureFile, KernelFailed, NotFound, SubmitRejected, UsageError)


def may_pass(error: KernelkitError) -> bool:
    """Whether what could not be read or written may be so again: a full quota, a disk that hangs,
    a ticket that has expired."""
    return not isinstance(error, _LASTING)


def advice_against(error: KernelkitError) -> str:
    """What its user can do about a fault that may pass."""
    if isinstance(error, StorageFull):
        return "Free space (`quota -s` shows what is used up)."
    return "It is tried again every few seconds."
