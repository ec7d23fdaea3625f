"""Whether the verb that runs was called with `--json`."""

from __future__ import annotations

import click


def is_json() -> bool:
    """True within a verb called with `--json`; progress is not shown then."""
    return bool(click.get_current_context().params.get("as_json"))
