"""Measures what interface goals are set for and prints one table: `make bench`, see --help.

Everything is a ratio or a difference between things that ran side by side in this one run, and
the document on standard output is docs/benchmarks.md; progress goes to standard error.
"""

from __future__ import annotations

import argparse
import datetime
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(1, str(Path(__file__).parents[1] / "tests"))

import listing  # noqa: E402
import relay  # noqa: E402
import starting  # noqa: E402
from measure import Samples, difference, ratio  # noqa: E402
from real import SYSTEM_PATH, Parts, find_parts  # noqa: E402

LIST_GOAL = 0.35
TRIP_GOAL = 1.25
OUTPUT_GOAL = 0.8
RELAY_MEMORY_GOAL = 5  # MB
RELAYS = 10
START_GOAL = 0.030  # seconds over the layers' own cost
LAYER_PARTS = {"module": ["lmod"], "SIF": ["apptainer", "image-demo"], "venv": []}


@dataclass(frozen=True)
class Row:
    """One line of the table; `met` is None where there is no goal, `cause` why it was missed."""

    what: str
    measured: str
    against: str
    result: str
    goal: str = ""
    met: bool | None = None
    cause: str = ""

    def render(self) -> str:
        verdict = {True: "reached", False: "**missed**", None: ""}[self.met]
        cells = (self.what, self.measured, self.against, self.result, self.goal, verdict)
        return "| " + " | ".join(cells) + " |"


def list_rows(parts: Parts, rounds: int) -> Iterator[Row]:
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


def start_rows(parts: Parts, rounds: int) -> Iterator[Row]:
    left_out = {
        layer: why
        for layer, names in LAYER_PARTS.items()
        if (why := next(filter(None, map(parts.why_missing, names)), None))
    }
    if left_out:
        raise SystemExit(f"bench needs its real parts: {left_out}")
    with private_home() as env:
        path = f"{parts.apptainer_bin}:{SYSTEM_PATH}"
        env |= {"PATH": path, "MODULEPATH": str(parts.lmod_tree)}
        for layer, variants in starting.prepare(parts, Path(env["HOME"]), env).items():
            yield from compared_starts(
                layer, *starting.compare(layer, variants, env, rounds=rounds)
            )


def relay_rows(rounds: int) -> Iterator[Row]:
    # A socket's path is limited to 107 bytes.
    with tempfile.TemporaryDirectory(prefix="kk-") as directory:
        each = relay.memory_of_relays(Path(directory), RELAYS)
        trips, outputs = relay.compare(Path(directory), rounds=rounds)
    per_trip = {
        name: Samples(tuple(s / relay.ROUND_TRIPS for s in samples.seconds))
        for name, samples in trips.items()
    }
    for name in (relay.CURVE, relay.RELAY, relay.FORWARDED):
        slower = ratio(trips[name], trips[relay.PLAIN])
        judged = name == relay.RELAY
        yield Row(
            f"round trip, {name}",
            f"{per_trip[name].median * 1000:.2f} ms",
            f"{relay.PLAIN}: {per_trip[relay.PLAIN].median * 1000:.2f} ms",
            f"{slower:.2f} x",
            f"<= {TRIP_GOAL} x" if judged else "",
            slower <= TRIP_GOAL if judged else None,
            "two more hops between threads of a busy machine",
        )
    for name in (relay.CURVE, relay.RELAY, relay.FORWARDED):
        speed = 1 / ratio(outputs[name], outputs[relay.PLAIN])
        against = 1 / ratio(outputs[name], outputs[relay.CURVE])
        judged = name == relay.RELAY
        yield Row(
            f"{relay.MEGABYTES} MB of output, {name}",
            outputs[name].describe(),
            f"{relay.PLAIN}: {outputs[relay.PLAIN].describe()}",
            f"{speed:.2f} x the speed",
            f">= {OUTPUT_GOAL} x" if judged else "",
            speed >= OUTPUT_GOAL if judged else None,
            f"it is {against:.2f} x as fast as Curve without a relay: encrypting and decrypting "
            "share these cores with the kernel and the client",
        )
    yield Row(
        f"memory of a waiting relay with a front end, {RELAYS} in one process",
        f"{each:.1f} MB",
        "the process without them",
        f"{each:.1f} MB",
        f"<= {RELAY_MEMORY_GOAL} MB",
        each <= RELAY_MEMORY_GOAL,
        "libzmq's contexts",
    )


def compared_starts(
    layer: str, kernels: dict[str, Samples], commands: dict[str, Samples]
) -> Iterator[Row]:
    ours, by_hand, bare = kernels["launch.sh"], kernels["by hand"], kernels["bare ipykernel"]
    over, alone = difference(ours, by_hand), difference(commands["launch.sh"], commands["by hand"])
    cause = "launch.sh itself costs too much"
    if alone <= START_GOAL:
        cause = (
            f"a command through launch.sh costs {alone * 1000:+.0f} ms, so it is not the script; "
            "starts on this machine vary by more than the goal in this run"
        )
    yield Row(
        f"kernel through launch.sh, {layer}",
        ours.describe(),
        f"same layers by hand: {by_hand.describe()}",
        f"{over * 1000:+.0f} ms, {ratio(ours, by_hand):.2f} x",
        f"<= +{START_GOAL * 1000:.0f} ms",
        over <= START_GOAL,
        cause,
    )
    yield Row(
        f"`true` through launch.sh, {layer}",
        commands["launch.sh"].describe(),
        f"same layers by hand: {commands['by hand'].describe()}",
        f"{alone * 1000:+.0f} ms",
    )
    yield Row(
        f"the layers by hand, {layer}",
        by_hand.describe(),
        f"bare ipykernel: {bare.describe()}",
        f"{difference(by_hand, bare) * 1000:+.0f} ms, {ratio(by_hand, bare):.2f} x",
    )


@contextmanager
def private_home() -> Iterator[dict[str, str]]:
    """An environment whose home and Jupyter directories are empty, and gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="kernelkit-bench-"))
    env = {
        "HOME": str(home),
        "USER": os.environ.get("USER", "bench"),
        "PATH": SYSTEM_PATH,
        "LANG": "C.UTF-8",
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "run"),
    }
    for name in ("data", "config", "run"):
        (home / name).mkdir()
    try:
        yield env
    finally:
        shutil.rmtree(home, ignore_errors=True)


def document(rows: list[Row], rounds: int) -> str:
    missed = [row for row in rows if row.met is False]
    lines = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {datetime.date.today():%d %B %Y}, on a machine with "
        f"{os.cpu_count()} cores.",
        f"Each number is the median of {rounds} rounds, with the middle half of them in brackets. "
        "In a round every variant",
        "runs once, in turn; ratios and differences are medians of those within one round. A "
        "kernel's time is from",
        "starting its process to its answer to `kernel_info_request`.",
        "",
        "| what | median | measured against | result | goal | |",
        "|---|---|---|---|---|---|",
        *(row.render() for row in rows),
        "",
        "By hand means a bash script that a person would write for the layer: source the module "
        "system and load the module;",
        "`apptainer exec` the image; or the environment's own Python.",
        "",
    ]
    if not missed:
        lines.append("Every goal was reached in this run.")
    for row in missed:
        lines.append(f"Missed: {row.what} ({row.result}, goal {row.goal}): {row.cause}.")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="repetitions (at least 5)")
    rounds = max(5, parser.parse_args().rounds)
    parts = find_parts()
    rows = [*list_rows(parts, rounds), *start_rows(parts, rounds), *relay_rows(rounds)]
    sys.stdout.write(document(rows, rounds))


if __name__ == "__main__":
    main()
