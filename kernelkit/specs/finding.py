"""What a person gives to be installed -> the Source it means: a name, a path or a registry image."""

from __future__ import annotations

from pathlib import Path

from ..errors import InvalidName, NotFound
from ..site import Site
from . import sources
from .sources import Source


def find_source(text: str, site: Site) -> Source:
    """What `text` means. Raises NotFound, Ambiguous and what reading it raises."""
    if sources.is_reference(text):
        return sources.source_of_reference(text)
    if sources.looks_like_path(text):
        return sources.source_of_path(text)
    try:
        return _named(text, site)
    except (NotFound, InvalidName):
        # An environment's directory given without `./`, as tab completion leaves it.
        if Path(text).exists():
            return sources.source_of_path(text)
        raise


def _named(text: str, site: Site) -> Source:
    from ..environment.modules import module_backend_or_none
    from .candidates import choose
    from .recipes import Catalog

    chosen = choose(text, site, Catalog(site), module_backend_or_none(site))
    return sources.source_of_candidate(chosen, text)
