"""Measures what interface goals are set for and prints tables: `make bench`, see --help.

Everything is a ratio or a difference between things that ran side by side in this one run. The
document on standard output is docs/benchmarks.md: with --only its other parts are taken over from
the file as it stands. Progress goes to standard error.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

TREE = Path(__file__).parents[1]
# Last, because names there are not to hide those of here.
sys.path += [str(TREE / "tests"), str(TREE / "tests/cluster")]

from front_end_rows import front_end_rows  # noqa: E402
from job_rows import job_rows, queue_rows  # noqa: E402
from list_rows import list_rows  # noqa: E402
from real import Parts, find_parts  # noqa: E402
from relay_rows import relay_rows  # noqa: E402
from row import Row  # noqa: E402
from server_rows import server_rows  # noqa: E402
from start_rows import start_rows  # noqa: E402

DOCUMENT = TREE / "docs/benchmarks.md"

PARTS: dict[str, tuple[str, Callable[[Parts, int], Iterable[Row]]]] = {
    "list": ("The list of kernels", list_rows),
    "start": ("Starting a kernel here", start_rows),
    "relay": ("Through the relay", relay_rows),
    "slurm": ("Kernels in Slurm jobs", job_rows),
    "queue": ("A long queue", queue_rows),
    "server": ("The server extension", server_rows),
    "sidebar": ("The sidebar", front_end_rows),
}

HEAD = """# Benchmarks

Written by `make bench`; `make bench ARGS="--only slurm"` measures one part again. A number is the median of
the rounds, with the middle half of them in brackets. In a round every variant runs once, in turn; ratios and
differences are medians of those within one round. A kernel's time is from starting its process to its answer
to `kernel_info_request`.

By hand means a bash script that a person would write: source the module system and load the module;
`apptainer exec` the image; the environment's own Python; or, in a job, `sbatch` of a script that loads the
module and execs ipykernel, with jupyter_client connecting as soon as the connection file is there and
asking for `kernel_info`, as all front ends do.
"""


def section(title: str, rows: list[Row], rounds: int, load: float) -> str:
    """One part of the document, from its heading on."""
    missed = [row for row in rows if row.met is False]
    lines = [
        f"## {title}",
        "",
        f"{datetime.date.today():%d %B %Y}, {os.cpu_count()} cores, load average {load:.1f} before, "
        f"{rounds} rounds.",
        "",
        "| what | median | measured against | result | goal | |",
        "|---|---|---|---|---|---|",
        *(row.render() for row in rows),
        "",
        *(f"Missed: {row.what} ({row.result}, goal {row.goal}): {row.cause}." for row in missed),
    ]
    if not missed:
        lines.append("Every goal was reached in this run.")
    return "\n".join(lines) + "\n"


def former_sections() -> dict[str, str]:
    """The document's parts as they stand, by title."""
    text = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    found = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    return {
        title: f"## {title}\n\n{body.strip()}\n"
        for title, body in zip(found[1::2], found[2::2], strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="repetitions (at least 5)")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part again")
    options = parser.parse_args()
    rounds, chosen = max(5, options.rounds), options.only or list(PARTS)
    sections = former_sections()
    for name in chosen:
        title, measure = PARTS[name]
        load = os.getloadavg()[0]
        sections[title] = section(title, list(measure(find_parts(), rounds)), rounds, load)
    known = [sections[title] for title, _ in PARTS.values() if title in sections]
    sys.stdout.write("\n".join([HEAD, *known]))


if __name__ == "__main__":
    main()
