"""Times commands side by side: in each round every variant once, so that a busy machine is fair."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Timer = Callable[[], float]


@dataclass(frozen=True)
class Samples:
    """Seconds of one variant, in the order of the rounds."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def describe(self) -> str:
        """Median and the middle half of the rounds, in ms."""
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return f"{self.median * 1000:.0f} ms ({low * 1000:.0f}-{high * 1000:.0f})"


def side_by_side(timers: Mapping[str, Timer], *, rounds: int, title: str) -> dict[str, Samples]:
    """Run every timer `rounds` times after one round that does not count.

    Each round begins with another variant, so that none always runs after the same one.
    """
    names = list(timers)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        show_progress(title, number, rounds)
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            seconds = timers[name]()
            if number:
                found[name].append(seconds)
    return {name: Samples(tuple(seconds)) for name, seconds in found.items()}


def show_progress(title: str, number: int, total: int) -> None:
    """One line that counts on a terminal, one line at the end elsewhere."""
    if sys.stderr.isatty():
        print(f"\r{title}: {number}/{total}", end="", file=sys.stderr, flush=True)
    if number == total:
        print(end="\n" if sys.stderr.isatty() else f"{title}: {total}\n", file=sys.stderr)


def ratio(one: Samples, other: Samples) -> float:
    """The median of the rounds' own ratios: what disturbed a round disturbed both of its halves."""
    return statistics.median(a / b for a, b in zip(one.seconds, other.seconds, strict=True))


def difference(one: Samples, other: Samples) -> float:
    """The median of the rounds' own differences, in seconds."""
    return statistics.median(a - b for a, b in zip(one.seconds, other.seconds, strict=True))
