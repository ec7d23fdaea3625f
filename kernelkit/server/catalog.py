"""What kernels can be made of here, searched: recipes, modules, images, environments, kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

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
    from ..model import Recipe
    from ..specs.candidates import Candidate
    from .services import Services
    from .stock import Stock

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
        outdated=stock.outdated,
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
