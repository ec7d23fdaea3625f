"""What kernels can be made of here, searched: recipes, modules, images, environments, kernels."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from ..errors import KernelkitError
from ..specs.offers import matching_words, with_kernels
from ..specs.sources import source_of_candidate
from .answers import (
    Kind,
    Limit,
    ModuleInfo,
    Offer,
    OfferInfo,
    Offers,
    OfferVerified,
    Offset,
    Query,
)

if TYPE_CHECKING:
    from ..environment.modules import Backend
    from ..model import Recipe
    from ..site import Site
    from ..specs.candidates import Candidate
    from .services import Services

# How long an offer is believed, and how long a request waits for the first reading of modules.
_SECONDS = 300.0
_PATIENCE = 1.5

_KINDS: dict[str, Kind] = {
    "catalog": "recipe", "module": "module", "image": "image", "conda": "conda", "venv": "venv",
    "kernelspec": "kernelspec",
}  # fmt: skip


class CatalogQuery(Query, frozen=True):
    """`q` are words that must all occur; `refresh` reads the modules anew."""

    q: Annotated[str, Meta(max_length=200)] = ""
    kind: Kind | None = None
    limit: Limit = 200
    offset: Offset = 0
    refresh: bool = False


class InfoQuery(Query, frozen=True):
    """`id` is an offer's identity."""

    id: str


@dataclass(frozen=True)
class Stock:
    """All offers as of `taken`; `reading` while the modules are not among them yet.

    `modules` are all modules, those that a recipe of the same identity stands for included.
    """

    candidates: tuple[Candidate, ...] = ()
    modules: tuple[Candidate, ...] = ()
    problems: tuple[str, ...] = ()
    taken: float = 0.0
    got: float = field(default_factory=time.monotonic)
    reading: bool = False


class Shelf:
    """The offers of this machine, read at most once at a time.

    Reading thousands of modules for the first time takes minutes on a slow disk: that goes on
    beside the requests, which are answered with what there is.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._stock: Stock | None = None
        self._reader: threading.Thread | None = None

    def stock(self, *, refresh: bool = False) -> Stock:
        """The offers, minutes old at most; with `refresh` read anew, and waited for."""
        with self._lock:
            known = self._stock
            old = known is None or time.monotonic() - known.got > _SECONDS
            if (refresh or old) and self._reader is None:
                self._reader = threading.Thread(target=self._read, args=(refresh,), daemon=True)
                self._reader.start()
            reader = self._reader
        if reader is not None and (refresh or known is None):
            reader.join(None if refresh else _PATIENCE)
        with self._lock:
            found = self._stock
        if found is not None:
            return found
        return _read_stock(self._services.site, with_modules=False)

    def outdate(self) -> None:
        """Have them read again beside the next request: kernels are among the offers."""
        with self._lock:
            if self._stock is not None:
                self._stock = dataclasses.replace(self._stock, got=-_SECONDS)

    def _read(self, refresh: bool) -> None:
        found: Stock
        try:
            found = _read_stock(self._services.site, with_modules=True, refresh=refresh)
        except KernelkitError as error:
            found = Stock(problems=(f"{error.message} {error.hint}".strip(),), taken=time.time())
        finally:
            with self._lock:
                self._reader = None
        with self._lock:
            self._stock = found


def _read_stock(site: Site, *, with_modules: bool, refresh: bool = False) -> Stock:
    from ..specs.candidates import ModulesHere, of_module
    from ..specs.offers import list_candidates
    from ..specs.recipes import Catalog

    taken = time.time()
    problems: list[str] = []
    catalog = Catalog(site)
    backend = _backend(site, problems, refresh=refresh) if with_modules else None
    found = list_candidates(site, catalog, backend)
    problems += catalog.warnings
    if not with_modules:
        # Without the modules, every recipe would seem to miss its own.
        found = tuple(dataclasses.replace(candidate, missing=()) for candidate in found)
    modules = map(of_module, ModulesHere(backend.available()).modules) if backend else ()
    return Stock(found, tuple(modules), tuple(problems), taken, reading=not with_modules)


def _backend(site: Site, problems: list[str], *, refresh: bool) -> Backend | None:
    """The module system with its modules read; None, and a problem, where that fails."""
    from ..environment.modules import module_backend_or_none

    try:
        backend = module_backend_or_none(site)
        if backend is not None:
            backend.available(refresh=refresh)
        return backend
    except KernelkitError as error:
        problems.append(f"The modules cannot be listed: {error.message} {error.hint}".strip())
        return None


# --- the routes ----------------------------------------------------------------------------------


def list_offers(services: Services, query: CatalogQuery) -> Offers:
    """A page of what kernels can be made of, best first."""
    stock = services.shelf.stock(refresh=query.refresh)
    found = _searched(stock.candidates, query)
    counts: dict[str, int] = dict.fromkeys(_KINDS.values(), 0)
    for candidate in found:
        counts[_KINDS[candidate.origin]] += 1
    if query.kind is not None:
        found = [c for c in found if _KINDS[c.origin] == query.kind]
    return _page(services, found, counts, query, stock)


def list_modules(services: Services, query: CatalogQuery) -> Offers:
    """A page of the modules that a recipe can load: all of them, best first."""
    stock = services.shelf.stock(refresh=query.refresh)
    found = _searched(stock.modules, query)
    return _page(services, found, {"module": len(found)}, query, stock)


def _searched(candidates: Sequence[Candidate], query: CatalogQuery) -> Sequence[Candidate]:
    words = query.q.split()
    return matching_words(candidates, words) if words else candidates


def _page(
    services: Services,
    found: Sequence[Candidate],
    counts: dict[str, int],
    query: CatalogQuery,
    stock: Stock,
) -> Offers:
    shown = found[query.offset : query.offset + query.limit]
    page = with_kernels(shown, services.installed.get())
    return Offers(
        items=tuple(map(_offer, page)),
        total=len(found),
        counts=counts,
        taken=stock.taken,
        reading=stock.reading,
        problems=stock.problems,
    )


def tell_offer(services: Services, query: InfoQuery) -> OfferInfo:
    """One offer in full, and the recipe that installing it would go by.

    Raises NotFound, Ambiguous and InvalidName.
    """
    from ..environment.modules import module_backend_or_none
    from ..specs.candidates import choose
    from ..specs.recipes import Catalog

    stock = services.shelf.stock()
    chosen = next((c for c in stock.candidates if c.identity == query.id), None)
    if chosen is None:
        site = services.site
        chosen = choose(query.id, site, Catalog(site), module_backend_or_none(site))
    [chosen] = with_kernels([chosen])
    recipe = source_of_candidate(chosen, chosen.identity).recipe
    module = chosen.module
    return OfferInfo(
        offer=_offer(chosen),
        layers=tuple(_layers(recipe)),
        troubleshoot=recipe.troubleshoot,
        recipe=recipe,
        module=None
        if module is None
        else ModuleInfo(file=module.path, description=module.description, requires=module.parents),
    )


def _offer(candidate: Candidate) -> Offer:
    recipe = candidate.entry.recipe if candidate.entry else None
    verified = recipe.verified if recipe else None
    return Offer(
        identity=candidate.identity,
        name=candidate.name,
        version=_version(candidate),
        kind=_KINDS[candidate.origin],
        display_name=(recipe.display_name if recipe else "") or candidate.identity,
        description=candidate.description,
        default=candidate.default,
        path=candidate.path,
        installed=candidate.kernel.name if candidate.kernel else None,
        installed_state=candidate.kernel.state if candidate.kernel else None,
        source=candidate.entry.provenance.catalog if candidate.entry else "",
        verified=OfferVerified(against=verified.against, on=verified.on.isoformat())
        if verified
        else None,
        install=candidate.identity,
        missing=candidate.missing,
        needs=candidate.module.parents if candidate.module else (),
    )


def _version(candidate: Candidate) -> str:
    if candidate.origin not in ("catalog", "module"):
        return ""
    return candidate.identity.removeprefix(candidate.name).lstrip("/")


def _layers(recipe: Recipe) -> Iterator[str]:
    """One line a layer, as `specs.spec.layers` words those of an installed kernel."""
    if recipe.modules:
        yield "modules " + " ".join(recipe.modules.load)
    if recipe.conda:
        yield f"conda {recipe.conda.environment}"
    if recipe.venv:
        yield f"venv {recipe.venv.path}"
    if recipe.python:
        yield f"interpreter {recipe.python.interpreter}"
    if recipe.wrap:
        yield f"kernel {recipe.wrap}"
    if recipe.container:
        yield f"container {recipe.container.image}"
    if recipe.packages:
        yield f"packages {recipe.packages.dir}"
    if recipe.env:
        yield "variables " + " ".join(sorted(recipe.env))
