"""What a server tells of changes that another process made: commands, installers, other servers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import PROGRAM
from hearing import Event, Events, hearing
from rest import TOKEN, Rest, make
from shelf import put_foreign
from waiting import wait_until


@pytest.fixture
def events(rest: Rest) -> Iterator[Events]:
    """What the server tells a page that has just read the list of kernels."""
    rest.ask("kernels")
    with hearing(rest.url, TOKEN) as found:
        yield found


def command(rest: Rest, *words: str) -> None:
    """Another process of the same user."""
    done = subprocess.run(
        [*PROGRAM, *words], env=rest.environment, cwd=rest.home, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def heard(events: Events, action: str, name: str) -> Event:
    return events.until("kernels", lambda e: (e["action"], e["name"]) == (action, name))


def names(rest: Rest) -> set[str]:
    return {kernel["name"] for kernel in rest.ask("kernels")["kernels"]}


def test_what_the_command_line_does_to_kernels_is_told(
    rest: Rest, venv: Path, events: Events
) -> None:
    command(rest, "install", str(venv), "--as", "typed", "--no-test")
    heard(events, "installed", "typed")
    command(rest, "set", "typed", "env.OMP_NUM_THREADS=3", "--no-test")
    heard(events, "changed", "typed")
    command(rest, "rename", "typed", "typed-anew")
    heard(events, "installed", "typed-anew")
    heard(events, "removed", "typed")
    command(rest, "remove", "typed-anew", "--yes")
    heard(events, "removed", "typed-anew")
    command(rest, "rollback", "typed-anew")
    events.heard.clear()
    heard(events, "installed", "typed-anew")
    assert "typed-anew" in names(rest) and "typed" not in names(rest)


def test_what_others_put_there_is_told(rest: Rest, events: Events) -> None:
    directory = put_foreign(rest.data, "By-Hand")
    heard(events, "installed", "by-hand")
    shutil.rmtree(directory)
    heard(events, "removed", "by-hand")


def test_what_the_server_did_itself_is_told_once(rest: Rest, venv: Path, events: Events) -> None:
    make(rest, venv, "own")
    rest.do("POST", "kernels/own/clone", {"name": "own-two"})
    rest.do("POST", "kernels/own-two/rename", {"name": "own-three"})
    rest.do("DELETE", "kernels/own-three")
    # What another process did is seen by a look at all kernels.
    put_foreign(rest.data, "after-own")
    heard(events, "installed", "after-own")
    put_foreign(rest.data, "after-that")
    heard(events, "installed", "after-that")
    assert [(e["action"], e["name"]) for e in events.of("kernels")] == [
        ("installed", "own"),
        ("installed", "own-two"),
        ("renamed", "own-three"),
        ("removed", "own-three"),
        ("installed", "after-own"),
        ("installed", "after-that"),
    ]


def test_offers_are_read_again_after_what_another_process_installed(
    rest: Rest, events: Events
) -> None:
    def shown() -> Any:
        # As a page does, which asks again only as long as it is told to.
        found = rest.ask("catalog?kind=kernelspec")
        return None if found["reading"] or found["outdated"] else found

    def offered() -> set[str]:
        return {one["name"] for one in wait_until(shown)["items"]}

    assert "put-beside" not in offered()
    put_foreign(rest.data, "put-beside")
    heard(events, "installed", "put-beside")
    assert "put-beside" in offered()
