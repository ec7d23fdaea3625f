"""The table's rows about the sidebar: how much code a browser fetches at most, and how quick it is."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path

from browser_rows import browser_rows
from real import Parts
from row import Row

BUILT = Path(__file__).parents[1] / "labextension/built"
GOAL = 120_000


def front_end_rows(parts: Parts, rounds: int) -> Iterator[Row]:
    """Every panel and dialog together; then what Chromium shows, and how soon."""
    scripts = sorted((BUILT / "static").glob("*.js"))
    whole = _size(scripts)
    yield Row(
        "JavaScript of the sidebar",
        f"{whole / 1000:.1f} kB after gzip",
        f"{len(scripts)} files",
        f"{whole / GOAL:.2f} x the goal",
        f"<= {GOAL // 1000} kB",
        whole <= GOAL,
        "see which chunk of labextension/built/static grew",
    )
    yield from browser_rows(parts, rounds)


def _size(files: Iterable[Path]) -> int:
    return sum(len(gzip.compress(path.read_bytes())) for path in files)
