"""reference.py [--check]: writes what the code knows best into the documentation.

docs/cli.md is made from the verbs' own help, docs/rest.md from the server's routes, the table in
docs/site-admin.md from the settings, the excerpt in README.md from a golden launch.sh.
`make docs` writes them; tests/unit/test_docs.py fails when they are not current.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

DOCS = Path(__file__).parent
ROOT = DOCS.parent


def main(check: bool) -> int:
    stale = 0
    for path, text in pages():
        if path.is_file() and path.read_text() == text:
            continue
        stale += 1
        if check:
            print(f"{path} is not current: run `make docs`", file=sys.stderr)
        else:
            path.write_text(text)
    return 1 if check and stale else 0


def pages() -> Iterator[tuple[Path, str]]:
    """Each page as (file, what it should hold)."""
    yield DOCS / "cli.md", cli_page()
    yield DOCS / "rest.md", rest_page()
    yield filled(DOCS / "site-admin.md", "settings", settings_table())
    yield filled(ROOT / "README.md", "launch.sh", launch_excerpt())


def filled(path: Path, part: str, text: str) -> tuple[Path, str]:
    """`path` with what stands between the marks of `part` replaced."""
    begin, end = f"<!-- {part}: made by make docs -->\n", f"<!-- end of {part} -->\n"
    before, found, rest = path.read_text().partition(begin)
    assert found and end in rest, f"{path} has no place for {part}"
    return path, before + begin + text + end + rest.partition(end)[2]


def launch_excerpt() -> str:
    """The modules' section of a launch.sh, from the text that tests hold the compiler to."""
    script = (ROOT / "tests/golden/wrapper.sh").read_text()
    section = re.search(r"^# --- Modules.*?(?=\n\n# --- )", script, re.DOTALL | re.MULTILINE)
    assert section is not None
    return f"```bash\n{section[0]}\n```\n"


# --- the server extension -------------------------------------------------------------------------

REST = """# The server extension

Made from the table of routes by `make docs`; do not edit. `GET kernelkit/openapi.json` describes every
type (OpenAPI 3.1).

All routes are below the server's base URL, and are authenticated and authorized as jupyter_server's own
are, as the resource `kernelkit`; those that start kernels need `kernels` as well. JSON in and out; a body
has at most 1 MiB. A request that changes something needs the XSRF token or an API token, as everywhere.

An error is `{"error": {"code", "message", "hint", "transient"}}`, with `field` where one key is to be
changed and `detail` where another program said something. 400: what was sent is not understood. 403: not
permitted. 404: not there. 409: it exists, fits several things, or was changed meanwhile. 422: understood,
and it cannot be done. 503: Slurm does not answer, try again.

What takes long is a task: it answers 202 with the task at once, tells its steps as events and under
`tasks/{id}`, and can be cancelled.

| | path | |
|---|---|---|
"""

EVENTS = """
## Events

Through jupyter_server's events (`/api/events/subscribe`). Each kind counts its own `serial`; who finds a
gap asks the route again. What comes while an answer of a route is awaited may be newer than that: `serial` of a
task and of a run (its own, which is 0 where another server looks after it) grows with each of their changes.

| schema | |
|---|---|
"""


def rest_page() -> str:
    from kernelkit.server.openapi import summary_of
    from kernelkit.server.routes import ROUTES

    routes = [
        f"| {route.verb} | `kernelkit/{route.path}` | {summary_of(route)} |\n" for route in ROUTES
    ]
    return REST + "".join(routes) + EVENTS + "".join(event_rows())


def event_rows() -> Iterator[str]:
    import yaml

    for path in sorted((ROOT / "kernelkit/server/event_schemas").glob("*.yaml")):
        schema = yaml.safe_load(path.read_text())
        yield f"| `{schema['$id']}` | {schema['description']} |\n"


# --- the command line -----------------------------------------------------------------------------


def cli_page() -> str:
    from kernelkit.cli.main import VERBS, cli

    context = click.Context(cli, info_name="kernelkit")
    commands = [(name, cli.get_command(context, name)) for name in VERBS]
    parts = [
        "# The command line\n\nMade from the verbs' own help by `make docs`; do not edit.\n",
        "Data goes to stdout, progress and warnings to stderr. Every verb takes `--json` and "
        "`--help`; `jupyter kernelkit …` is the same.\nExit codes: 0 done, 1 failed, 2 usage or "
        "ambiguous, 3 stale, 4 not found, 5 not permitted.\n",
    ]
    for name, command in commands:
        assert command is not None
        parts += verb_section(f"kernelkit {name}", command, "##")
    return "\n".join(parts)


def verb_section(name: str, command: click.Command, heading: str) -> Iterator[str]:
    yield f"{heading} {name}\n\n```\n{usage(name, command)}\n```\n"
    yield prose(command.help or "")
    rows = [row for row in map(option_row, command.params) if row]
    if rows:
        yield "| option | does |\n|---|---|\n" + "".join(rows)
    if isinstance(command, click.Group):
        for sub, subcommand in sorted(command.commands.items()):
            yield from verb_section(f"{name} {sub}", subcommand, heading + "#")


def usage(name: str, command: click.Command) -> str:
    words = [name]
    if isinstance(command, click.Group):
        words.append("COMMAND")
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            words.append(argument_word(parameter))
    return " ".join(words)


def argument_word(argument: click.Argument) -> str:
    word = argument.metavar or value_word(argument) or (argument.name or "").upper()
    if argument.nargs == -1 and not word.endswith("…"):
        word += "…"
    return word if argument.required or word.startswith("[") else f"[{word}]"


def value_word(parameter: click.Parameter) -> str:
    if parameter.metavar:
        return parameter.metavar
    if isinstance(parameter.type, click.Choice):
        return "|".join(map(str, parameter.type.choices))
    return ""


def option_row(parameter: click.Parameter) -> str:
    if not isinstance(parameter, click.Option) or parameter.name == "as_json":
        return ""
    flags = ", ".join(f"`{flag}`" for flag in (*parameter.opts, *parameter.secondary_opts))
    if not parameter.is_flag:
        word = value_word(parameter) or parameter.type.name.upper()
        flags += f" `{word}`".replace("|", "\\|")
    return f"| {flags} | {(parameter.help or '').replace('|', chr(92) + '|')} |\n"


def prose(text: str) -> str:
    """A docstring as Markdown: what click keeps as it is (after \\b) becomes a code block."""
    blocks = []
    for block in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        if block.startswith("\b"):
            lines = block.split("\n")[1:]
            blocks.append("```\n" + "\n".join(line.rstrip() for line in lines) + "\n```\n")
        else:
            blocks.append(" ".join(block.split()) + "\n")
    return "\n".join(blocks)


# --- the settings ---------------------------------------------------------------------------------


def settings_table() -> str:
    from kernelkit.site import KernelkitSite

    rows = [
        f"| `{name}` | {kind(trait)} | {default(trait)} | {meaning(trait)} |\n"
        for name, trait in sorted(KernelkitSite.class_traits(config=True).items())
    ]
    return "| setting | type | default | meaning |\n|---|---|---|---|\n" + "".join(rows)


def kind(trait: Any) -> str:
    from traitlets import Enum, Float, Integer, List

    if isinstance(trait, Enum):
        return ", ".join(f"`{value}`" for value in trait.values)
    if isinstance(trait, List):
        return "list of text"
    return "number" if isinstance(trait, Float | Integer) else "text"


def default(trait: Any) -> str:
    value = trait.default()
    return f"`{value}`" if value not in ("", [], None) else "–"


def meaning(trait: Any) -> str:
    text = trait.help.replace("|", "\\|")
    return f"{text} *Policy.*" if trait.metadata.get("policy") else text


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
