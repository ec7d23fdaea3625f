"""The table's rows about the relay and the wire."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import relay
from measure import Samples, ratio
from real import Parts
from row import Row

TRIP_GOAL = 1.25
OUTPUT_GOAL = 0.8
RELAY_MEMORY_GOAL = 5  # MB
RELAYS = 10


def relay_rows(_: Parts, rounds: int) -> Iterator[Row]:
    """Against the same kernel without one, in plain and with Curve."""
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
    for size, found in outputs.items():
        for name in (relay.CURVE, relay.RELAY, relay.FORWARDED):
            # A message is encrypted as a whole before any of it is sent, with or without a
            # relay: what a relay adds to a great one is held against Curve alone.
            than = relay.CURVE if size == relay.AT_ONCE and name != relay.CURVE else relay.PLAIN
            speed = 1 / ratio(found[name], found[than])
            judged = name == relay.RELAY
            of_plain = 1 / ratio(found[name], found[relay.PLAIN])
            yield Row(
                f"{relay.MEGABYTES} MB of output {size}, {name}",
                found[name].describe(),
                f"{than}: {found[than].describe()}",
                f"{speed:.2f} x the speed"
                + (f" ({of_plain:.2f} x that of {relay.PLAIN})" if than != relay.PLAIN else ""),
                f">= {OUTPUT_GOAL} x" if judged else "",
                speed >= OUTPUT_GOAL if judged else None,
                "two more hops between threads of a busy machine",
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
