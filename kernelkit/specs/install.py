"""From a Source to a kernelspec ready to be put in place: every effect of an install but the last.

The order is that of the layers: modules, container, environment, packages dir; then the Python
behind them all is asked what it is, an ipykernel is added if it has none, and both files are
rendered. Nothing is written to a kernels directory here; `store` does that.
"""

from __future__ import annotations

import datetime
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import msgspec

from ..environment.condas import find_conda
from ..environment.containers import (
    check_allowed,
    find_runtime,
    inspect_image,
    locate_runtime,
)
from ..environment.modules import Resolution, find_backend, module_backend_or_none
from ..environment.places import locate
from ..environment.pythons import probe_python
from ..environment.venvs import find_interpreter, find_venv
from ..errors import EnvironmentBroken, KernelkitError, NotFound, RecipeError
from ..files import digest, mark_file
from ..model import (
    AddedIpykernel,
    ContainerPlan,
    EnvironmentPlan,
    LayerRecord,
    Modules,
    Plan,
)
from ..names import is_image_reference
from ..site import Site
from .draft import Draft
from .resolve import (
    LANGUAGE_HINTS,
    LANGUAGE_PROBES,
    Probes,
    is_python,
    python_words,
    resolve_plan,
)
from .script import render_script
from .sources import Source, load_wrapped
from .spec import render_kernel_json, render_record

# What sites call the module of a container runtime, where PATH has none without it.
_RUNTIME_MODULES = ("apptainer", "singularity", "singularityce", "singularity-ce")


class Progress(Protocol):
    """Told what goes on; the command line shows it, the server streams it."""

    def step(self, name: str, text: str) -> AbstractContextManager[None]: ...
    def line(self, text: str) -> None: ...
    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class Prepared:
    """A kernelspec in full, not yet on any disk: `files` by name with their modes."""

    plan: Plan
    files: dict[str, tuple[bytes, int]]
    record: bytes
    changes: tuple[LayerRecord, ...] = ()

    @property
    def script(self) -> str:
        """launch.sh, as text."""
        return self.files["launch.sh"][0].decode("utf-8", "replace")

    @property
    def kernel_json(self) -> str:
        """kernel.json, as text."""
        return self.files["kernel.json"][0].decode()


@dataclass(frozen=True)
class Options:
    """What the user asked for besides the source itself."""

    root: Path
    name: str | None = None
    packages: str | None = None
    dry_run: bool = False
    # Display names of other kernels: two of one name confuse VS Code and JupyterLab.
    taken_display_names: frozenset[str] = frozenset()
    fallback_logo: Callable[[str], Path | None] = field(default=lambda language: None)


def prepare(source: Source, site: Site, options: Options, progress: Progress) -> Prepared:
    """Resolve, probe and render. Called by `install`, `create` and the server's preview.

    Raises any KernelkitError; `error.step` names the step that failed. Writes nothing but what
    is shared between kernels and immutable (a pulled image, an added ipykernel).
    """
    return _Preparation(source, site, options, progress).run()


@contextmanager
def in_step(progress: Progress, name: str, text: str) -> Iterator[None]:
    """One named step: shown while it runs, and named by the error when it fails."""
    try:
        with progress.step(name, text):
            yield
    except KernelkitError as error:
        error.step = error.step or name
        raise


class _Preparation:
    def __init__(self, source: Source, site: Site, options: Options, progress: Progress) -> None:
        self.source, self.site, self.options, self.progress = source, site, options, progress
        self.recipe = source.recipe
        self.resolution: Resolution | None = None
        self.runtime_module = site.container_module if source.recipe.container else ""
        self.probes = Probes(base_path=site.base_path, cache_root=site.cache_root)

    def run(self) -> Prepared:
        recipe = self.recipe
        if recipe.wrap:
            self._add(wrapped=load_wrapped(self._wrapped_directory(recipe.wrap)))
        self._add(
            allowed_variables=tuple(self.site.allowed_variables),
            taken_display_names=self.options.taken_display_names,
            project=self.source.project,
        )
        # Before any work: a recipe that contradicts itself, a bad name, a forbidden variable.
        self._plan()
        if recipe.modules or self.runtime_module:
            with self._step("modules", self._modules_text()):
                self._modules()
        if recipe.container:
            self._bring_runtime()
            with self._step("container", f"Looking at the image {recipe.container.image}"):
                self._container()
        if recipe.conda or recipe.venv or recipe.python:
            with self._step("environment", "Looking at the environment"):
                self._add(environment=self._environment())
        # Without the packages dir: what it shadows, and the layers' own PYTHONPATH, show only so.
        with self._draft() as draft:
            self._probe(draft)
        self._packages_dir()
        with self._draft() as draft:
            self._check(draft)
            with self._step("record", "Recording what each layer changes"):
                changes = self._changes(draft)
        self._logo()
        return self._render(changes)

    def _draft(self) -> Draft:
        return Draft(self._plan(), timeout=self._timeout, visible=self._visible())

    def _step(self, name: str, text: str) -> AbstractContextManager[None]:
        return in_step(self.progress, name, text)

    def _add(self, **found: object) -> None:
        self.probes = replace(self.probes, **found)  # type: ignore[arg-type]

    def _plan(self) -> Plan:
        return resolve_plan(
            self.recipe, self.source.provenance, self.probes, name=self.options.name
        )

    # --- modules ---------------------------------------------------------------------------------

    def _modules_text(self) -> str:
        return "Loading " + (" ".join(self._asked()) or "modules") + " in a clean shell"

    def _asked(self) -> tuple[str, ...]:
        named = self.recipe.modules.load if self.recipe.modules else ()
        if self.runtime_module and self.runtime_module not in named:
            return (self.runtime_module, *named)
        return named

    def _bring_runtime(self) -> None:
        """Load the module system's own container runtime where no other one is to be found."""
        if self.runtime_module or locate_runtime(self.site, self._path()):
            return
        backend = module_backend_or_none(self.site)
        fitting = [backend.find(name) for name in _RUNTIME_MODULES] if backend else []
        found = next(filter(None, fitting), ())
        if not found:
            return
        self.runtime_module = next((m for m in found if m.default), found[-1]).name
        with self._step("modules", self._modules_text()):
            self._modules()
            self.progress.note(f"The module {self.runtime_module} brings the container runtime.")

    def _modules(self) -> None:
        wanted = self.recipe.modules or Modules()
        base = self.source.base
        self.resolution = find_backend(self.site).resolve(
            self._asked(),
            use=[str(locate(text, base=base).path) for text in wanted.use],
            collection=wanted.collection,
            baseline=wanted.baseline or self.site.module_baseline,
            on_step=self.progress.line,
        )
        self._add(modules=self.resolution.plan)
        for text in self.resolution.texts:
            self.progress.note(text)

    def _path(self) -> str:
        found = self.resolution.environment.get("PATH") if self.resolution else None
        return found or self.site.base_path

    # --- container and environment ---------------------------------------------------------------

    def _container(self) -> None:
        wanted = self.recipe.container
        assert wanted
        runtime = find_runtime(self.site, path=self._path())
        digest_kept, reference = "", ""
        if is_image_reference(wanted.image):
            from ..environment.containers.registry import pull_image

            reference = wanted.image
            path, digest_kept = pull_image(
                reference, self.site, runtime, on_line=self.progress.line
            )
        else:
            path = locate(wanted.image, base=self.source.base).path
            check_allowed(str(path), self.site)
        found: ContainerPlan = inspect_image(path, runtime=runtime)
        # By name where a module brings it: the module then decides which one.
        by_module = runtime.command.rpartition("/")[0] not in self.site.base_path.split(":") and (
            self.resolution is not None
        )
        overlay = wanted.overlay and str(locate(wanted.overlay, base=self.source.base).path)
        self._add(
            container=msgspec.structs.replace(
                found,
                runtime=Path(runtime.command).name if by_module else runtime.command,
                source=reference,
                digest=digest_kept,
                binds=(*self.site.container_binds, *wanted.binds),
                gpu=wanted.gpu,
                clean_env=wanted.clean_env,
                contain=wanted.contain,
                overlay=overlay,
            )
        )

    def _environment(self) -> EnvironmentPlan:
        base, file = self.source.base, self.source.recipe_file
        recipe = self.recipe
        if recipe.conda:
            return find_conda(
                recipe.conda.environment, base=base, path=self._path(), recipe_file=file
            )
        if recipe.venv:
            inside = recipe.container is not None
            return find_venv(recipe.venv.path, base=base, recipe_file=file, in_container=inside)
        assert recipe.python
        return find_interpreter(recipe.python.interpreter, base=base, recipe_file=file)

    def _packages_dir(self) -> None:
        given = self.options.packages or (self.recipe.packages and self.recipe.packages.dir)
        if not given:
            return
        from ..environment.packages import resolve_packages_dir

        from_recipe = not self.options.packages
        base = self.source.base if from_recipe else Path.cwd()
        kernel = self._plan().kernel_name
        create = not self.options.dry_run
        path = resolve_packages_dir(given, self.site, kernel, base=base, create=create)
        relative = ""
        if from_recipe and self.source.recipe_file and "/" in given:
            relative = locate(given, base=base, recipe_file=self.source.recipe_file).relative
        self._add(packages_dir=str(path), packages_relative=relative)

    def _wrapped_directory(self, name: str) -> Path:
        from .locations import kernel_dirs

        for directory in kernel_dirs():
            if (directory / name / "kernel.json").is_file():
                return directory / name
        raise NotFound(f"There is no kernelspec `{name}` to wrap.", hint="See `kernelkit list`.")

    def _visible(self) -> tuple[str, ...]:
        """What the probes need to see in a container besides what the kernel will see."""
        from ..environment.ipykernels import needed_binds

        containers = self.probes.container or self.probes.modules
        return needed_binds(self._data) if containers else ()

    @property
    def _data(self) -> Path:
        return Path(self.site.packages_root).parent

    # --- what is behind the layers ---------------------------------------------------------------

    def _probe(self, draft: Draft) -> None:
        self._guess_language(draft)
        plan = self._plan()
        if not is_python(self.recipe, self.probes.wrapped):
            self._probe_command(draft, plan)
            return
        with self._step("python", "Asking Python what it is"):
            python = probe_python(
                draft, self._words(draft), functions=self._functions(), timeout=self._timeout
            )
            self._add(python=python)
            self.progress.note(
                f"Python {python.version} at {python.executable}"
                + (f" in {python.container}" if python.container else "")
            )
        if not python.ipykernel:
            with self._step("ipykernel", "Adding an ipykernel that fits this Python"):
                self._add_ipykernel(draft)

    def _check(self, draft: Draft) -> None:
        if not self.probes.python:
            return
        if self.recipe.requires:
            with self._step("requires", "Looking for " + ", ".join(self.recipe.requires)):
                self._check_requires(draft)
        if self.probes.packages_dir:
            self._check_packages()

    @property
    def _timeout(self) -> float:
        return float(self.site.command_timeout)

    def _functions(self) -> tuple[str, ...]:
        return self.probes.modules.functions if self.probes.modules else ()

    def _words(self, draft: Draft) -> tuple[str, ...]:
        if self.probes.environment:
            if not self.probes.environment.interpreter:
                raise EnvironmentBroken(
                    f"`{self.probes.environment.prefix}` has no Python.",
                    hint="Give its `language` (r, julia …), or install Python into it.",
                )
            return (self.probes.environment.interpreter,)
        if self.probes.container:
            return ("python3", "python")
        words = python_words(self.probes.modules, self._found_on_path(), self.site.base_path)
        if not words:
            named = " ".join(self.recipe.modules.load) if self.recipe.modules else ""
            raise EnvironmentBroken(
                f"`{named or self.recipe.identity}` brings no Python, R or Julia.",
                hint="Add what the kernel should run: `--python /usr/bin/python3`, `--venv`, "
                "`--conda`, `--container`, or another module.",
            )
        return words

    def _found_on_path(self) -> dict[str, str]:
        words = ("python3", "python", "R", "julia")
        return {w: p for w in words if (p := shutil.which(w, path=self._path()))}

    def _guess_language(self, draft: Draft) -> None:
        recipe, probes = self.recipe, self.probes
        if recipe.language or probes.wrapped or recipe.kernel and recipe.kernel.command:
            return
        if probes.environment and not probes.environment.interpreter:
            has_r = (Path(probes.environment.prefix) / "bin/R").exists()
            self._speak("r" if has_r else "python")
            return
        if probes.environment or probes.container or not probes.modules:
            return
        found, base = self._found_on_path(), set(self.site.base_path.split(":"))
        if python_words(probes.modules, found, self.site.base_path):
            return
        for word, language in (("R", "r"), ("julia", "julia")):
            if word in found and found[word].rpartition("/")[0] not in base:
                self._speak(language)
                return

    def _speak(self, language: str) -> None:
        self.recipe = msgspec.structs.replace(self.recipe, language=language)

    def _probe_command(self, draft: Draft, plan: Plan) -> None:
        probe = LANGUAGE_PROBES.get(plan.language)
        if not probe or self.probes.wrapped:
            return
        with self._step("kernel", f"Asking {plan.language} for its Jupyter kernel"):
            own = self.recipe.kernel.command if self.recipe.kernel else ()
            # The recipe's own interpreter, where it names one for the same kind of command.
            first = own[0] if own and plan.language in ("bash", "r", "julia") else probe[0]
            done = draft((first, *probe[1:]), timeout=self._timeout)
            if done.returncode:
                raise EnvironmentBroken(
                    f"The Jupyter kernel for {plan.language} was not found in these layers.",
                    hint=LANGUAGE_HINTS[plan.language],
                    detail=done.tail,
                )
            self.progress.note(f"{plan.language} kernel {done.stdout.strip().splitlines()[-1]}")

    def _add_ipykernel(self, draft: Draft) -> None:
        from ..environment.ipykernels import add_ipykernel

        python = self.probes.python
        assert python
        if self.options.dry_run:
            self.progress.note("ipykernel is missing: an install adds one, a dry run does not.")
            self._add(ipykernel=AddedIpykernel(dir="(added at install)", distributions={}))
            return
        added = add_ipykernel(draft, python, root=self._data, on_line=self.progress.line)
        version = added.distributions.get("ipykernel", "")
        completed = msgspec.structs.replace(
            python, ipykernel=version, debugger=added.debugger, curve=added.curve
        )
        self._add(ipykernel=added, python=completed)
        self.progress.note(f"ipykernel {version} from {added.dir}")

    def _check_requires(self, draft: Draft) -> None:
        python = self.probes.python
        assert python
        names = list(self.recipe.requires)
        code = (
            "import sys, importlib.util as u\n"
            f"print('\\n'.join(n for n in {names!r} if u.find_spec(n) is None))"
        )
        done = draft([python.command, "-"], input=code, timeout=self._timeout)
        missing = done.stdout.split()
        if done.returncode or missing:
            raise EnvironmentBroken(
                f"The recipe needs {', '.join(f'`{n}`' for n in missing or names)}, which this "
                "Python does not have.",
                hint="Check the recipe's `requires`, or use the version it was made for.",
                detail=done.tail,
            )

    def _check_packages(self) -> None:
        from ..environment.package_checks import check_packages_dir

        assert self.probes.python
        path = Path(self.probes.packages_dir)
        if not path.is_dir():
            return
        with self._step("packages", f"Checking {path}"):
            findings = check_packages_dir(path, self.probes.python)
            errors = [found.message for found in findings if found.severity == "error"]
            if errors:
                raise EnvironmentBroken(
                    f"The packages dir `{path}` does not fit this Python: {errors[0]}",
                    hint="Remove what does not fit, or give another `--packages` directory.",
                    detail="\n".join(errors[1:]),
                )
            for found in findings:
                self.progress.note(found.message)

    def _changes(self, draft: Draft) -> tuple[LayerRecord, ...]:
        traced = draft.trace()
        if not self.resolution:
            return traced
        # One record a module says more than one for them all.
        return tuple(
            record
            for found in traced
            for record in (
                self.resolution.records if found.layer.startswith("Modules") else (found,)
            )
        )

    # --- files -----------------------------------------------------------------------------------

    def _logo(self) -> None:
        logo = self.source.logo or self.options.fallback_logo(self._plan().language)
        if logo:
            self._add(logo=mark_file(logo, hashed=True))

    def _render(self, changes: tuple[LayerRecord, ...]) -> Prepared:
        plan = self._plan()
        files = {"launch.sh": (render_script(plan), 0o755)}
        if plan.logo:
            source = Path(plan.logo.path)
            named = "logo-svg.svg" if source.suffix == ".svg" else "logo-64x64.png"
            files[named] = (source.read_bytes(), 0o644)
        digests = {name: digest(data) for name, (data, _) in files.items()}
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        kernel = render_kernel_json(
            plan,
            directory=self.options.root / "kernels" / plan.kernel_name,
            installed=now,
            digests=digests,
        )
        files["kernel.json"] = (kernel, 0o644)
        return Prepared(plan, files, render_record(plan, changes), changes)


def require_absolute(root: Path) -> Path:
    """`root` as kernel.json may name it. Raises RecipeError for what Jupyter would misread."""
    if "{" in str(root) or not os.path.isabs(root):  # noqa: PTH117
        raise RecipeError(
            f"`{root}` cannot hold kernels: Jupyter reads `{{…}}` in a path as a placeholder.",
            hint="Choose another directory.",
        )
    return root
