"""Plan -> launch.sh: the only package that writes shell to keep.

The script is a list of sections, in the order in which a kernel's layers apply; a section stands
only where the plan has that layer. Names of the script's own begin with `_`, because a user may
have exported `project` or `image`, and a file that is sourced may set `environment`.
"""

from __future__ import annotations

from ...model import Plan
from ..quoting import comment, quote
from .arguments import arguments, start
from .container import container, wrapped, wraps_container
from .environment import environment
from .host import caches, clean_start, modules, packages, project, variables
from .section import MISSING, MODULE, OTHER_PYTHON, USAGE, WIDTH, Section, remark

__all__ = ["MISSING", "MODULE", "OTHER_PYTHON", "USAGE", "render_script", "sections"]

_TRACE = "{{ printf '%s\\0' {title}; env -0; printf '\\0'; }} >&3"

_FAIL = 'fail() { printf \'kernelkit: %s\\n\' "$2" >&2; exit "$1"; }  # EXIT_CODE SENTENCE'


def render_script(plan: Plan, *, trace: bool = False) -> bytes:
    """The text of launch.sh for `plan`; the same plan gives the same bytes.

    A plan without `python` and without `command` is a draft: it runs commands, but no kernel.
    With `trace`, the script writes the environment after each section to descriptor 3, as
    `TITLE NUL env -0 NUL`, which is how `kernelkit show` learns what each layer changed.
    Called by `install` and by the draft that probes go through.
    """
    lines = [*_header(plan), "", _FAIL]
    for section in sections(plan):
        lines += ["", *section.render()]
        if trace:
            lines.append(_TRACE.format(title=quote(section.title)))
    lines += ["", *start(plan).render()]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def sections(plan: Plan) -> list[Section]:
    """Everything between the head of the script and its start, in order."""
    found = [arguments(plan), clean_start(plan)]
    if plan.project:
        found.append(project(plan.project))
    if plan.modules:
        found.append(modules(plan.modules))
    if plan.environment:
        found.append(environment(plan, plan.environment))
    if plan.cache_root:
        found.append(caches(plan))
    if plan.packages_dir:
        found.append(packages(plan))
    if plan.env:
        found.append(variables(plan))
    if plan.container:
        found.append(container(plan, plan.container))
    elif wraps_container(plan):
        found.append(wrapped(plan))
    return found


def _header(plan: Plan) -> list[str]:
    found = ["#!/bin/bash -p", *remark(plan.display_name)]
    if plan.description and plan.description != plan.display_name:
        found += ["#", *remark(plan.description)]
    if plan.troubleshoot.strip():
        found += ["#", "# If it does not work:"]
        for line in plan.troubleshoot.strip().splitlines():
            found += comment(line, width=WIDTH - 2, bullet="- ")
    return [
        *found,
        "#",
        "# launch.sh -f CONNECTION_FILE            starts the kernel, as Jupyter does",
        "# launch.sh --run COMMAND [ARGUMENT ...]  runs a command in the same environment",
        "#",
        *remark(f"Written by kernelkit from {plan.identity}; `kernelkit list` tells of edits."),
        "# bash -p: nothing of the caller's shell (BASH_ENV, exported functions) gets in here.",
        "# shellcheck disable=SC2016 # what stands in single quotes is to stay as it is",
    ]
