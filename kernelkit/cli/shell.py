"""`kernelkit shell`: an interactive shell in a kernel's environment."""

from __future__ import annotations

from typing import Any

import click

from .json_flag import is_json
from .output import verb
from .run import launcher

# An image may have no bash; a user's own start files could undo what the layers set.
_START = (
    'PS1="($1) \\w \\$ "; export PS1; '
    "if command -v bash >/dev/null 2>&1; then exec bash --noprofile --norc -i; fi; exec sh -i"
)


@verb("shell", show=lambda data: None)
@click.argument("name")
def command(name: str) -> Any:
    """Open a shell in the environment of the kernel NAME; `exit` leaves it.

    With --json it is not opened: the command that would open it is printed.
    """
    from ..proc import exec_replace

    argv = ["/bin/bash", "-p", str(launcher(name)), "--run", "/bin/sh", "-c", _START, "sh", name]
    if not is_json():
        exec_replace(argv)
    return {"argv": argv}
