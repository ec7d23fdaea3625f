"""The `kernelkit` command: finds the verb; turns what goes wrong into words and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

import click

from .. import __version__
from ..errors import KernelkitError
from . import output

DEBUG_VARIABLE = "KERNELKIT_DEBUG"
COMPLETE_VARIABLE = "_KERNELKIT_COMPLETE"


# What `kernelkit --help` prints; a verb's module is imported only when it is used.
_SECTIONS = {
    "Find software": {
        "avail": "List what kernels can be made of.",
        "search": "Find software by words in names and descriptions.",
        "info": "Tell what one recipe or module brings, needs and comes from.",
    },
    "Make kernels": {
        "install": "Install a kernel from a recipe, module, image or environment.",
        "create": "Make a kernel from layers given as options, or step by step.",
    },
    "Installed kernels": {
        "list": "List every kernel Jupyter sees, with its state and why.",
        "show": "Show one kernel: its layers, files and what they change.",
        "test": "Start a kernel, run a cell, interrupt it and stop it.",
        "remove": "Remove a kernel that kernelkit made; a copy is kept.",
    },
    "Change kernels": {
        "edit": "Edit a kernel's recipe and make the kernel anew.",
        "set": "Change single values of a kernel: KEY=VALUE.",
        "pip": "Add Python packages to a kernel, and only what it lacks.",
        "clone": "Copy a kernel under a new name.",
        "rename": "Give a kernel another name or display name.",
        "diff": "Show what an upgrade would change.",
        "upgrade": "Make stale kernels anew.",
        "rollback": "Undo the last change of a kernel.",
        "adopt": "Make a hand-made kernel one of kernelkit's.",
        "export": "Print a kernel's recipe.",
    },
    "The same environment outside Jupyter": {
        "run": "Run a command in a kernel's environment.",
        "shell": "Open a shell in a kernel's environment.",
        "batch": "Submit a script to Slurm in a kernel's environment.",
    },
    "Kernels on Slurm": {
        "cluster": "Show what Slurm offers you: partitions, GPUs, accounts, QOS.",
        "jobs": "List kernels in Slurm jobs: state, node, time left, why one waits.",
        "attach": "Take over a kernel in a Slurm job that its server has left.",
        "extend": "Start a kernel in a Slurm job again, in a new one with more time.",
        "cancel": "End kernels in Slurm jobs.",
        "logs": "Show what a kernel in a Slurm job said.",
    },
    "This machine": {
        "doctor": "Check what kernels need here, or one kernel: causes, what to do.",
        "catalog": "Check and list catalogs of recipes.",
        "config": "Show the settings in force and where each comes from.",
        "paths": "Show the directories that kernelkit reads and writes.",
        "completion": "Print the completion script for bash, zsh or fish.",
    },
}
VERBS = {name: f"kernelkit.cli.{name}" for verbs in _SECTIONS.values() for name in verbs}


class VerbGroup(click.Group):
    """A group that knows its verbs by name and imports only the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = import_module(VERBS[cmd_name]).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # Python's own "did you mean" would import every verb; names are enough.
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], VERBS, 1, 0.5)
            hint = f"Did you mean `{near[0]}`?" if near else "`kernelkit --help` lists the verbs."
            raise click.UsageError(f"There is no verb `{args[0]}`. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, VERBS))
        for section, verbs in _SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(width), text) for name, text in verbs.items()])


@click.group(
    cls=VerbGroup,
    subcommand_metavar="VERB [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every verb takes --json. Exit codes: 0 done, 1 failed, 2 usage or ambiguous, 3 stale, "
    "4 not found, 5 not permitted.",
)
@click.version_option(__version__, prog_name="kernelkit", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show tracebacks; also KERNELKIT_DEBUG=1.")
def cli(debug: bool) -> None:
    """Jupyter kernels from modules, containers and environments, in one command.

    \b
    kernelkit avail pytorch            what is there
    kernelkit install pytorch/2.7.1    make a kernel of it
    kernelkit list                     what is installed, and if it still works
    """
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; called by the scripts and by tests."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in arguments[: _end_of_options(arguments)]
    try:
        code = _invoke(arguments, as_json)
        sys.stdout.flush()
    except (BrokenPipeError, output.ReaderGone):
        return _reader_gone()
    return code


def _end_of_options(arguments: list[str]) -> int:
    return arguments.index("--") if "--" in arguments else len(arguments)


def _invoke(arguments: list[str], as_json: bool) -> int:
    try:
        result = cli.main(
            arguments,
            prog_name="kernelkit",
            complete_var=COMPLETE_VARIABLE,
            standalone_mode=False,
        )
    except click.exceptions.Abort:
        output.note("Interrupted.")
        return 130
    except click.ClickException as error:
        return _usage(error, as_json)
    except KernelkitError as error:
        output.show_error(error, as_json=as_json)
        return error.exit_code
    except SystemExit as error:  # completion ends this way
        return error.code if isinstance(error.code, int) else 1
    except (BrokenPipeError, output.ReaderGone):
        raise
    except Exception as error:  # noqa: BLE001 - the last place that can say something useful
        return _bug(error, as_json)
    return result if isinstance(result, int) else 0


def _usage(error: click.ClickException, as_json: bool) -> int:
    code = 2 if isinstance(error, click.UsageError) else error.exit_code
    if as_json:
        output.print_json({"error": {"code": "usage", "message": error.format_message()}})
        return code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return code
    context = getattr(error, "ctx", None)
    hint = ""
    if context is not None and context.parent is not None:
        hint = f"See `{context.command_path} --help`."
    output.print_error(error.format_message(), hint=hint)
    return code


def _bug(error: Exception, as_json: bool) -> int:
    from ..names import printable

    what = f"{type(error).__name__}: {printable(str(error))[:300]}"
    message = f"This is a bug in kernelkit. {what}"
    if os.environ.get(DEBUG_VARIABLE):
        import traceback

        traceback.print_exception(error)
    hint = f"Run it again with {DEBUG_VARIABLE}=1 and report what it prints."
    if as_json:
        output.print_json({"error": {"code": "bug", "message": message, "hint": hint}})
    else:
        output.print_error(message, hint=hint)
    return 1


def _reader_gone() -> int:
    # As head(1) leaves us; without this the interpreter complains when it closes stdout.
    with suppress(OSError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
    return 141
