"""The local endpoint that a front end talks to for the whole life of a run."""

from .relay import Relay, RelayEvents

__all__ = ["Relay", "RelayEvents"]
