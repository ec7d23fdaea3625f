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
    """The whole list in order. `swapped` are pairs of what was asked for and the full name that it
    stands for, `taken_out` of a module that the baseline loads and the one that took it out."""

    loads: tuple[Load, ...]
    swapped: tuple[tuple[str, str], ...]
    taken_out: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]


def resolve(services: Services, body: ToResolve) -> Resolved:
    """Load the modules in a clean shell and tell what came of it."""
    from ..environment.modules import find_backend

    site = services.site
    try:
        backend = find_backend(site)
        baseline = body.baseline or site.module_baseline
        found = backend.resolve(
            body.load, use=body.use, collection=body.collection, baseline=baseline
        )
        about = {module.name: module.whatis for module in backend.available()}
    except Cancelled:
        raise
    except KernelkitError as error:
        path = ("modules", "load")
        problem = Problem(path=path, message=error.message, detail=error.detail, hint=error.hint)
        return Resolved(loads=(), swapped=(), taken_out=(), problems=(problem,))
    loads = tuple(
        Load(name=m.name, file=m.file.path, asked=m.asked, description=about.get(m.name, ""))
        for m in found.plan.loads
    )
    swapped = tuple((text, full) for text, full in found.meant if text != full)
    return Resolved(loads=loads, swapped=swapped, taken_out=found.taken_out, problems=())
