"""What loading modules would come to, before anything is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Cancelled, KernelkitError
from ..model import Baseline
from .answers import Answer, Body, Problem

if TYPE_CHECKING:
    from .services import Services


class ToResolve(Body, frozen=True):
    """Modules to load, in order, as a recipe has them."""

    load: tuple[str, ...] = ()
    use: tuple[str, ...] = ()
    collection: str | None = None
    baseline: Baseline | None = None


class Load(Answer, frozen=True):
    """One module as it really loads; `asked` is False for one that the others need."""

    name: str
    file: str
    asked: bool
    description: str


class Resolved(Answer, frozen=True):
    """The whole list in order. `swapped` are pairs of what was asked for and what came instead."""

    loads: tuple[Load, ...]
    swapped: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]


def resolve(services: Services, body: ToResolve) -> Resolved:
    """Load the modules in a clean shell and tell what came of it."""
    from ..environment.modules import find_backend

    site = services.site
    try:
        backend = find_backend(site)
        baseline = body.baseline or site.module_baseline
        plan = backend.resolve(
            body.load, use=body.use, collection=body.collection, baseline=baseline
        ).plan
        about = {module.name: module.whatis for module in backend.available()}
    except Cancelled:
        raise
    except KernelkitError as error:
        path = ("modules", "load")
        problem = Problem(path=path, message=error.message, detail=error.detail, hint=error.hint)
        return Resolved(loads=(), swapped=(), problems=(problem,))
    loads = tuple(
        Load(name=m.name, file=m.file.path, asked=m.asked, description=about.get(m.name, ""))
        for m in plan.loads
    )
    return Resolved(loads=loads, swapped=_swapped(body.load, loads), problems=())


def _swapped(asked: tuple[str, ...], loads: tuple[Load, ...]) -> tuple[tuple[str, str], ...]:
    """What came for each name that was not the full one."""
    from ..environment.modules.catalogue import begins

    names = [load.name for load in loads if load.asked]
    found = []
    for text in asked:
        full = next((name for name in names if begins(name, text)), None)
        if full is not None and full != text:
            found.append((text, full))
    return tuple(found)
