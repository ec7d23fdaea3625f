"""Several runs of pytest take the modules of one suite, each the next that no other has taken.

A plugin, of use where KERNELKIT_TESTS_SHARED names a directory that they share: a module is theirs
who make a directory of its name in it. pytest-xdist cannot do it: each of these runs is in a
network namespace of its own, with a cluster of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """pytest's own loop, for the tests that this run may take."""
    shared = os.environ.get("KERNELKIT_TESTS_SHARED")
    if not shared or session.testsfailed or session.config.option.collectonly:
        return None
    taken = take(session, Path(shared))
    item = next(taken, None)
    while item is not None:
        # pytest keeps the fixtures that the next test needs too, so it must be known before.
        following = next(taken, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True


def take(session: pytest.Session, shared: Path) -> Iterator[pytest.Item]:
    """The tests of each module that no other run has taken when this one comes to it."""
    for path, of_module in groupby(session.items, lambda item: item.path):
        name = "-".join(path.relative_to(session.config.rootpath).parts)
        try:
            (shared / name).mkdir()
        except FileExistsError:
            continue
        yield from of_module
