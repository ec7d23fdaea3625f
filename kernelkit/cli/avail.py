"""`kernelkit avail`: everything a kernel can be made of here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from .output import STATE_STYLES, Cell, note, print_table, verb, warn

if TYPE_CHECKING:
    from ..specs.candidates import Candidate

KINDS = {
    "recipe": ("catalog",),
    "module": ("module",),
    "image": ("image",),
    "environment": ("conda", "venv"),
    "kernelspec": ("kernelspec",),
}
_ORIGIN_WORDS = {"catalog": "recipe", "kernelspec": "kernel"}


def gather_offers(*, refresh: bool = False) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """All offers of this machine, and warnings about catalogs that could not be read."""
    from ..environment.modules import module_backend_or_none
    from ..site import load_site
    from ..specs.offers import list_offers
    from ..specs.recipes import Catalog

    site = load_site()
    catalog = Catalog(site)
    offers = list_offers(site, catalog, module_backend_or_none(site), refresh=refresh)
    return offers, catalog.warnings


def of_kinds(offers: Sequence[Candidate], kinds: Sequence[str]) -> tuple[Candidate, ...]:
    """The offers of the wanted kinds, of all kinds when none is named."""
    wanted = {origin for kind in kinds for origin in KINDS[kind]}
    return tuple(offer for offer in offers if not wanted or offer.origin in wanted)


def show_offers(data: dict[str, Any]) -> None:
    """Print the table with (D), (I) and (S), and warnings after it."""
    offers: Sequence[Candidate] = data["available"]
    if offers:
        rows = [(o.identity, _kind(o), _marks(o), _description(o)) for o in offers]
        print_table(("Name", "Kind", "Marks", "Description"), rows)
        note("(D) default  (I) installed  (S) installed, but stale or broken", "dim")
    else:
        note(f"Nothing here fits {data['query']}." if data["query"] else "Nothing found here.")
    for warning in data["warnings"]:
        warn(warning)


def _kind(offer: Candidate) -> str:
    return _ORIGIN_WORDS.get(offer.origin, offer.origin)


def _description(offer: Candidate) -> Cell:
    if not offer.missing:
        return Cell(offer.description)
    return Cell(f"Not here: no module {', '.join(offer.missing)}. {offer.description}", "dim")


def _marks(offer: Candidate) -> Cell:
    marks = ["(D)"] if offer.default else []
    if offer.kernel is None:
        return Cell(" ".join(marks))
    marks.append("(I)" if offer.kernel.state == "ready" else "(S)")
    return Cell(" ".join(marks), STATE_STYLES[offer.kernel.state])


@verb("avail", show=show_offers)
@click.argument("pattern", default="")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(list(KINDS)), help="Only this kind."
)
@click.option("--refresh", is_flag=True, help="Read the modules anew.")
def command(pattern: str, kinds: tuple[str, ...], refresh: bool) -> dict[str, Any]:
    """List what kernels can be made of: recipes, modules, images, environments, other kernels.

    PATTERN is a part of the name, or a glob as in `kernelkit avail 'pytorch/2.*'`. What stands
    under NAME is what to give to `kernelkit install`.
    """
    from ..specs.offers import fitting

    offers, warnings = gather_offers(refresh=refresh)
    found = of_kinds(fitting(offers, pattern), kinds)
    return {"available": found, "query": f"`{pattern}`" if pattern else "", "warnings": warnings}
