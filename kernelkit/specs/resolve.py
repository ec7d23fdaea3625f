"""Recipe + what the machine answered -> Plan; no I/O, so tests pass canned answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import RecipeError
from ..model import (
    AddedIpykernel,
    ContainerPlan,
    EnvironmentPlan,
    FileMark,
    InterruptMode,
    ModulePlan,
    Plan,
    ProjectPlan,
    Provenance,
    PythonFacts,
    Recipe,
)
from ..names import display_name, kernel_name, kernel_name_from
from .recipe_text import check_variables

# How the kernels of each language are started by their own installers.
LANGUAGE_COMMANDS: dict[str, tuple[str, ...]] = {
    "r": ("R", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"),
    "julia": (
        "julia",
        "-i",
        "--color=yes",
        "-e",
        "import IJulia; IJulia.run_kernel()",
        "{connection_file}",
    ),
    "bash": ("python3", "-m", "bash_kernel", "-f", "{connection_file}"),
}

# How to see, through the layers, that the kernel itself is there: prints its version.
LANGUAGE_PROBES: dict[str, tuple[str, ...]] = {
    "r": ("R", "--slave", "-e", 'cat(as.character(packageVersion("IRkernel")))'),
    "julia": ("julia", "-e", "import IJulia; print(pkgversion(IJulia))"),
    "bash": ("python3", "-c", "import bash_kernel; print(bash_kernel.__version__)"),
}

LANGUAGE_HINTS: dict[str, str] = {
    "r": 'Install it for this R: `install.packages("IRkernel")`.',
    "julia": 'Install it for this Julia: `import Pkg; Pkg.add("IJulia")`.',
    "bash": "Install it for this Python: `python3 -m pip install bash_kernel`.",
}


@dataclass(frozen=True)
class Probes:
    """What the machine answered for one recipe; None where it has no such layer."""

    base_path: str
    cache_root: str = ""
    allowed_variables: tuple[str, ...] = ()
    modules: ModulePlan | None = None
    container: ContainerPlan | None = None
    environment: EnvironmentPlan | None = None
    project: ProjectPlan | None = None
    packages_dir: str = ""
    packages_relative: str = ""
    python: PythonFacts | None = None
    ipykernel: AddedIpykernel | None = None
    logo: FileMark | None = None
    wrapped: WrappedKernelspec | None = None
    taken_display_names: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class WrappedKernelspec:
    """An installed kernelspec to start from: its command with {resource_dir} filled in, and env."""

    name: str
    command: tuple[str, ...]
    env: dict[str, str]
    language: str
    display_name: str
    interrupt_mode: InterruptMode


def resolve_plan(
    recipe: Recipe, provenance: Provenance, probes: Probes, *, name: str | None = None
) -> Plan:
    """The Plan for `recipe`; a draft, good for running commands, while `probes.python` is None.

    Raises InvalidName, RecipeError for a recipe that contradicts itself, and NotPermitted for a
    variable that the site does not allow.
    """
    check_variables(recipe, allowed=probes.allowed_variables, source=recipe.identity)
    wrapped = probes.wrapped
    language = recipe.language or (wrapped.language if wrapped else "") or "python"
    command = _command(recipe, wrapped, language)
    kernel = kernel_name(name) if name else kernel_name_from(recipe.identity)
    return Plan(
        kernel_name=kernel,
        display_name=_display_name(recipe, wrapped, kernel, probes.taken_display_names),
        language=language,
        identity=recipe.identity,
        provenance=provenance,
        interrupt_mode=_interrupt_mode(recipe, wrapped, command, probes.python),
        command=command,
        description=recipe.description,
        path=probes.base_path,
        modules=probes.modules,
        environment=probes.environment,
        container=probes.container,
        packages_dir=probes.packages_dir,
        packages_relative=probes.packages_relative,
        project=probes.project,
        python=probes.python,
        ipykernel=probes.ipykernel,
        env={**(wrapped.env if wrapped else {}), **recipe.env},
        env_passthrough=recipe.env_passthrough,
        cache_root=probes.cache_root,
        user_site=_user_site(recipe, probes),
        resources=recipe.resources,
        logo=probes.logo,
        troubleshoot=recipe.troubleshoot,
    )


def is_python(recipe: Recipe, wrapped: WrappedKernelspec | None) -> bool:
    """Whether the kernel is an ipykernel that the guard starts, not a command of its own."""
    language = recipe.language or (wrapped.language if wrapped else "") or "python"
    return not _command(recipe, wrapped, language)


def _command(recipe: Recipe, wrapped: WrappedKernelspec | None, language: str) -> tuple[str, ...]:
    if recipe.kernel and recipe.kernel.command:
        command = recipe.kernel.command
    elif wrapped:
        command = wrapped.command
    elif language == "python":
        return ()
    elif language in LANGUAGE_COMMANDS:
        command = LANGUAGE_COMMANDS[language]
    else:
        raise RecipeError(
            f"`{recipe.identity}` has the language `{language}` and no `kernel.command`.",
            hint="Give `[kernel] command = [...]` with `{connection_file}` where the file goes.",
        )
    if not any("{connection_file}" in word for word in command):
        raise RecipeError(
            f"The kernel command of `{recipe.identity}` never names `{{connection_file}}`.",
            hint="Put `{connection_file}` where the kernel expects its file.",
        )
    return command


def _display_name(
    recipe: Recipe, wrapped: WrappedKernelspec | None, kernel: str, taken: frozenset[str]
) -> str:
    given = recipe.display_name or (wrapped.display_name if wrapped else "")
    shown = display_name(given or " ".join(filter(None, (recipe.name, recipe.version))))
    # JupyterLab and VS Code tell kernels apart by what they show.
    return shown if shown not in taken else display_name(f"{shown} ({kernel})")


def _interrupt_mode(
    recipe: Recipe,
    wrapped: WrappedKernelspec | None,
    command: tuple[str, ...],
    python: PythonFacts | None,
) -> InterruptMode:
    if recipe.kernel and recipe.kernel.interrupt_mode:
        return recipe.kernel.interrupt_mode
    if command:
        return wrapped.interrupt_mode if wrapped else "signal"
    # ipykernel 6 and later answer interrupt_request, which needs no signal path through wrappers
    # and containers; 5.5.6 did not reply to it.
    version = python.ipykernel if python else ""
    major = version.split(".")[0]
    return "message" if major.isdigit() and int(major) >= 6 else "signal"


def _user_site(recipe: Recipe, probes: Probes) -> bool:
    if recipe.kernel and recipe.kernel.user_site is not None:
        return recipe.kernel.user_site
    if probes.container or (probes.python and probes.python.container):
        return False
    kind = probes.environment.kind if probes.environment else ""
    return kind not in ("conda", "venv")


def python_words(plan: ModulePlan | None, found: dict[str, str], base_path: str) -> tuple[str, ...]:
    """The words that may start a module's Python, most likely first.

    `found` maps a word to where the layers' PATH finds it. A shell function wins in bash, so it
    is tried first; a word that only the base system provides is not the module's.
    """
    functions = plan.functions if plan else ()
    base = set(base_path.split(":"))
    words = [word for word in ("python3", "python") if word in functions]
    for word in ("python3", "python"):
        where = found.get(word, "")
        if where and where.rpartition("/")[0] not in base and word not in words:
            words.append(word)
    return tuple(words)
