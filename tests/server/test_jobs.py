"""What is told of jobs where Slurm does not answer, or has never been."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rest import Rest


@pytest.fixture
def lost(need: Callable[..., None], tmp_path: Path) -> Iterator[Rest]:
    """A server whose Slurm has no configuration that it can go by; a missing one it waits for."""
    need("slurm")
    conf = tmp_path / "slurm.conf"
    conf.write_text("Nonsense=1\n")
    running = Rest(tmp_path / "server", SLURM_CONF=str(conf))
    yield running
    running.stop()


def test_a_slurm_that_does_not_answer_is_told_as_such(lost: Rest) -> None:
    first = lost.ask("jobs")
    assert first["runs"] == [] and first["problems"] and first["unknown_since"]
    assert lost.ask("jobs")["unknown_since"] == first["unknown_since"]
    inventory = lost.ask("inventory")
    assert inventory["partitions"] == [] and inventory["problems"]
    recipe = {"name": "asked", "python": {"interpreter": "/usr/bin/python3"}}
    body = {"recipe": recipe, "options": {"on_slurm": True}, "slurm": True}
    status, found = lost.do("POST", "validate", body)
    assert status == 200 and found["estimate"] is None
    assert "Nonsense" in found["words"] + str(found["problems"])


def test_without_slurm_there_is_nothing_to_complain_about(tmp_path: Path) -> None:
    running = Rest(tmp_path, PATH="/var/empty")
    try:
        found = running.ask("jobs")
        assert found["runs"] == [] and found["problems"] == [] and found["unknown_since"] is None
        assert running.ask("status")["slurm"] is False
        status, answer = running.do("GET", "jobs/000000000000/log")
        assert (status, answer["error"]["code"]) == (404, "not_found")
    finally:
        running.stop()
