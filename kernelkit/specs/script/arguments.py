"""How launch.sh is called, and what starts at its end."""

from __future__ import annotations

from ...model import EnvironmentPlan, Plan, PythonFacts
from ..guard import render_guard
from ..quoting import quote
from .section import MISSING, USAGE, Section, continued, in_environment

_LINES = (
    "# Jupyter passes `-f FILE`, VS Code appends `--f=FILE`; other words go to the kernel.",
    "_file='' _arguments=()",
    'if [ "${1-}" = --run ] && [ $# -gt 1 ]; then',
    '  _arguments=("${@:2}")',
    "else",
    "  while [ $# -gt 0 ]; do",
    "    case $1 in",
    "      -f) _file=${2-}; shift ;;",
    "      -f=* | --f=*) _file=${1#*=} ;;",
    '      *) _arguments+=("$1") ;;',
    "    esac",
    "    shift",
    "  done",
    f'  [ -n "$_file" ] || fail {USAGE} "give \\`-f CONNECTION_FILE\\` or \\`--run COMMAND\\`."',
    f'  [ -r "$_file" ] || fail {MISSING} '
    '"the connection file \\`$_file\\` cannot be read on $HOSTNAME."',
    "  [[ $_file = /* ]] || _file=$PWD/$_file",
    "fi",
)
_CLEAR = "set --  # files that are sourced below would take these words for theirs"

# An exit without a kernel: `_file` is empty where a command is to run.
_IF_RUN = '[ -n "$_file" ] ||'


def arguments(plan: Plan) -> Section:
    """Tells the connection file from what else the script is given."""
    sources = plan.modules or (plan.environment and plan.environment.kind == "conda")
    return Section("Arguments", (*_LINES, _CLEAR) if sources else _LINES)


def start(plan: Plan) -> Section:
    """The last section: the command, the kernel, or word that there is no kernel yet."""
    inside = '"${_inside[@]}" ' if plan.container else ""
    lines = _run(plan, inside)
    if plan.command:
        lines += _command(plan, inside)
    elif plan.python:
        lines += _python(plan, plan.python, inside)
    else:
        lines.append(f'fail {USAGE} "this draft runs commands, but no kernel."')
    return Section("Start", tuple(lines))


def _run(plan: Plan, inside: str) -> list[str]:
    if plan.container or not (plan.modules and plan.modules.functions):
        return [f'{_IF_RUN} exec -- {inside}"${{_arguments[@]}}"']
    return [
        'if [ -z "$_file" ]; then',
        '  [ "$(type -t -- "${_arguments[0]}")" = function ] || exec -- "${_arguments[@]}"',
        '  "${_arguments[@]}"; exit  # exec would pass by a function that a module defines',
        "fi",
    ]


def _command(plan: Plan, inside: str) -> list[str]:
    words = " ".join(map(_command_word, plan.command))
    if not plan.container:
        return [f'exec -- {words} "${{_arguments[@]}}"']
    return [
        "# A kernel that cannot see its connection file waits in silence, so look first.",
        "_look='",
        '  if [ ! -r "$1" ]; then',
        '    echo "kernelkit: the connection file \\`$1\\` is not visible in the container." >&2',
        f"    exit {MISSING}",
        "  fi",
        '  shift; exec "$@"\'',
        f'exec -- {inside}/bin/sh -c "$_look" sh "$_file" {words} "${{_arguments[@]}}"',
    ]


def _command_word(word: str) -> str:
    parts = word.split("{connection_file}")
    return '"$_file"'.join(quote(part) if part else "" for part in parts) or "''"


def _python(plan: Plan, python: PythonFacts, inside: str) -> list[str]:
    word = _word(plan.environment, python.command)
    executable = _word(plan.environment, python.executable)
    contained = bool(plan.container or python.container)
    # Only where bash starts the environment's own program is the kernel's parent sure to be the
    # one of this script: a module's `python` may be a script, too.
    direct = plan.environment is not None and not contained
    guard = render_guard(watch=not direct)
    # A shell function cannot be exec'ed, so bash stays until the kernel ends.
    function = python.found_as == "function"
    facts = [
        quote(python.cache_tag),
        executable,
        "container" if contained else "host",
        quote(plan.ipykernel.dir if plan.ipykernel else ""),
    ]
    return [
        "# If this is the Python of the install, ipykernel takes over in the same process.",
        f"_guard='{guard}'",
        f'{"" if function else "exec -- "}{inside}{word} -c "$_guard" "$_file" \\',
        *continued("  ", [*facts, '"${_arguments[@]}"' + ("; exit" if function else "")]),
    ]


def _word(environment: EnvironmentPlan | None, path: str) -> str:
    return in_environment(environment, path) if environment else quote(path)
