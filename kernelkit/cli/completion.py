"""`kernelkit completion`: the script that teaches a shell to complete kernelkit's words."""

from __future__ import annotations

from typing import Any

import click

from .output import print_text, verb


def completion_script(shell: str) -> str:
    """click's completion script for `bash`, `zsh` or `fish`."""
    from click.shell_completion import get_completion_class

    from .main import COMPLETE_VARIABLE, cli

    made = get_completion_class(shell)
    assert made is not None
    completion = made(cli, {}, "kernelkit", COMPLETE_VARIABLE)
    # Not .source(): for bash that starts a bash to ask its version.
    return completion.source_template % completion.source_vars()


@verb("completion", show=lambda data: print_text(data["script"]))
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> dict[str, Any]:
    """Print the completion script of a shell.

    \b
    bash   add to ~/.bashrc:  eval "$(kernelkit completion bash)"      (bash 4.4 or newer)
    zsh    add to ~/.zshrc:   eval "$(kernelkit completion zsh)"
    fish   kernelkit completion fish > ~/.config/fish/completions/kernelkit.fish
    """
    return {"shell": shell, "script": completion_script(shell)}
