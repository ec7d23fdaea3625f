"""The table's rows about the sidebar in Chromium: how soon its panels stand, and its searches follow."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import listing
from measure import Samples, ratio
from real import Parts
from rest import TOKEN, Rest
from row import Row
from server_rows import KERNELS, SOFTWARE, VERSIONS, write_modules

PANELS = Path(__file__).with_name("browser") / "panels.mjs"
OPTIONS = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)
FIRST_GOAL, AGAIN_GOAL = 1.0, 3.0
# What PerformanceObserver calls a long task; a key that waits for one stutters.
LONG = 0.050
# For how long the page waits for the next key before it asks the server; see labextension/src.
TYPING = 0.150


def browser_rows(parts: Parts, rounds: int) -> Iterator[Row]:
    """JupyterLab with 500 kernels, as many files in a folder, and 5,000 modules."""
    with tempfile.TemporaryDirectory(prefix="kk-bench-") as made:
        tree = Path(made, "modules")
        write_modules(tree)
        settings = {"module_init": [str(parts.lmod_init)], "module_paths": [str(tree)]}
        lab = Rest(Path(made, "server"), settings=settings, program="jupyterlab", options=OPTIONS)
        try:
            listing.fill(lab.data, KERNELS, sorted(tree.rglob("*.lua"))[:KERNELS])
            _fill_folder(lab.home / "many")
            while lab.ask("catalog?kind=module")["reading"]:
                time.sleep(0.1)
            found = _measure(parts, lab, rounds)
        finally:
            lab.stop()
    times = {name: _samples(values) for name, values in found["times"].items()}
    longest = {name: _samples(values) for name, values in found["longest"].items()}
    yield from _panel_rows(times)
    yield from _search_rows(times, longest)


def _fill_folder(folder: Path) -> None:
    folder.mkdir()
    for number in range(KERNELS):
        (folder / f"file-{number:03}.txt").write_text("")


def _measure(parts: Parts, lab: Rest, rounds: int) -> Any:
    done = subprocess.run(
        [
            parts.root / "node/bin/node",
            PANELS,
            parts.root / "browser",
            f"{lab.url}/lab?token={TOKEN}",
            str(rounds),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{PANELS.name} failed; the server said:\n{lab.log.read_text()[-2000:]}")
    return json.loads(done.stdout)


def _samples(milliseconds: list[float]) -> Samples:
    return Samples(tuple(value / 1000 for value in milliseconds))


def _panel_rows(times: dict[str, Samples]) -> Iterator[Row]:
    running = times["running, first"]
    first, files = times["kernels, first"], times["files"]
    reached = ratio(first, files)
    yield Row(
        f"Kernels panel opened first, its code and {KERNELS} kernels fetched, to painted rows",
        first.describe(),
        f"JupyterLab's file browser entering a folder of {KERNELS} files: {files.describe()}; its "
        f"Running panel, which fetches nothing: {running.describe()}",
        f"{reached:.2f} x",
        f"<= {FIRST_GOAL:g} x",
        reached <= FIRST_GOAL,
        "most of it is the server's answer with all kernels",
    )
    again, running = times["kernels, again"], times["running, again"]
    reached = ratio(again, running)
    yield Row(
        f"Kernels panel opened again, {KERNELS} kernels",
        again.describe(),
        f"JupyterLab's Running panel: {running.describe()}",
        f"{reached:.2f} x",
        f"<= {AGAIN_GOAL:g} x",
        reached <= AGAIN_GOAL,
        "the rows in view are laid out anew",
    )


def _search_rows(times: dict[str, Samples], longest: dict[str, Samples]) -> Iterator[Row]:
    palette = times["palette"]
    count = f"{SOFTWARE * VERSIONS:,} modules"
    for name, what in (("catalog", "Catalog's search"), ("picker", "module picker's search")):
        keys, tasks = times[name], longest[name]
        yield Row(
            f"{what}, {count}: key to painted result",
            keys.describe(),
            f"JupyterLab's command palette, which asks no server: {palette.describe()}",
            f"{(keys.median - TYPING) * 1000:.0f} ms after {TYPING * 1000:.0f} ms without a key",
        )
        worst = max(tasks.seconds)
        yield Row(
            f"{what}, {count}: longest task of the main thread while typing",
            _in_words(tasks.median),
            f"longest of all rounds: {_in_words(worst)}; in the command palette: "
            f"{_in_words(longest['palette'].median)}",
            _in_words(tasks.median),
            f"<= {LONG * 1000:.0f} ms",
            tasks.median <= LONG,
            "see a profile of `OfferList` and `VirtualList`",
        )


def _in_words(seconds: float) -> str:
    # The browser tells of no shorter ones.
    return f"{seconds * 1000:.0f} ms" if seconds > LONG else f"none over {LONG * 1000:.0f} ms"
