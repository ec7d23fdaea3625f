"""Plan -> launch.sh: the only module that writes shell to keep.

The script is a list of sections, each a heading and lines, in the order in which a kernel's
layers apply. A section stands only where the plan has that layer, so a venv kernel's script is
short. Exit codes: 64 called wrongly, 65 a module, 66 a missing image, environment or connection
file, 67 another Python than at install (the first three as in sysexits.h).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..model import ContainerPlan, EnvironmentPlan, ModulePlan, Plan
from .guard import GUARD
from .quoting import comment, quote, quote_with_variables

# Caches that fill home quotas: variable -> directory below the site's cache root.
CACHES = {
    "HF_HOME": "huggingface",
    "TORCH_HOME": "torch",
    "TRITON_CACHE_DIR": "triton",
    "PIP_CACHE_DIR": "pip",
    "XDG_CACHE_HOME": "xdg",
    "APPTAINER_CACHEDIR": "apptainer",
}

# What another Python's environment leaves behind, and what R would read besides its own library.
_LEAKS = (
    "PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV CONDA_SHLVL"
    " CONDA_PYTHON_EXE R_HOME R_LIBS R_LIBS_SITE R_LIBS_USER"
)

# What `--cleanenv` would take from the kernel: what Jupyter and Slurm set, locale and proxies.
_KEPT_IN_CLEAN_ENV = (
    '"${!JPY_@}" "${!SLURM_@}" CUDA_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES LANG LC_ALL TZ'
    " http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY"
)


@dataclass(frozen=True)
class Section:
    """A part of the script: its heading, reasons for a reader, and lines of bash."""

    title: str
    lines: tuple[str, ...]


def render_script(plan: Plan, *, trace: bool = False) -> bytes:
    """The text of launch.sh for `plan`; the same plan gives the same bytes.

    A plan without `python` and without `command` is a draft: it runs commands, but no kernel.
    With `trace`, the script writes the environment after each section to descriptor 3, as
    `TITLE NUL env -0 NUL`, which is how `kernelkit show` learns what each layer changed.
    """
    lines = [*_header(plan), "", _SHELLCHECK, *_FAIL]
    for section in _sections(plan):
        lines += ["", f"# --- {section.title} ".ljust(96, "-"), *section.lines]
        if trace:
            lines.append(f"{{ printf '%s\\0' {quote(section.title)}; env -0; printf '\\0'; }} >&3")
    lines += ["", "# --- Start ".ljust(96, "-"), *_start(plan)]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _sections(plan: Plan) -> list[Section]:
    found = [Section("Arguments", _ARGUMENTS), _clean_start(plan)]
    if plan.project:
        found.append(_project(plan))
    if plan.modules:
        found.append(_modules(plan.modules))
    if plan.environment:
        found.append(_environment(plan))
    if plan.cache_root:
        found.append(_caches(plan))
    if plan.packages_dir:
        found.append(_packages(plan))
    if plan.env:
        found.append(_variables(plan))
    if plan.container:
        found.append(_container(plan, plan.container))
    elif _wraps_container(plan):
        found.append(_wrapped(plan))
    return found


def _header(plan: Plan) -> list[str]:
    found = ["#!/bin/bash", *comment(plan.display_name)]
    if plan.description:
        found += ["#", *comment(plan.description)]
    found += [
        "#",
        "# As a kernel:                     launch.sh -f CONNECTION_FILE",
        "# Any command in its environment:  launch.sh --run COMMAND [ARGUMENT ...]",
        "#",
        *comment(
            f"Written by kernelkit from {plan.identity}. `kernelkit list` reports edits by hand."
        ),
    ]
    if plan.troubleshoot:
        found += ["#", *comment("If it does not start: " + plan.troubleshoot)]
    return found


# For the whole file: the site's own files are not there to be read, and text in single quotes is
# meant to stay as it is.
_SHELLCHECK = "# shellcheck disable=SC1090,SC1091,SC2016,SC2089,SC2090"

_FAIL = (
    "fail() { # EXIT_CODE SENTENCE",
    "  printf 'kernelkit: %s\\n' \"$2\" >&2",
    '  exit "$1"',
    "}",
)

_ARGUMENTS = (
    "# Jupyter passes `-f FILE`, VS Code appends `--f=FILE`; everything else goes to the kernel.",
    "run=no connection_file='' arguments=()",
    "while [ $# -gt 0 ]; do",
    "  case $1 in",
    "    --run) run=yes; shift; break ;;",
    "    -f) connection_file=${2-}; shift ;;",
    "    -f=* | --f=*) connection_file=${1#*=} ;;",
    '    *) arguments+=("$1") ;;',
    "  esac",
    "  shift",
    "done",
    'if [ "$run" = yes ]; then',
    "  [ $# -gt 0 ] || fail 64 '`--run` needs a command, such as `--run python`.'",
    'elif [ ! -r "$connection_file" ]; then',
    '  fail 66 "the connection file \\`$connection_file\\` cannot be read on $HOSTNAME."',
    "fi",
)


def _clean_start(plan: Plan) -> Section:
    keep = plan.modules is not None and plan.modules.baseline == "keep"
    lines = ["# Nothing of the server's own Python comes along."]
    leaks = [w for w in _LEAKS.split() if w not in plan.env_passthrough]
    lines += _continued("unset", leaks)
    if not keep:
        lines.append(f"export PATH={quote(plan.path)}")
    if not plan.user_site:
        lines.append("export PYTHONNOUSERSITE=1  # packages in ~/.local belong to other Pythons")
    return Section("A clean start", tuple(lines))


def _project(plan: Plan) -> Section:
    assert plan.project
    recipe = quote(plan.project.recipe_file)
    return Section(
        "The project",
        (
            "# The notebook's own, found upwards from its directory, so that a moved or copied project",
            "# uses what it brings; else the one it was installed from. Only a recipe of yours counts.",
            f"project={quote(plan.project.directory)} recipe={recipe} directory=$PWD",
            'while [ -n "$directory" ]; do',
            '  if [ -O "$directory/$recipe" ]; then project=$directory; break; fi',
            "  directory=${directory%/*}",
            "done",
        ),
    )


def _modules(plan: ModulePlan) -> Section:
    named = "Lmod" if plan.system == "lmod" else "Environment Modules"
    lines = []
    if plan.system == "lmod":
        lines.append("export LMOD_PAGER=none LMOD_COLORIZE=no")
    lines += [f"[ -r {quote(i)} ] && . {quote(i)} </dev/null >&2" for i in plan.init]
    lines += [
        "type module >/dev/null 2>&1 ||",
        f'  fail 65 "no module system on $HOSTNAME: {_ticks(plan.init)} define no \\`module\\`."',
    ]
    if plan.baseline == "purge":
        lines.append('[ -z "$LOADEDMODULES" ] || module purge </dev/null >&2')
    elif plan.baseline == "reset":
        lines.append("module reset </dev/null >&2")
    lines += [f"module use {quote(directory)} >&2" for directory in plan.use]
    names = [module.name for module in plan.loads]
    if names:
        asked = [m.name for m in plan.loads if m.asked]
        if len(asked) < len(names):
            lines += comment(f"Asked for: {', '.join(asked)}. The others are what they need.")
        lines += [
            *_wrapped_words("modules=(", names, ")"),
            'module load "${modules[@]}" </dev/null >&2',
            "# A load that failed may still return 0: what counts is what is there afterwards.",
            'for module in "${modules[@]}"; do',
            "  case :$LOADEDMODULES: in",
            '    *":$module:"*) ;;',
            '    *) fail 65 "module \\`$module\\` did not load on $HOSTNAME; its text is above." ;;',
            "  esac",
            "done",
        ]
    return Section(f"Modules ({named})", tuple(lines))


def _ticks(paths: tuple[str, ...]) -> str:
    return " and ".join("\\`" + _in_double_quotes(path) + "\\`" for path in paths)


def _in_double_quotes(text: str) -> str:
    for character in '\\"$`':
        text = text.replace(character, "\\" + character)
    return text


def _continued(start: str, words: Sequence[str]) -> list[str]:
    """`start` and `words` on lines of at most 96 columns, joined with backslashes."""
    found = [start]
    for word in words:
        if len(found[-1]) + len(word) > 92:
            found[-1] += " \\"
            found.append(" ")
        found[-1] += f" {word}"
    return found


def _wrapped_words(start: str, words: list[str], end: str) -> list[str]:
    line = start + " ".join(map(quote, words)) + end
    if len(line) <= 96:
        return [line]
    return [start, *(f"  {quote(word)}" for word in words), end]


def _environment(plan: Plan) -> Section:
    environment = plan.environment
    assert environment
    lines = [f"environment={_in_project(plan, environment.prefix, environment.relative)}"]
    tail = _interpreter_tail(environment)
    # Inside a container the interpreter may be a link to the image's own.
    test, path = ("-d", "$environment") if plan.container else ("-x", f"$environment{tail}")
    lines += [
        f'[ {test} "{path}" ] ||',
        f'  fail 66 "the environment \\`{path}\\` is gone or cannot be used on $HOSTNAME."',
    ]
    if environment.kind == "venv":
        lines.append("export VIRTUAL_ENV=$environment PATH=$environment/bin:$PATH")
        if plan.modules and environment.site_packages:
            site = _below(environment, environment.site_packages)
            lines += [
                "# A module's PYTHONPATH would hide the environment's own packages.",
                f'[ -z "$PYTHONPATH" ] || export PYTHONPATH={site}:$PYTHONPATH',
            ]
    elif environment.kind == "conda":
        lines += _conda(environment)
    elif tail.startswith("/bin/") and f"{environment.prefix}/bin" not in plan.path.split(":"):
        lines.append("export PATH=$environment/bin:$PATH")
    title = {
        "venv": "Virtual environment",
        "conda": "Conda environment",
        "interpreter": "Interpreter",
    }
    return Section(title[environment.kind], tuple(lines))


def _in_project(plan: Plan, absolute: str, relative: str) -> str:
    if plan.project and relative:
        return f'"$project"/{quote(relative)}'
    return quote(absolute)


def _interpreter_tail(environment: EnvironmentPlan) -> str:
    prefix = environment.prefix.rstrip("/")
    inside = environment.interpreter.startswith(prefix + "/")
    return environment.interpreter[len(prefix) :] if inside else "/bin/python"


def _below(environment: EnvironmentPlan, path: str) -> str:
    prefix = environment.prefix.rstrip("/") + "/"
    return (
        f'"$environment"/{quote(path[len(prefix) :])}' if path.startswith(prefix) else quote(path)
    )


def _conda(environment: EnvironmentPlan) -> list[str]:
    name = quote(environment.name) if environment.name else "$environment"
    return [
        "# What `conda activate` does, without conda: variables, then the packages' own hooks.",
        f"export CONDA_PREFIX=$environment CONDA_DEFAULT_ENV={name} CONDA_SHLVL=1",
        "export PATH=$environment/bin:$PATH",
        *(f"export {key}={quote(value)}" for key, value in sorted(environment.variables.items())),
        'for hook in "$environment"/etc/conda/activate.d/*.sh; do',
        '  [ -r "$hook" ] && . "$hook" </dev/null >&2',
        "done",
    ]


def _caches(plan: Plan) -> Section:
    lines = [f"cache={quote_with_variables(plan.cache_root)}"]
    for variable, directory in CACHES.items():
        if variable not in plan.env:
            lines.append(f"export {variable}=${{{variable}:-$cache/{directory}}}")
    return Section("Caches, off the home quota", tuple(lines))


def _packages(plan: Plan) -> Section:
    lines = [
        "# Before what the layers set; joined without an empty part, which would mean the",
        "# working directory.",
        f"packages={_in_project(plan, plan.packages_dir, plan.packages_relative)}",
        "export PYTHONPATH=$packages${PYTHONPATH:+:$PYTHONPATH}",
    ]
    return Section("Packages dir", tuple(lines))


def _variables(plan: Plan) -> Section:
    lines = [f"export {name}={quote(value)}" for name, value in sorted(plan.env.items())]
    return Section("Variables of the recipe", tuple(lines))


def _wraps_container(plan: Plan) -> bool:
    """Whether a module's own `python` runs a container, so that mounts go through the environment."""
    if plan.modules is None or plan.environment is not None:
        return False
    return plan.python is None or bool(plan.python.container)


def _visible(plan: Plan) -> list[str]:
    """Directories that must be seen inside a container, as bash words."""
    found = ['"${connection_file%/*}"']
    if plan.packages_dir:
        found.append('"$packages"')
    if plan.ipykernel:
        found.append(quote(plan.ipykernel.dir))
    return found


def _wrapped(plan: Plan) -> Section:
    lines = ["# The module's `python` runs a container; what the kernel needs must be seen inside."]
    lines += [
        f"for directory in {' '.join(_visible(plan))}; do",
        "  case $directory in",
        "    /*)",
        "      APPTAINER_BIND=${APPTAINER_BIND:+$APPTAINER_BIND,}$directory",
        "      SINGULARITY_BIND=${SINGULARITY_BIND:+$SINGULARITY_BIND,}$directory ;;",
        "  esac",
        "done",
        "export APPTAINER_BIND SINGULARITY_BIND",
    ]
    if plan.packages_dir:
        inside = '"$packages' + _joined(plan.python.pythonpath if plan.python else "") + '"'
        lines.append(f"export APPTAINERENV_PYTHONPATH={inside} SINGULARITYENV_PYTHONPATH={inside}")
    return Section("Inside the module's container", tuple(lines))


def _joined(pythonpath: str) -> str:
    parts = [_in_double_quotes(part) for part in pythonpath.split(":") if part]
    return "".join(f":{part}" for part in parts)


def _container(plan: Plan, container: ContainerPlan) -> Section:
    prefix = container.runtime_kind.upper()
    runtime, image = quote(container.runtime), quote(container.image.path)
    test = "-d" if container.folder else "-r"
    lines = [
        f"image={image}",
        f'[ {test} "$image" ] || fail 66 "the image \\`$image\\` is gone or cannot be read on $HOSTNAME."',
        f"command -v {runtime} >/dev/null ||",
        f"  fail 66 {quote(f'`{container.runtime}` is not installed here; the image needs it.')}",
        "# What the modules set is for the host's software, not for the image's.",
        *_continued("unset", _LEAKS.split()[1:]),
        f"export {prefix}_NO_EVAL=1  # values stay literal: no shell reads them on the way in",
        f"inside=({runtime} exec)",
        *_gpu(container),
    ]
    if container.clean_env:
        lines.append("inside+=(--cleanenv)")
    if container.contain:
        lines.append('inside+=(--contain --bind "$PWD" --pwd "$PWD")')
    if container.overlay:
        lines.append(f"inside+=(--overlay {quote(container.overlay)})")
    lines += [f"inside+=(--bind {quote_with_variables(bind)})" for bind in container.binds]
    lines += [
        f"for directory in {' '.join(_visible(plan))}; do",
        '  [ ! -d "$directory" ] || inside+=(--bind "$directory")',
        "done",
    ]
    lines += _container_environment(plan, container, prefix)
    lines.append('inside+=("$image")')
    return Section(f"Container ({container.runtime_kind.capitalize()})", tuple(lines))


def _gpu(container: ContainerPlan) -> list[str]:
    nvidia, rocm = "inside+=(--nv)", "inside+=(--rocm)"
    if container.gpu == "nvidia":
        return [nvidia]
    if container.gpu == "rocm":
        return [rocm]
    if container.gpu == "none":
        return []
    return [
        f"if [ -e /dev/nvidiactl ]; then {nvidia}",
        f"elif [ -e /dev/kfd ]; then {rocm}; fi",
    ]


def _container_environment(plan: Plan, container: ContainerPlan, prefix: str) -> list[str]:
    own = plan.python.pythonpath if plan.python else ""
    lines = []
    if plan.environment:
        lines.append(f"export {prefix}ENV_PREPEND_PATH=$environment/bin")
    if plan.packages_dir:
        lines.append(f'export {prefix}ENV_PYTHONPATH="$packages{_joined(own)}"')
    # Without these the image's own %environment, or --cleanenv, would win over the recipe.
    names = sorted(plan.env)
    if plan.cache_root and container.clean_env:
        names += [name for name in CACHES if name not in plan.env]
    if not plan.user_site:
        names.append("PYTHONNOUSERSITE")
    if container.clean_env:
        names += [*plan.env_passthrough, *_KEPT_IN_CLEAN_ENV.split()]
    lines.append("unset PYTHONPATH")
    if names:
        *start, last = _continued("for name in", names)
        lines += [
            *start,
            f"{last}; do",
            f'  [ -z "${{!name+x}}" ] || export "{prefix}ENV_$name=${{!name}}"',
            "done",
        ]
    return lines


def _start(plan: Plan) -> list[str]:
    inside = '"${inside[@]}" ' if plan.container else ""
    functions = bool(plan.modules and plan.modules.functions and not plan.container)
    if functions:
        lines = [
            'if [ "$run" = yes ]; then',
            '  [ "$(type -t "$1")" = function ] || exec "$@"',
            '  "$@"; exit  # exec would pass by a function that a module defines',
            "fi",
        ]
    else:
        lines = [f'[ "$run" = no ] || exec {inside}"$@"']
    if plan.command:
        return [*lines, *_command(plan, inside)]
    if plan.python is None:
        return [*lines, "fail 64 'this draft runs commands, but no kernel.'"]
    return [*lines, *_python(plan, inside)]


def _command(plan: Plan, inside: str) -> list[str]:
    words = " ".join(map(_command_word, plan.command))
    if not plan.container:
        return [f'exec {words} "${{arguments[@]}}"']
    return [
        "# A kernel that cannot see its connection file waits in silence, so look first.",
        "seen='",
        '  if [ ! -r "$1" ]; then',
        '    echo "kernelkit: the connection file \\`$1\\` is not visible in the container." >&2',
        "    exit 66",
        "  fi",
        '  shift; exec "$@"\'',
        f'exec {inside}/bin/sh -c "$seen" sh "$connection_file" {words} "${{arguments[@]}}"',
    ]


def _command_word(word: str) -> str:
    parts = word.split("{connection_file}")
    return '"$connection_file"'.join(quote(part) if part else "" for part in parts) or "''"


def _python(plan: Plan, inside: str) -> list[str]:
    python = plan.python
    assert python
    word, executable = quote(python.command), quote(python.executable)
    environment = plan.environment
    if environment:
        prefix = environment.prefix.rstrip("/")
        if python.command.startswith(prefix + "/"):
            word = f'"$environment"{quote(python.command[len(prefix) :])}'
        if python.executable.startswith(prefix + "/"):
            executable = f'"$environment"{quote(python.executable[len(prefix) :])}'
    where = "container" if (plan.container or python.container) else "host"
    function = python.found_as == "function"
    replace = "" if function else "exec "
    return [
        "# The kernel's first lines: is this the Python of the install, and does it see what it",
        "# needs? Then ipykernel takes over in the same process.",
        "guard='" + GUARD.strip("\n") + "'",
        f'{replace}{inside}{word} -c "$guard" \\',
        f'  "$connection_file" {quote(python.cache_tag)} {executable} {where} \\',
        f'  {quote(plan.ipykernel.dir if plan.ipykernel else "")} "${{arguments[@]}}"',
        *(["exit"] if function else []),
    ]
