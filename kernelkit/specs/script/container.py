"""The sections for images: one that launch.sh starts, or one that a module's wrapper starts."""

from __future__ import annotations

from ...model import ContainerPlan, Plan
from ..quoting import quote, quote_with_variables
from .host import CACHES
from .section import (
    MISSING,
    PYTHON_LEAKS,
    R_LEAKS,
    Section,
    continued,
    in_double_quotes,
    refuse,
)

# What `--cleanenv` would take from the kernel.
_KEPT_IN_CLEAN_ENV = (
    '"${!JPY_@}"', '"${!SLURM_@}"', "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "LANG",
    "LC_ALL", "TZ", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
    "NO_PROXY",
)  # fmt: skip


def container(plan: Plan, found: ContainerPlan) -> Section:
    """Collects in `_inside` the words that run a command in the image."""
    prefix = found.runtime_kind.upper()
    lines = [
        *_present(found),
        *_unset(plan),
        f"export {prefix}_NO_EVAL=1  # no shell reads the values of variables on their way in",
        *continued(f"_inside=({quote(found.runtime)} exec", [*_options(found)]),
    ]
    lines[-1] += ")"
    lines += [*_auto_gpu(found), *_for_visible(plan, ['_inside+=(--bind "$_directory")'])]
    lines += [*_environment(plan, found, prefix), '_inside+=("$_image")']
    title = f"Container ({found.runtime_kind.capitalize()})"
    return Section(title, tuple(lines), found.image.path)


def _present(found: ContainerPlan) -> list[str]:
    gone = "the image \\`$_image\\` is gone or cannot be read on $HOSTNAME."
    lacking = (
        f"the image needs \\`{in_double_quotes(found.runtime)}\\`, which $HOSTNAME does not have."
    )
    test = "-d" if found.folder else "-r"
    return [
        f"_image={quote(found.image.path)}",
        *refuse(MISSING, gone, unless=f'[ {test} "$_image" ]'),
        *refuse(MISSING, lacking, unless=f"command -v {quote(found.runtime)} >/dev/null"),
    ]


def _unset(plan: Plan) -> list[str]:
    lines = ["unset BASH_ENV  # a file of the host's"]
    if plan.modules:
        kind = plan.environment.kind if plan.environment else ""
        own = {"conda": "CONDA_", "venv": "VIRTUAL_ENV"}.get(kind, "-")
        names = [n for n in PYTHON_LEAKS + R_LEAKS if not n.startswith(own)]
        lines = ["# What the modules set is for the host's software, not for the image's."]
        lines += continued("unset BASH_ENV", [n for n in names if n not in plan.env])
    return lines


def _options(found: ContainerPlan) -> list[str]:
    words = {"nvidia": ["--nv"], "rocm": ["--rocm"]}.get(found.gpu, [])
    words += ["--cleanenv"] if found.clean_env else []
    words += ["--contain", '--bind "$PWD" --pwd "$PWD"'] if found.contain else []
    words += [f"--overlay {quote(found.overlay)}"] if found.overlay else []
    return words + [f"--bind {quote_with_variables(bind)}" for bind in found.binds]


def _auto_gpu(found: ContainerPlan) -> list[str]:
    if found.gpu != "auto":
        return []
    return [
        "if [ -e /dev/nvidiactl ]; then _inside+=(--nv)",
        "elif [ -e /dev/kfd ]; then _inside+=(--rocm); fi",
    ]


def _for_visible(plan: Plan, lines: list[str]) -> list[str]:
    """`lines` for each directory that must be seen inside."""
    return [
        f"_visible=({' '.join(_visible(plan))})",
        'for _directory in "${_visible[@]}"; do',
        "  # `:` and `,` end a path in a bind. Home and /tmp are seen without one.",
        '  if [ -d "$_directory" ] && [[ $_directory != *[:,]* ]]; then',
        *(f"    {line}" for line in lines),
        "  fi",
        "done",
    ]


def _visible(plan: Plan) -> list[str]:
    """Directories that must be seen inside, as bash words."""
    found = ['"${_file%/*}"']
    if plan.environment:
        found.append('"$_environment"')
    if plan.packages_dir:
        found.append('"$_packages"')
    if plan.ipykernel:
        found.append(quote(plan.ipykernel.dir))
    return found


def _environment(plan: Plan, found: ContainerPlan, prefix: str) -> list[str]:
    lines = []
    if plan.environment:
        lines.append(f"export {prefix}ENV_PREPEND_PATH=$_environment/bin")
    if plan.packages_dir:
        lines.append(f"export {prefix}ENV_PYTHONPATH={_pythonpath(plan)}")
    names = _carried(plan, found)
    if names:
        wins = "wins over the image's own" + (" and passes --cleanenv" if found.clean_env else "")
        lines.append(f"# By the name {prefix}ENV_* a variable {wins}.")
        lines += continued("_names=(", names)
        lines[-1] += ")"
        lines += [
            'for _name in "${_names[@]}"; do',
            f'  [ -z "${{!_name+x}}" ] || export "{prefix}ENV_$_name=${{!_name}}"',
            "done",
        ]
    return lines


def _carried(plan: Plan, found: ContainerPlan) -> list[str]:
    names = sorted(plan.env)
    if plan.cache_root and found.clean_env:
        names += [name for name in CACHES if name not in plan.env]
    if not plan.user_site:
        names.append("PYTHONNOUSERSITE")
    if found.clean_env:
        names += [*plan.env_passthrough, *_KEPT_IN_CLEAN_ENV]
    return names


def _pythonpath(plan: Plan) -> str:
    """The packages dir, then what the image itself has on PYTHONPATH."""
    own = plan.python.pythonpath.split(":") if plan.python else []
    return '"' + ":".join(["$_packages", *(in_double_quotes(part) for part in own if part)]) + '"'


def wraps_container(plan: Plan) -> bool:
    """Whether a module's own program runs, or may run, a container that it starts itself."""
    if plan.modules is None or plan.environment is not None or plan.container:
        return False
    return plan.python is None or bool(plan.python.container)


def wrapped(plan: Plan) -> Section:
    """Passes what the kernel needs to a container that a module's wrapper starts."""
    lines = [
        "# A module may run its program in a container: what the kernel needs is to be seen there.",
        *_for_visible(
            plan,
            [
                "export APPTAINER_BIND=${APPTAINER_BIND:+$APPTAINER_BIND,}$_directory",
                "export SINGULARITY_BIND=${SINGULARITY_BIND:+$SINGULARITY_BIND,}$_directory",
            ],
        ),
    ]
    if plan.packages_dir:
        inside = _pythonpath(plan)
        lines += [
            "# No shell reads the values of variables on their way in.",
            "export APPTAINER_NO_EVAL=1 SINGULARITY_NO_EVAL=1",
            *(f"export {name}ENV_PYTHONPATH={inside}" for name in ("APPTAINER", "SINGULARITY")),
        ]
    return Section("Inside the module's container", tuple(lines))
