"""When a server's garbage is collected: once it is quiet, and never while a kernel starts."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from kernelkit.server import garbage

Told = Callable[[Any], None]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python does not collect by itself, and a quiet moment is short."""
    monkeypatch.setattr(garbage, "_QUIET", 0.02)
    gc.disable()
    yield
    gc.enable()


class Cycle:
    def __init__(self) -> None:
        self.itself = self


def cycle() -> weakref.ref[Cycle]:
    return weakref.ref(Cycle())


class Desk:
    """One run, whose state is told from another thread, as the real desk does."""

    def __init__(self) -> None:
        self.state = "new"
        self._listeners: list[Told] = []

    def listen(self, listener: Told) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def snapshot(self) -> tuple[Any, ...]:
        return (SimpleNamespace(state=self.state),)

    def tell(self, state: str) -> None:
        self.state = state
        news = SimpleNamespace(state=state)
        thread = threading.Thread(target=lambda: [each(news) for each in self._listeners])
        thread.start()
        thread.join()


async def until(holds: Callable[[], bool]) -> None:
    async def look() -> None:
        while not holds():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(look(), 30)


def collections() -> int:
    return int(gc.get_stats()[2]["collections"])


def opened() -> Desk:
    desk = Desk()
    garbage.Tidying().open(desk)  # type: ignore[arg-type]
    return desk


def test_a_server_that_stops_hears_no_more_and_collects_nothing() -> None:
    desk, left = Desk(), cycle()

    async def act() -> None:
        tidying = garbage.Tidying()
        tidying.open(desk)  # type: ignore[arg-type]
        desk.tell("ended")
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        (timer,) = timers_of_tidying()
        tidying.close()
        assert timer.cancelled()

    asyncio.run(act())
    desk.tell("ended")  # its loop is closed by now
    assert left() is not None


def timers_of_tidying() -> list[asyncio.TimerHandle]:
    loop: Any = asyncio.get_running_loop()
    return [handle for handle in loop._scheduled if "Tidying" in repr(handle)]


def test_what_an_ended_kernel_left_is_collected() -> None:
    async def act() -> None:
        desk, left = opened(), cycle()
        desk.tell("running")
        desk.tell("ended")
        await until(lambda: left() is None)

    asyncio.run(act())


def test_nothing_is_collected_while_another_kernel_starts() -> None:
    async def act() -> None:
        desk, left = opened(), cycle()
        desk.tell("ended")
        desk.state = "starting"
        timers: list[int] = []
        original = asyncio.get_running_loop().call_later

        def counted(*args: Any) -> Any:
            if "Tidying" in repr(args[1]):
                timers.append(1)
            return original(*args)

        asyncio.get_running_loop().call_later = counted  # type: ignore[method-assign]
        await until(lambda: len(timers) > 3)
        assert left() is not None
        desk.state = "running"
        await until(lambda: left() is None)

    asyncio.run(act())


def test_nothing_is_collected_for_a_kernel_that_goes_on() -> None:
    async def act() -> None:
        desk, left = opened(), cycle()
        before = collections()
        desk.tell("running")
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        assert not timers_of_tidying()
        assert left() is not None
        assert collections() == before

    asyncio.run(act())


def test_what_is_set_apart_is_left_out_and_the_next_collection_is_soon() -> None:
    gc.enable()
    try:
        garbage.set_apart()
        assert gc.get_freeze_count() > 1000
        assert len(gc.get_objects(2)) < 1000
    finally:
        gc.unfreeze()
