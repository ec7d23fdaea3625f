"""What a kernel.json says of its kernel's Slurm jobs: a start goes by it, and so does all else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..model import PORTABLE_KEY, PROVISIONER_NAME, Resources


def job_config(kernel: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a decoded kernel.json says of its Slurm jobs; None for a kernel that has none."""
    metadata = spec_metadata(kernel)
    stanza = metadata.get("kernel_provisioner")
    if isinstance(stanza, dict) and stanza.get("provisioner_name") == PROVISIONER_NAME:
        config = stanza.get("config", {})
    else:
        config = metadata.get(PORTABLE_KEY)
    return config if isinstance(config, dict) else None


def request_of(kernel: Mapping[str, Any], known: Resources | None) -> Resources | None:
    """What a start of a decoded kernel.json asks Slurm for, whoever wrote it there; `known` where
    it starts no job, or says nothing that can be used."""
    config = job_config(kernel)
    if config is None:
        return known
    try:
        return msgspec.convert(config.get("resources", {}), Resources)
    except msgspec.ValidationError:
        return known


def spec_metadata(kernel: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `metadata` of a decoded kernel.json; empty where it is no table."""
    found = kernel.get("metadata")
    return found if isinstance(found, dict) else {}
