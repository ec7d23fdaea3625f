"""The table's rows about the server extension: what it costs a server, and how soon it answers."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import listing
from measure import Samples, difference, ratio, side_by_side
from real import Parts
from rest import Rest
from row import Row

KERNELS = 500
SOFTWARE, VERSIONS = 1000, 5
SEARCH_GOAL, IMPORT_GOAL = 0.050, 0.1
WORDS = ("physics", "chemistry", "genomics", "climate", "imaging")


def server_rows(parts: Parts, rounds: int) -> Iterator[Row]:
    """Import time, and each route that a panel waits for."""
    yield _import_row(rounds)
    with tempfile.TemporaryDirectory(prefix="kk-bench-") as directory:
        tree = Path(directory, "modules")
        write_modules(tree)
        settings = {"module_init": [str(parts.lmod_init)], "module_paths": [str(tree)]}
        rest = Rest(Path(directory, "server"), settings=settings)
        try:
            listing.fill(rest.data, KERNELS, sorted(tree.rglob("*.lua"))[:KERNELS])
            yield from _answers(rest, rounds)
        finally:
            rest.stop()


def _import_row(rounds: int) -> Row:
    found = side_by_side(
        {
            "server": partial(_import, "jupyter_server.serverapp"),
            "extension": partial(_import, "kernelkit.server.extension"),
        },
        rounds=rounds,
        title="import of the extension",
    )
    ours = found["extension"]
    return Row(
        "import of the extension by a server",
        ours.describe(),
        f"import of jupyter_server itself: {found['server'].describe()}",
        f"{ratio(ours, found['server']):.2f} x",
        f"<= {IMPORT_GOAL * 1000:.0f} ms",
        ours.median <= IMPORT_GOAL,
        "see `python -X importtime -c 'import kernelkit.server.extension'`",
    )


def _import(module: str) -> float:
    """Seconds of an import, after that of what a server has imported before."""
    before = "" if module.startswith("jupyter_server") else "import jupyter_server.serverapp;"
    program = (
        f"import time; {before} started = time.perf_counter(); import {module}; "
        "print(time.perf_counter() - started)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def write_modules(tree: Path) -> None:
    """A module tree like that of a large site; also what the sidebar's rows search in."""
    for number in range(SOFTWARE):
        folder = tree / f"software{number:04}"
        folder.mkdir(parents=True)
        field = WORDS[number % len(WORDS)]
        for version in range(VERSIONS):
            (folder / f"{version}.{number % 10}.lua").write_text(
                f"help([[Software {number}, version {version}, for {field}.\n"
                "Its help has some lines, as a cluster's modules have.]])\n"
                f'whatis("Description: tool number {number} for {field}")\n'
                f'setenv("SOFTWARE_{number}", "{version}")\n'
            )


def _answers(rest: Rest, rounds: int) -> Iterator[Row]:
    started = time.perf_counter()
    found = rest.ask("catalog?kind=module")
    first = time.perf_counter() - started
    while found["reading"]:
        time.sleep(0.1)
        found = rest.ask("catalog?kind=module")
    whole = time.perf_counter() - started
    if found["total"] != SOFTWARE * VERSIONS:
        raise SystemExit(f"{found['total']} modules were found")
    count = f"{SOFTWARE * VERSIONS:,} modules"
    yield Row(
        f"first answer of the catalog, {count}",
        f"{first * 1000:.0f} ms",
        f"until all are read: {whole:.1f} s",
        f"{first / whole:.2f} x",
    )
    samples = side_by_side(
        {
            "search": partial(_ask, rest, "catalog?q=genomics%20tool&limit=200"),
            "kernels": partial(_ask, rest, "kernels"),
            "inventory": partial(_ask, rest, "inventory"),
            "nothing": partial(_ask, rest, "tasks"),
        },
        rounds=rounds,
        title="answers of the server",
    )
    search = samples["search"]
    nothing = samples["nothing"]
    slow = "the modules are looked through one by one"
    yield answer_row(f"search in {count}", search, nothing, SEARCH_GOAL, slow)
    yield answer_row(f"list of {KERNELS} kernels", samples["kernels"], nothing)
    yield answer_row("inventory, asked before", samples["inventory"], nothing)


def _ask(rest: Rest, path: str) -> float:
    started = time.perf_counter()
    rest.ask(path)
    return time.perf_counter() - started


def answer_row(
    what: str, found: Samples, nothing: Samples, goal: float | None = None, cause: str = ""
) -> Row:
    """One answer of a server, against the shortest one that it gives; `goal` in seconds."""
    return Row(
        what,
        found.describe(),
        f"the shortest answer: {nothing.describe()}",
        f"{difference(found, nothing) * 1000:+.0f} ms",
        f"<= {goal * 1000:.0f} ms" if goal else "",
        found.median <= goal if goal else None,
        cause,
    )
