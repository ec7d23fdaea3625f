"""Named checks of what kernels are made of: this machine's, and those of one kernel."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..diagnosis import Diagnosis, diagnose
from ..environment.containers.runtime import find_runtime, locate_runtime
from ..environment.modules import find_backend
from ..environment.package_checks import check_packages_dir
from ..environment.pythons import describe, probe_python
from ..errors import EnvironmentBroken, KernelkitError
from ..files import explained
from ..model import Plan, PythonFacts
from ..proc import Completed, run
from ..site import Site
from .definition import load
from .draft import raise_for_layers
from .locations import data_root, on_jupyter_path
from .recipes import Catalog
from .states import Installed

_TITLES = {"lmod": "Lmod", "environment-modules": "Environment Modules"}
# What a small kernelspec and its records need, several times over.
_ROOM = 1 << 20
_SHOWN = 3


def of_machine(site: Site) -> Iterator[Diagnosis]:
    """Whether kernels can be made here. Called by `kernelkit doctor`."""
    yield diagnose("kernel directory", lambda: _kernel_directory(site))
    yield diagnose("module system", lambda: _module_system(site))
    yield diagnose("container runtime", lambda: _container_runtime(site))
    yield diagnose("catalog", lambda: _catalog(site))


def of_kernel(kernel: Installed, site: Site) -> Iterator[Diagnosis]:
    """Whether the kernelspec and its layers are as they were made. Called by `kernelkit doctor
    NAME`; no kernel is started, but the layers are."""
    yield diagnose("kernelspec", lambda: _kernelspec(kernel))
    if kernel.metadata is None or kernel.state == "broken":
        why = "they cannot be loaded" if kernel.managed else "kernelkit did not make it"
        yield Diagnosis("skipped", f"Not looked at: {why}.", name="layers")
        return
    layers = _Layers(kernel, float(site.command_timeout))
    loaded = diagnose("layers", layers.check)
    yield loaded
    plan = load(kernel).plan
    if loaded.verdict == "failed" or plan is None or plan.python is None:
        return
    asked: list[PythonFacts] = []

    def python() -> str:
        asked.append(_python(layers, plan))
        return compare_python(asked[0], plan)

    yield diagnose("Python", python)
    if plan.packages_dir and asked:
        yield diagnose("packages dir", lambda: _packages(Path(plan.packages_dir), asked[0]))


# --- this machine --------------------------------------------------------------------------------


def _kernel_directory(site: Site) -> Diagnosis | str:
    root = data_root(site.install_scope)
    directory = root / "kernels"
    existing = next(path for path in (directory, *directory.parents) if path.is_dir())
    with (
        explained(directory, "Writing a file on trial"),
        tempfile.TemporaryFile(dir=existing, buffering=0) as file,
    ):
        file.write(bytes(_ROOM))
    if not on_jupyter_path(root):
        return Diagnosis(
            "warning",
            f"`{directory}` can be written, but Jupyter does not look there.",
            f"Set JUPYTER_PATH to `{root}` where Jupyter runs, or change `install_scope`.",
        )
    return f"`{directory}` can be written."


def _module_system(site: Site) -> Diagnosis | str:
    if site.module_system == "none" and not site.module_init:
        chosen = site.origin("module_system") not in ("detected", "default")
        return Diagnosis(
            "skipped",
            f"{'The settings say none' if chosen else 'None found'}; only kernels made from "
            "modules need one.",
            ""
            if chosen
            else "Set `module_init` to the file that defines `module`, if there is one.",
        )
    backend = find_backend(site)
    title = f"{_TITLES[backend.kind]} {backend.version}"
    modules = backend.available()
    if not modules:
        return Diagnosis(
            "warning",
            f"{title} finds no modules.",
            "Set `module_paths` to the directories that MODULEPATH lacks after "
            f"`. {' '.join(backend.init)}`.",
        )
    return f"{title}, {len(modules)} modules."


def _container_runtime(site: Site) -> Diagnosis | str:
    if site.container_module:
        return f"It comes with the module `{site.container_module}`."
    if site.origin("container_runtime") in ("detected", "default") and not locate_runtime(
        site, site.base_path
    ):
        return Diagnosis(
            "skipped",
            f"None on `{site.base_path}`; only kernels made from images need one.",
            "Set `container_module` to the module that brings it, if there is one.",
        )
    found = find_runtime(site, path=site.base_path)
    return f"{found.kind.capitalize()} {found.version}, `{found.command}`."


def _catalog(site: Site) -> Diagnosis | str:
    catalog = Catalog(site)
    if catalog.warnings:
        return Diagnosis(
            "warning",
            _some(catalog.warnings),
            "`kernelkit catalog validate` explains each mistake.",
        )
    return f"{len(catalog.entries)} recipes."


def _some(sentences: Sequence[str]) -> str:
    more = len(sentences) - _SHOWN
    return " ".join(sentences[:_SHOWN]) + (f" And {more} more." if more > 0 else "")


# --- one kernel ----------------------------------------------------------------------------------


def _kernelspec(kernel: Installed) -> Diagnosis | str:
    why = "; ".join(kernel.reasons)
    if kernel.state == "broken":
        mend = f"`kernelkit upgrade {kernel.name} --force` makes it anew, once that is there again."
        alone = "Whoever made it can mend it; `jupyter kernelspec remove` removes it."
        return Diagnosis("failed", f"It cannot start: {why}.", mend if kernel.managed else alone)
    if kernel.state == "stale":
        return Diagnosis(
            "warning",
            f"It is stale: {why}.",
            f"`kernelkit diff {kernel.name}` shows what is new, `kernelkit upgrade {kernel.name}` "
            "takes it.",
        )
    if not kernel.managed:
        return Diagnosis(
            "ok",
            f"`{kernel.path}`, not made by kernelkit: only its command was looked at.",
            f"`kernelkit adopt {kernel.name}` makes it one of kernelkit's.",
        )
    return f"`{kernel.path}` is as it was made from `{kernel.identity}`."


class _Layers:
    """Runs commands by the kernel's own launch.sh; a LayerRunner."""

    def __init__(self, kernel: Installed, timeout: float) -> None:
        self._words = ["/bin/bash", "-p", str(kernel.directory / "launch.sh"), "--run"]
        self._timeout = timeout

    def __call__(
        self, argv: Sequence[str], *, input: str = "", timeout: float | None = None
    ) -> Completed:
        done = run([*self._words, *argv], input=input, timeout=timeout or self._timeout)
        raise_for_layers(done)
        return done

    def check(self) -> str:
        done = self(["true"])
        if done.returncode:
            raise EnvironmentBroken(
                f"A command in its environment ends with exit code {done.returncode}.",
                hint=f"Run it by hand: `bash {self._words[2]} --run true`.",
                detail=done.tail,
            )
        return "Its environment is made, and a command runs in it."


def _python(layers: _Layers, plan: Plan) -> PythonFacts:
    assert plan.python
    functions = plan.modules.functions if plan.modules else ()
    return probe_python(layers, [plan.python.command], functions=functions)


def compare_python(python: PythonFacts, plan: Plan) -> str:
    """What is behind the layers now, in words. Raises EnvironmentBroken where a kernel that was
    made by `plan` cannot run with it."""
    known = plan.python
    assert known
    hint = "`kernelkit upgrade --force` makes the kernel anew for it."
    if python.version.split(".")[:2] != known.version.split(".")[:2]:
        raise EnvironmentBroken(
            f"It was made for Python {known.version}; now there is {describe(python)}.", hint=hint
        )
    if not python.ipykernel and not plan.ipykernel:
        raise EnvironmentBroken(
            f"{describe(python)} has no ipykernel any more.", hint=f"Install it there again. {hint}"
        )
    own = f"ipykernel {python.ipykernel}" if python.ipykernel else "an ipykernel added beside it"
    return f"{describe(python)}, {own}."


def _packages(directory: Path, python: PythonFacts) -> Diagnosis | str:
    if not directory.is_dir():
        raise KernelkitError(
            f"The packages dir `{directory}` does not exist.",
            hint="`kernelkit pip NAME install …` makes it anew.",
        )
    found = check_packages_dir(directory, python)
    errors = [finding for finding in found if finding.severity == "error"]
    if found:
        worst = (errors or found)[0]
        return Diagnosis("failed" if errors else "warning", worst.message, worst.hint)
    return f"`{directory}` fits."
