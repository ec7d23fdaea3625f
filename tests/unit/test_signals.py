"""When a kernel is signalled: interrupts of one cell go apart, and never to the next cell."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kernelkit.running.relay import interrupts
from kernelkit.running.signals import Signals


class Sent:
    """Stands for JobControl: what was sent, and how it failed."""

    def __init__(self) -> None:
        self.signals: list[tuple[str, int | None]] = []

    async def signal(self, run_id: str, name: str, *, start: int | None = None) -> bool:
        assert run_id == "0123456789ab"
        self.signals.append((name, start))
        return True


def signals_for(cell: str) -> tuple[Signals, Sent, SimpleNamespace]:
    sent, relay = Sent(), SimpleNamespace(cell=cell)
    made = Signals("0123456789ab", cast(Any, sent), cast(Any, relay))
    return made, sent, relay


async def none_is_left(signals: Signals) -> None:
    while (task := signals._postponed) and not task.done():
        await asyncio.wait([task])


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "APART", 0.05)


def test_a_second_one_waits_and_comes_while_the_cell_runs() -> None:
    async def run() -> None:
        signals, sent, _ = signals_for("a")
        for _ in range(3):
            await signals.send("INT", 1)
        assert sent.signals == [("INT", 1)]
        await none_is_left(signals)
        assert sent.signals == [("INT", 1)] * 2

    asyncio.run(run())


def test_the_next_cell_gets_none_of_the_last() -> None:
    async def run() -> None:
        signals, sent, relay = signals_for("a")
        await signals.send("INT", 1)
        await signals.send("INT", 1)
        relay.cell = "b"
        await none_is_left(signals)
        assert sent.signals == [("INT", 1)]
        await signals.send("INT", 1)
        assert sent.signals == [("INT", 1)] * 2  # its own comes at once

    asyncio.run(run())


def test_other_signals_wait_for_nothing_and_the_end_forgets() -> None:
    async def run() -> None:
        signals, sent, _ = signals_for("")
        await signals.send("INT", None)
        await signals.send("INT", None)
        await signals.send("KILL", None)
        signals.forget()
        await none_is_left(signals)
        assert sent.signals == [("INT", None), ("KILL", None)]

    asyncio.run(run())
