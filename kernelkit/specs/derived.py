"""The recipe that an installed kernel would have been made from, where nobody wrote it down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..model import (
    Conda,
    Container,
    ContainerPlan,
    EnvironmentPlan,
    Interpreter,
    KernelCommand,
    KernelMetadata,
    ModulePlan,
    Modules,
    Packages,
    Plan,
    Recipe,
    Venv,
)
from .resolve import LANGUAGE_COMMANDS


def recipe_of_plan(plan: Plan, site_binds: Sequence[str] = ()) -> Recipe:
    """A recipe that resolves to `plan` again; the binds that the site adds are left out."""
    name, _, version = plan.identity.partition("/")
    wrap = _wrapped(plan)
    return Recipe(
        name=name,
        version=version,
        display_name=plan.display_name,
        description=plan.description,
        language="" if wrap else plan.language,
        wrap=wrap,
        modules=_modules(plan.modules) if plan.modules else None,
        container=_container(plan.container, site_binds) if plan.container else None,
        packages=Packages(dir=plan.packages_dir) if plan.packages_dir else None,
        kernel=None if wrap else _kernel(plan),
        env={} if wrap else dict(plan.env),
        env_passthrough=plan.env_passthrough,
        resources=plan.resources,
        troubleshoot=plan.troubleshoot,
        **_environment(plan.environment),
    )


def _wrapped(plan: Plan) -> str | None:
    file = plan.provenance.file
    if plan.provenance.origin != "kernelspec" or not plan.command or file is None:
        return None
    return Path(file.path).parent.name


def _modules(plan: ModulePlan) -> Modules:
    return Modules(
        load=tuple(module.name for module in plan.loads if module.asked),
        use=plan.use,
        collection=plan.collection,
        baseline=plan.baseline,
    )


def _container(plan: ContainerPlan, site_binds: Sequence[str]) -> Container:
    return Container(
        image=plan.source or plan.image.path,
        binds=tuple(bind for bind in plan.binds if bind not in site_binds),
        gpu=plan.gpu,
        clean_env=plan.clean_env,
        contain=plan.contain,
        overlay=plan.overlay,
    )


def _environment(plan: EnvironmentPlan | None) -> dict[str, Any]:
    if plan is None:
        return {}
    if plan.kind == "interpreter":
        return _environment_of(plan.kind, plan.interpreter)
    return _environment_of(plan.kind, plan.prefix)


def _environment_of(kind: str, place: str) -> dict[str, Any]:
    if kind == "conda":
        return {"conda": Conda(environment=place)}
    if kind == "venv":
        return {"venv": Venv(path=place)}
    return {"python": Interpreter(interpreter=place)}


def _kernel(plan: Plan) -> KernelCommand | None:
    usual = LANGUAGE_COMMANDS.get(plan.language, ())
    command = plan.command if plan.command != usual else ()
    in_container = plan.container or (plan.python and plan.python.container)
    kind = plan.environment.kind if plan.environment else ""
    default = not in_container and kind not in ("conda", "venv")
    user_site = plan.user_site if plan.user_site != default else None
    if not command and user_site is None:
        return None
    mode = plan.interrupt_mode if command else None
    return KernelCommand(command=command, interrupt_mode=mode, user_site=user_site)


def recipe_of_metadata(kernel: Mapping[str, Any], metadata: KernelMetadata) -> Recipe:
    """What kernel.json alone tells: its layers, without variables, which never stand there."""
    name, _, version = metadata.identity.partition("/")
    # One line a layer, `KIND REST`, as `spec.layers` writes them.
    told = dict(line.partition(" ")[::2] for line in metadata.layers)
    places = {mark.role: mark.path for mark in metadata.marks}
    layers: dict[str, Any] = {}
    if "modules" in told:
        layers["modules"] = Modules(load=tuple(told["modules"].split()))
    if "container" in told:
        layers["container"] = Container(image=told["container"])
    for kind in ("conda", "venv", "interpreter"):
        if kind in told:
            role: Any = "interpreter" if kind == "interpreter" else "environment"
            layers |= _environment_of(kind, places.get(role, told[kind]))
    if "packages" in told:
        layers["packages"] = Packages(dir=told["packages"])
    return Recipe(
        name=name or "kernel",
        version=version,
        display_name=str(kernel.get("display_name") or ""),
        language=str(kernel.get("language") or "").lower(),
        resources=metadata.resources,
        **layers,
    )
