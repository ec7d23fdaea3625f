"""The layers of an install, found on this machine: modules, container, environment, packages."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ..environment.condas import find_conda
from ..environment.containers import check_allowed, find_runtime, inspect_image, locate_runtime
from ..environment.modules import find_backend, module_backend_or_none
from ..environment.places import locate
from ..environment.venvs import find_interpreter, find_venv
from ..errors import NotFound
from ..model import ContainerPlan, EnvironmentPlan, Modules
from ..names import is_image_reference
from .sources import load_wrapped
from .work import Work

# Modules that bring a container runtime, by the names sites give them.
_RUNTIME_MODULES = ("apptainer", "singularity", "singularity-ce", "singularityce")


def find_layers(work: Work) -> None:
    """Everything below the packages dir, in the order in which a kernel's layers apply."""
    recipe = work.recipe
    if recipe.wrap:
        work.add(wrapped=load_wrapped(_wrapped_directory(work, recipe.wrap)))
    work.add(
        allowed_variables=tuple(work.site.allowed_variables),
        taken_display_names=work.options.taken_display_names,
        project=work.source.project,
    )
    # Before any work: a recipe that contradicts itself, a bad name, a forbidden variable.
    work.plan()
    if recipe.modules or work.runtime_module:
        with work.step("modules", _modules_text(work)):
            _modules(work)
    if recipe.container:
        _bring_runtime(work)
        with work.step("container", f"Looking at the image {recipe.container.image}"):
            _container(work)
    if recipe.conda or recipe.venv or recipe.python:
        with work.step("environment", "Looking at the environment"):
            work.add(environment=_environment(work))


# --- modules ---------------------------------------------------------------------------------


def _modules_text(work: Work) -> str:
    return "Loading " + (" ".join(_asked(work)) or "modules") + " in a clean shell"


def _asked(work: Work) -> tuple[str, ...]:
    named = work.recipe.modules.load if work.recipe.modules else ()
    if work.runtime_module and work.runtime_module not in named:
        return (work.runtime_module, *named)
    return named


def _bring_runtime(work: Work) -> None:
    """Load the module system's own container runtime where no other one is to be found."""
    if work.runtime_module or locate_runtime(work.site, work.path):
        return
    backend = module_backend_or_none(work.site)
    fitting = [backend.find(name) for name in _RUNTIME_MODULES] if backend else []
    found = next(filter(None, fitting), ())
    if not found:
        return
    work.runtime_module = next((m for m in found if m.default), found[-1]).name
    with work.step("modules", _modules_text(work)):
        _modules(work)
        work.progress.note(f"The module {work.runtime_module} brings the container runtime.")


def _modules(work: Work) -> None:
    wanted = work.recipe.modules or Modules()
    base = work.source.base
    work.resolution = find_backend(work.site).resolve(
        _asked(work),
        use=[str(locate(text, base=base).path) for text in wanted.use],
        collection=wanted.collection,
        baseline=wanted.baseline or work.site.module_baseline,
        on_step=work.progress.line,
    )
    work.add(modules=work.resolution.plan)
    for text in work.resolution.texts:
        work.progress.note(text)


# --- container and environment ---------------------------------------------------------------


def _container(work: Work) -> None:
    wanted = work.recipe.container
    assert wanted
    runtime = find_runtime(work.site, path=work.path)
    digest_kept, reference = "", ""
    if is_image_reference(wanted.image):
        from ..environment.containers.registry import pull_image

        reference = wanted.image
        path, digest_kept = pull_image(
            reference,
            work.site,
            runtime,
            on_line=work.progress.line,
            env=work.resolution.environment if work.resolution else None,
        )
    else:
        path = locate(wanted.image, base=work.source.base).path
        check_allowed(str(path), work.site)
    found: ContainerPlan = inspect_image(path, runtime=runtime)
    # By name where a module brings it: the module then decides which one.
    by_module = runtime.command.rpartition("/")[0] not in work.site.base_path.split(":") and (
        work.resolution is not None
    )
    overlay = wanted.overlay and str(locate(wanted.overlay, base=work.source.base).path)
    work.add(
        container=msgspec.structs.replace(
            found,
            runtime=Path(runtime.command).name if by_module else runtime.command,
            source=reference,
            digest=digest_kept,
            binds=(*work.site.container_binds, *wanted.binds),
            gpu=wanted.gpu,
            clean_env=wanted.clean_env,
            contain=wanted.contain,
            overlay=overlay,
        )
    )


def _environment(work: Work) -> EnvironmentPlan:
    base, file = work.source.base, work.source.recipe_file
    recipe = work.recipe
    if recipe.conda:
        return find_conda(recipe.conda.environment, base=base, path=work.path, recipe_file=file)
    if recipe.venv:
        inside = recipe.container is not None
        return find_venv(recipe.venv.path, base=base, recipe_file=file, in_container=inside)
    assert recipe.python
    return find_interpreter(recipe.python.interpreter, base=base, recipe_file=file)


def find_packages_dir(work: Work) -> None:
    """The packages dir, of the command line or of the recipe; made when it is missing."""
    given = work.options.packages or (work.recipe.packages and work.recipe.packages.dir)
    if not given:
        return
    from ..environment.packages import resolve_packages_dir

    from_recipe = not work.options.packages
    base = work.source.base if from_recipe else Path.cwd()
    kernel = work.plan().kernel_name
    create = not work.options.dry_run
    path = resolve_packages_dir(given, work.site, kernel, base=base, create=create)
    relative = ""
    if from_recipe and work.source.recipe_file and "/" in given:
        relative = locate(given, base=base, recipe_file=work.source.recipe_file).relative
    work.add(packages_dir=str(path), packages_relative=relative)


def _wrapped_directory(work: Work, name: str) -> Path:
    from .locations import kernel_dirs

    for directory in kernel_dirs():
        if (directory / name / "kernel.json").is_file():
            return directory / name
    raise NotFound(f"There is no kernelspec `{name}` to wrap.", hint="See `kernelkit list`.")
