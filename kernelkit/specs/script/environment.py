"""The section that turns to a conda or virtual environment, or to an interpreter."""

from __future__ import annotations

from ...model import EnvironmentPlan, Plan
from ..quoting import quote
from .host import in_project
from .section import (
    MISSING,
    Section,
    below_environment,
    in_double_quotes,
    in_environment,
    refuse,
)

_TITLES = {
    "venv": "Virtual environment",
    "conda": "Conda environment",
    "interpreter": "Interpreter",
}


def environment(plan: Plan, found: EnvironmentPlan) -> Section:
    """Sees that the environment is there, and activates it as its own tool would."""
    lines = [f"_environment={in_project(plan, found.prefix, found.relative)}"]
    lines += _present(plan, found)
    if found.kind == "venv":
        lines += _venv(plan, found)
    elif found.kind == "conda":
        lines += _conda(found)
    elif found.prefix.rpartition("/")[0] not in plan.path.split(":"):
        lines.append("export PATH=${_environment%/*}:$PATH")
    return Section(_TITLES[found.kind], tuple(lines), found.prefix)


def _present(plan: Plan, found: EnvironmentPlan) -> list[str]:
    # An environment made for R or Julia has no Python; in a container the interpreter may be a
    # link to the image's own.
    if plan.container or not found.interpreter:
        test, path = "-d", "$_environment"
    else:
        below = below_environment(found, found.interpreter)
        outside = in_double_quotes(found.interpreter)
        test, path = (
            "-x",
            outside if below is None else f"$_environment{in_double_quotes(below)}",
        )
    sentence = f"the environment \\`{path}\\` is gone or cannot be used on $HOSTNAME."
    return refuse(MISSING, sentence, unless=f'[ {test} "{path}" ]')


def _venv(plan: Plan, found: EnvironmentPlan) -> list[str]:
    lines = ["export VIRTUAL_ENV=$_environment PATH=$_environment/bin:$PATH"]
    if plan.modules and not plan.container and found.site_packages:
        lines += [
            "# What a module puts on PYTHONPATH would hide the environment's own packages.",
            '[ -z "$PYTHONPATH" ] ||',
            f"  export PYTHONPATH={in_environment(found, found.site_packages)}:$PYTHONPATH",
        ]
    return lines


def _conda(found: EnvironmentPlan) -> list[str]:
    name = quote(found.name) if found.name else "$_environment"
    variables = [f"export {key}={quote(value)}" for key, value in sorted(found.variables.items())]
    return [
        "# What `conda activate` does, without conda: variables, then what packages have to add.",
        f"export CONDA_PREFIX=$_environment CONDA_DEFAULT_ENV={name} CONDA_SHLVL=1",
        "export PATH=$_environment/bin:$PATH",
        *variables,
        'for _hook in "$_environment"/etc/conda/activate.d/*.sh; do',
        "  # shellcheck source=/dev/null",
        '  [ ! -r "$_hook" ] || . "$_hook" </dev/null >&2',
        "done",
    ]
