"""`kernelkit search`: finds offers by words in names and descriptions."""

from __future__ import annotations

from typing import Any

import click

from .avail import KINDS, gather_offers, of_kinds, show_offers
from .output import verb


@verb("search", show=show_offers)
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(list(KINDS)), help="Only this kind."
)
@click.option("--refresh", is_flag=True, help="Read the modules anew.")
def command(words: tuple[str, ...], kinds: tuple[str, ...], refresh: bool) -> dict[str, Any]:
    """Find what a kernel can be made of by words; every word has to occur.

    Looks in names, aliases, modules and descriptions; the best match comes first.
    """
    from ..specs.offers import matching_words

    offers, warnings = gather_offers(refresh=refresh)
    found = of_kinds(matching_words(offers, words), kinds)
    return {"available": found, "query": f"`{' '.join(words)}`", "warnings": warnings}
