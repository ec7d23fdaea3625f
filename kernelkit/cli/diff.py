"""`kernelkit diff`: a kernel as it stands against what an install would write now."""

from __future__ import annotations

import click

from ..errors import Stale
from .changing import run_change, show_diff
from .output import Outcome, verb
from .params import complete_managed


@verb("diff", show=lambda data: show_diff(data["diff"]))
@click.argument("name", shell_complete=complete_managed)
def command(name: str) -> Outcome:
    """Show what `kernelkit upgrade` would change in a kernel's files.

    Everything is resolved and probed anew, and nothing is written. Exit code 3 says that there
    is a difference.
    """
    from ..site import load_site
    from ..specs.changes import options_now, refreshed
    from ..specs.lookup import find_kernel

    kernel, site = find_kernel(name), load_site()
    options = options_now(kernel, site)
    result = run_change(refreshed(kernel, site), site, options=options, test=False, dry_run=True)
    differs = any(result["diff"].values())
    found = {"name": kernel.name, "differs": differs, "diff": result["diff"]}
    return Outcome(found, Stale.exit_code if differs else 0)
