"""Runs module commands in one clean bash and reports what each of them left behind."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import CommandFailed, ModuleError
from ...proc import run, tail

# The steps come as arguments (a count, then that many words), so nothing is quoted. Modules print
# on both channels at will: their text goes to stderr between fences, and the state is written to
# descriptor 3 by builtins alone, for a module may put a broken `env` or libc first.
# The loop stands outside any function: in one, a sourced file's `declare` would be local.
_SCRIPT = r"""
_kernelkit_fence=$1; shift
_kernelkit_report() {
  local IFS=$'\n' _kernelkit_name
  builtin printf '%s %s\0' "$_kernelkit_fence" "$1" >&3
  for _kernelkit_name in $(builtin compgen -e); do
    builtin printf '%s=%s\0' "$_kernelkit_name" "${!_kernelkit_name}" >&3
  done
  builtin printf '%s %s\0' "$_kernelkit_fence" "$(builtin declare -F)" >&3
}
_kernelkit_words=("$@"); set --
_kernelkit_at=0
while [ "$_kernelkit_at" -lt "${#_kernelkit_words[@]}" ]; do
  _kernelkit_count=${_kernelkit_words[_kernelkit_at]}
  _kernelkit_step=("${_kernelkit_words[@]:_kernelkit_at+1:_kernelkit_count}")
  _kernelkit_at=$((_kernelkit_at + 1 + _kernelkit_count))
  builtin printf '\n%s\n' "$_kernelkit_fence" >&2
  case ${_kernelkit_step[0]} in
    source) . "${_kernelkit_step[1]}" >&2 3>&- </dev/null ;;
    purge) [ -z "${LOADEDMODULES:-}" ] || module purge >&2 3>&- </dev/null ;;
    use) export MODULEPATH="${_kernelkit_step[1]}${MODULEPATH:+:$MODULEPATH}" ;;
    modulepath) export MODULEPATH="${_kernelkit_step[1]}" ;;
    *) "${_kernelkit_step[@]}" >&2 3>&- </dev/null ;;
  esac
  _kernelkit_report $?
done
"""

# A pager, colours, another language or a refusal to serve root would each change what we read.
CONTROLS = {
    "LMOD_PAGER": "none",
    "LMOD_COLORIZE": "no",
    "LMOD_LANG": "en",
    "LMOD_ALLOW_ROOT_USE": "yes",
    "MODULES_PAGER": "",
    "MODULES_COLOR": "never",
    "MODULES_REDIRECT_OUTPUT": "0",
}
# What a server's own environment must not lend to a kernel, even where the baseline keeps it.
_LEAKS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "BASH_ENV", "ENV")
_LEAKING_PREFIXES = ("CONDA_", "BASH_FUNC_")


@dataclass(frozen=True)
class Step:
    """One command of a session; `title` is what progress shows while it runs."""

    words: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True)
class State:
    """A shell after one step: its status, exported variables, functions and what was printed."""

    returncode: int
    environment: dict[str, str]
    functions: frozenset[str]
    text: str

    def paths(self, variable: str) -> tuple[str, ...]:
        """The non-empty parts of a `:` separated variable."""
        return tuple(part for part in self.environment.get(variable, "").split(":") if part)

    @property
    def loaded(self) -> tuple[str, ...]:
        """Full names of the loaded modules, in load order."""
        return self.paths("LOADEDMODULES")

    @property
    def files(self) -> tuple[str, ...]:
        """Modulefiles of the loaded modules, in the same order."""
        return self.paths("_LMFILES_")


def clean_environment(base_path: str) -> dict[str, str]:
    """What a session starts from: who the user is, and nothing that a shell or a server added."""
    home = os.environ.get("HOME") or str(Path.home())
    user = os.environ.get("USER") or os.environ.get("LOGNAME") or Path(home).name
    return {
        "HOME": home,
        "USER": user,
        "LOGNAME": user,
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "TERM": "dumb",
        "PATH": base_path,
        **CONTROLS,
    }


def kept_environment() -> dict[str, str]:
    """Our own environment for the baseline `keep`, without what must never reach a kernel."""
    found = {
        name: value
        for name, value in os.environ.items()
        if name not in _LEAKS and not name.startswith(_LEAKING_PREFIXES)
    }
    return {**found, **CONTROLS}


def run_steps(
    steps: Sequence[Step],
    environment: Mapping[str, str],
    *,
    timeout: float,
    on_step: Callable[[str], None] | None = None,
) -> list[State]:
    """Run the steps in one bash and return the state after each.

    The first word of a step is `source` (then a file), `purge` (costs nothing where nothing is
    loaded), `use` (directories joined by `:`, put in front), `modulepath` (in place of what is
    there), or a function or command. `use` sets the variable itself: it costs no process, both
    systems read it at their next command, and `module use a b` means another order in each.
    Fewer states than steps cannot come back: a module that ends the shell is a ModuleError, as
    is the time limit (seconds, for the whole session).
    """
    fence = f"kernelkit-{secrets.token_hex(16)}"
    words = [word for step in steps for word in (str(len(step.words)), *step.words)]
    titles = iter([step.title for step in steps])

    def watch(line: str) -> None:
        if on_step and line == fence and (title := next(titles, "")):
            on_step(title)

    argv = ["/bin/bash", "--noprofile", "--norc", "-c", _SCRIPT, "kernelkit", fence, *words]
    try:
        done = run(
            argv,
            timeout=timeout * max(1, len(steps) // 8),
            env=environment,
            want_fd3=True,
            on_line=watch if on_step else None,
        )
    except CommandFailed as error:
        raise ModuleError(
            "The module system gave no answer: " + error.message.replace(_SCRIPT, "…"),
            hint="Run `module avail` in a login shell to see whether it works there.",
            detail="\n".join(" ".join(step.words) for step in steps),
        ) from error
    texts = [text.strip() for text in f"\n{done.stderr}".split(f"\n{fence}\n")[1:]]
    states = parse_states(done.fd3, fence, texts)
    if len(states) < len(steps):
        ended = " ".join(steps[len(states)].words)
        raise ModuleError(
            f"`{ended}` ended the shell with exit code {done.returncode}.",
            hint="Run it in a shell of your own to see why; a kernel cannot start through it.",
            detail=tail(done.stderr.replace(fence, "").strip()),
        )
    return states


def parse_states(data: bytes, fence: str, texts: Sequence[str]) -> list[State]:
    """Read the records that the script wrote; one that is not complete is left out."""
    states: list[State] = []
    returncode: int | None = None
    environment: dict[str, str] = {}
    for entry in data.split(b"\0")[:-1]:
        text = os.fsdecode(entry)
        if not text.startswith(f"{fence} "):
            name, _, value = text.partition("=")
            environment[name] = value
        elif returncode is None:
            returncode, environment = int(text[len(fence) + 1 :]), {}
        else:
            lines = text[len(fence) + 1 :].splitlines()
            functions = frozenset(line.split()[-1] for line in lines if line.startswith("declare"))
            printed = texts[len(states)] if len(states) < len(texts) else ""
            states.append(State(returncode, environment, functions, printed))
            returncode = None
    return states
