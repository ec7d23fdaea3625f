"""The table's rows about the start of a kernel through launch.sh."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import starting
from home import private_home
from measure import Samples, difference, ratio
from real import SYSTEM_PATH, Parts
from row import Row

START_GOAL = 0.030  # seconds over the layers' own cost
LAYER_PARTS = {"module": ["lmod"], "SIF": ["apptainer", "image-demo"], "venv": []}


def start_rows(parts: Parts, rounds: int) -> Iterator[Row]:
    """Each layer through launch.sh, by hand, and the kernel alone."""
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
            yield from _compared(layer, *starting.compare(layer, variants, env, rounds=rounds))


def _compared(
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
