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
    """Find what a kernel can be made of by words; where nothing has all, by most of them.

    Looks in names, aliases, modules and descriptions; the best match comes first.
    """
    from ..specs.offers import has_words, matching_words

    offers, warnings = gather_offers(refresh=refresh)
    found = matching_words(of_kinds(offers, kinds), words)
    if found and not has_words(found[0], words):
        warnings = (*warnings, "Nothing has all of these words; these have most of them.")
    return {"available": found, "query": f"`{' '.join(words)}`", "warnings": warnings}
