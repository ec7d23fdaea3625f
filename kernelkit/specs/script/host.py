"""The sections that prepare the host: a clean start, project, modules, caches, variables."""

from __future__ import annotations

from ...model import ModulePlan, Plan, ProjectPlan
from ..quoting import quote, quote_with_variables
from .section import (
    MODULE,
    PYTHON_LEAKS,
    R_LEAKS,
    Section,
    array,
    continued,
    refuse,
    remark,
    ticked,
)

# Caches that fill home quotas: variable -> directory below the site's cache root.
CACHES = {
    "HF_HOME": "huggingface",
    "TORCH_HOME": "torch",
    "TRITON_CACHE_DIR": "triton",
    "PIP_CACHE_DIR": "pip",
    "XDG_CACHE_HOME": "xdg",
    "APPTAINER_CACHEDIR": "apptainer",
}


def clean_start(plan: Plan) -> Section:
    """Takes away what the server's own environment would lend to the kernel."""
    leaks = [name for name in PYTHON_LEAKS + R_LEAKS if name not in plan.env_passthrough]
    lines = ["# An environment that was active when the server started is not this kernel's."]
    lines += continued("unset", leaks)
    keep = plan.modules is not None and plan.modules.baseline == "keep"
    if plan.modules and not keep:
        lines.append("unset BASH_ENV  # a module's `python` may be a bash script, which reads it")
    if not keep:
        lines.append(f"export PATH={quote(plan.path)}")
    if not plan.user_site:
        lines.append("export PYTHONNOUSERSITE=1  # what is in ~/.local was built for other Pythons")
    return Section("A clean start", tuple(lines))


def project(plan: ProjectPlan) -> Section:
    """Finds the project that the notebook is in."""
    recipe = quote("/" + plan.recipe_file)
    lines = (
        "# The project around the notebook, so that a moved or copied one uses what it brings;",
        "# else the one of the install. Where others own the directory or all may write, they",
        "# would choose what runs here: that is none.",
        f"_project={quote(plan.directory)} _directory=$PWD",
        'while [ -n "$_directory" ]; do',
        f"  _recipe=$_directory{recipe}",
        '  if [ -O "$_directory" ] && [ -f "$_recipe" ] && [ -O "$_recipe" ] &&',
        '    [ -n "$(find -H "$_directory" -maxdepth 0 ! -perm -o+w)" ]; then',
        "    _project=$_directory; break",
        "  fi",
        "  _directory=${_directory%/*}",
        "done",
    )
    return Section("The project", lines, plan.directory)


def modules(plan: ModulePlan) -> Section:
    """Loads the modules and looks whether they are there."""
    named = "Lmod" if plan.system == "lmod" else "Environment Modules"
    names = [module.name for module in plan.loads]
    lines = _asked(plan)
    if names:
        lines += array("_modules", names)
    lines += ["{", *(f"  {line}" for line in _loading(plan, bool(names))), "} </dev/null >&2"]
    if names:
        lines += [
            "# A load that failed may return 0 all the same: what counts is what is loaded now.",
            'for _module in "${_modules[@]}"; do',
            '  [[ :$LOADEDMODULES: = *":$_module:"* ]] ||',
            f'    fail {MODULE} "the module \\`$_module\\` did not load on $HOSTNAME; '
            'its own text is above."',
            "done",
        ]
    return Section(f"Modules ({named})", tuple(lines), " ".join(names))


def _asked(plan: ModulePlan) -> list[str]:
    asked = [module.name for module in plan.loads if module.asked]
    if not asked or len(asked) == len(plan.loads):
        return []
    return remark(f"Asked for: {', '.join(asked)}. The rest is what that needs.")


def _loading(plan: ModulePlan, any_names: bool) -> list[str]:
    lines = []
    if plan.system == "lmod":
        lines.append("export LMOD_PAGER=none LMOD_COLORIZE=no")
    for path in plan.init:
        lines += ["# shellcheck source=/dev/null", f". {quote(path)}"]
    sentence = f"there is no \\`module\\` on $HOSTNAME after reading {ticked(plan.init)}."
    lines += refuse(MODULE, sentence, unless="type module >/dev/null 2>&1")
    if plan.baseline == "purge":
        lines.append('[ -z "$LOADEDMODULES" ] || module purge')
    elif plan.baseline == "reset":
        lines.append("module reset")
    if plan.use:
        # `module use a b` puts them in another order in Lmod than in Environment Modules.
        lines.append(f"export MODULEPATH={quote(':'.join(plan.use))}${{MODULEPATH:+:$MODULEPATH}}")
    if any_names:
        lines.append('module load "${_modules[@]}"')
    return lines


def caches(plan: Plan) -> Section:
    """Points caches at the site's cache root, unless the user has set them."""
    lines = [f"_cache={quote_with_variables(plan.cache_root)}"]
    lines += [
        f"export {variable}=${{{variable}:-$_cache/{directory}}}"
        for variable, directory in CACHES.items()
        if variable not in plan.env
    ]
    return Section("Caches, off the home quota", tuple(lines), plan.cache_root)


def packages(plan: Plan) -> Section:
    """Puts the packages dir before what the layers set."""
    directory = in_project(plan, plan.packages_dir, plan.packages_relative)
    lines = [f"_packages={directory}"]
    if not plan.container:
        lines += [
            "# No empty part: it would mean the working directory.",
            "export PYTHONPATH=$_packages${PYTHONPATH:+:$PYTHONPATH}",
        ]
    return Section("Packages dir", tuple(lines), plan.packages_dir)


def variables(plan: Plan) -> Section:
    """Sets the recipe's variables, literally."""
    lines = [f"export {name}={quote(value)}" for name, value in sorted(plan.env.items())]
    return Section("Variables of the recipe", tuple(lines), plan.identity)


def in_project(plan: Plan, absolute: str, relative: str) -> str:
    """A path as a bash word, from the project where the recipe gave it so."""
    if plan.project and relative:
        return f'"$_project"/{quote(relative)}'
    return quote(absolute)
