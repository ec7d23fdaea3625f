"""Offers are answered at once and read beside; whoever gets old ones is told to ask again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from waiting import wait_until

from kernelkit.server import stock


class Readings:
    """Stands for `_read_stock`: a reading gives its number, the first one 1, when it may end."""

    def __init__(self) -> None:
        self.begun: list[bool] = []
        self.gates: list[threading.Event] = []
        self.failing: set[int] = set()

    def read(self, site: Any, *, with_modules: bool, refresh: bool = False) -> stock.Stock:
        if not with_modules:
            return stock.Stock(problems=("without",), reading=True)
        gate = threading.Event()
        self.gates.append(gate)
        self.begun.append(refresh)
        number = len(self.begun)
        gate.wait(30)  # a test that fails lets it end, too
        if number in self.failing:
            raise ValueError("a bug")
        return stock.Stock(problems=(f"{number}",))

    def wait_for(self, number: int) -> None:
        wait_until(lambda: len(self.begun) >= number, what=f"reading {number} never began")

    def end(self, number: int) -> None:
        self.wait_for(number)
        self.gates[number - 1].set()


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Readings]:
    made = Readings()
    monkeypatch.setattr(stock, "_read_stock", made.read)
    monkeypatch.setattr(stock, "_PATIENCE", 0.01)
    yield made
    for gate in made.gates:
        gate.set()


@pytest.fixture
def shelf(readings: Readings) -> stock.Shelf:
    return stock.Shelf(SimpleNamespace(site=None))  # type: ignore[arg-type]


def shown(shelf: stock.Shelf) -> str:
    """What a page shows in the end, which asks again only as long as it is told to."""

    def look() -> stock.Stock | None:
        found = shelf.stock()
        return None if found.reading or found.outdated else found

    return wait_until(look).problems[0]


def test_the_first_reading_of_modules_holds_up_no_request(
    shelf: stock.Shelf, readings: Readings
) -> None:
    assert shelf.stock().reading and shelf.stock().problems == ("without",)
    readings.end(1)
    assert shown(shelf) == "1"
    assert readings.begun == [False]


def test_who_gets_old_offers_is_told_to_ask_again(shelf: stock.Shelf, readings: Readings) -> None:
    shelf.stock()
    readings.end(1)
    assert shown(shelf) == "1"
    # What was changed is read again beside the requests, which are answered at once.
    shelf.outdate()
    found = shelf.stock()
    assert (found.problems, found.outdated, found.reading) == (("1",), True, False)
    readings.end(2)
    assert shown(shelf) == "2"


def test_offers_are_old_after_a_while(
    shelf: stock.Shelf, readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.stock()
    readings.end(1)
    assert shown(shelf) == "1"
    with monkeypatch.context() as patched:
        patched.setattr(stock, "_SECONDS", -1.0)
        assert shelf.stock().outdated
    readings.end(2)
    wait_until(lambda: shelf.stock().problems == ("2",))


def test_a_change_while_offers_are_read_is_read_after_it(
    shelf: stock.Shelf, readings: Readings
) -> None:
    # The first reading, and one of a stock that is there.
    for number in (1, 3):
        shelf.stock()
        readings.wait_for(number)
        shelf.outdate()
        readings.end(number)
        wait_until(lambda awaited=(f"{number}",): shelf.stock().problems == awaited)
        assert shelf.stock().outdated
        readings.end(number + 1)
        assert shown(shelf) == f"{number + 1}"
        shelf.outdate()


def test_modules_are_read_anew_after_a_reading_that_goes_on(
    shelf: stock.Shelf, readings: Readings
) -> None:
    shelf.stock()
    with ThreadPoolExecutor(2) as threads:
        asked = [threads.submit(shelf.stock, refresh=True) for _ in range(2)]
        wait_until(lambda: shelf._generation == 2)
        readings.end(1)
        # Whoever begins it, one who asked or a search that came first, begins what they asked for.
        wait_until(lambda: shelf.stock().outdated and len(readings.begun) == 2)
        readings.end(2)
        assert [future.result().problems for future in asked] == 2 * [("2",)]
    assert readings.begun == [False, True]
    assert shown(shelf) == "2"
    # The reading after it takes the modules from the disk again.
    shelf.outdate()
    shelf.stock()
    readings.end(3)
    assert shown(shelf) == "3" and not readings.begun[2]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_offers_that_cannot_be_read_again_have_no_page_ask_without_end(
    shelf: stock.Shelf, readings: Readings
) -> None:
    shelf.stock()
    readings.end(1)
    assert shown(shelf) == "1"
    readings.failing = {2}
    shelf.outdate()
    shelf.stock()
    readings.end(2)
    assert shown(shelf) == "1"
    assert len(readings.begun) == 2
