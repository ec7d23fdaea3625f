"""Lmod and Environment Modules behind one protocol; the catalogue of what exists."""

from __future__ import annotations

from .backend import (
    Backend,
    ModuleBackend,
    Resolution,
    find_backend,
    module_backend_or_none,
)
from .catalogue import AvailableModule

__all__ = [
    "AvailableModule",
    "Backend",
    "ModuleBackend",
    "Resolution",
    "find_backend",
    "module_backend_or_none",
]
