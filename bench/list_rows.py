"""The table's rows about `kernelkit list`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import listing
from home import private_home
from measure import ratio
from real import Parts
from row import Row

LIST_GOAL = 0.35


def list_rows(parts: Parts, rounds: int) -> Iterator[Row]:
    """With ten kernels and with a thousand."""
    files = sorted(path for path in parts.lmod_tree.rglob("*.lua") if path.is_file())
    for count in (10, 1000):
        with private_home() as env:
            listing.fill(Path(env["JUPYTER_DATA_DIR"]), count, files or [Path(__file__)])
            found = listing.compare(count, env, rounds=rounds)
            heavy = listing.heavy_imports(env)
        ours, theirs = found["kernelkit list"], found["jupyter kernelspec list"]
        reached = ratio(ours, theirs)
        yield Row(
            f"`kernelkit list`, {count:,} kernels",
            ours.describe(),
            f"`jupyter kernelspec list`: {theirs.describe()}",
            f"{reached:.2f} x",
            f"<= {LIST_GOAL} x",
            reached <= LIST_GOAL,
            "Python's start" if count == 10 else "reading every kernel.json and marked file",
        )
    without = ", ".join(f"`{name}`" for name in listing.HEAVY)
    yield Row(
        "modules that `kernelkit list` imports",
        ", ".join(f"`{name}`" for name in heavy) or "none of them",
        without,
        f"{len(heavy)} of {len(listing.HEAVY)}",
        "none",
        not heavy,
        "see `python -X importtime -m kernelkit.cli list`",
    )
