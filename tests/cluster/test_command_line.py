"""What `kernelkit cluster` shows of a real Slurm, and what `install --on-slurm` asks it first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Answer, kernelkit
from real import Parts
from slurm import Cluster

LAYERS = ("create", "--python", "{python}", "--as", "checked", "--no-test", "--on-slurm")


@pytest.fixture
def written() -> Iterator[Path]:
    """The kernel that the test's commands write, or refuse to."""
    yield Path(os.environ["JUPYTER_DATA_DIR"]) / "kernels/checked"


def create(parts: Parts, *request: str) -> Answer:
    words = [word.format(python=parts.python) for word in LAYERS]
    return kernelkit(*words, "--json", *request)


# --- what there is -----------------------------------------------------------------------------------


def rows(text: str) -> dict[str, list[str]]:
    """The lines of all tables, by their first word."""
    return {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}


def test_every_partition_of_the_user(cluster: Cluster) -> None:
    job = cluster.submit("--partition=gpu", "--gres=gpu:a100:3")
    cluster.wait_for_state(job, "RUNNING")
    shown = kernelkit("cluster")
    cluster.cancel(job)
    found = rows(shown.out)
    assert shown.code == 0
    assert found["cpu*"][:3] == ["cpu*", "UP", "1-00:00:00"]
    assert "1/4 a100, 2/2 v100" in shown.out
    assert found["closed"][1] == "DOWN"
    assert "staff" not in found
    assert f"Slurm {cluster.version}" in shown.err
    assert "keeps no accounts" in shown.err


def test_one_partition_with_its_nodes(cluster: Cluster) -> None:
    shown = kernelkit("cluster", "gpu")
    found = rows(shown.out)
    assert "cpu*" not in found
    assert "node3" not in found
    assert found["node1"][1:3] == ["idle", "8/8"]
    assert "Time limit if none is asked for  1:00:00" in shown.out
    inventory = kernelkit("cluster", "gpu", "--json").json
    assert [node["name"] for node in inventory["nodes"]] == ["node1", "node2"]
    assert inventory["partitions"][0]["gpus"][0] == {
        "kind": "a100", "total": 4, "free": 4, "per_node": 4,
    }  # fmt: skip
    missed = kernelkit("cluster", "gpuu")
    assert (missed.code, "Did you mean `gpu`?" in missed.err) == (4, True)


def test_accounts_qos_and_reservations(accounting: Cluster) -> None:
    accounting.do("reserve", "node3")
    shown = kernelkit("cluster")
    found = rows(shown.out)
    assert found["physics*"][1:] == ["-", "express,normal,onegpu", "-", "-"]
    assert found["chemistry"][2:4] == ["normal", "1"]
    assert found["express"][1:3] == ["0:30:00", "2"]
    assert "gres/gpu=1" in found["onegpu"]
    assert found["course"][-1] == "yes"
    assert "warning" not in shown.err


def test_what_a_site_hides_is_said(fragile_cluster: Cluster) -> None:
    fragile_cluster.do("variant-on", "private")
    shown = kernelkit("cluster")
    assert shown.code == 0
    assert shown.err.count("denied") >= 2


# --- what an install asks ----------------------------------------------------------------------------


def test_a_request_that_can_run_tells_when(parts: Parts, cluster: Cluster, written: Path) -> None:
    made = create(parts, "--partition", "gpu", "--gres", "gpu:1", "--time", "1:00:00")
    assert made.code == 0, made.out
    assert made.json["expected_start"] > 1_000_000_000
    assert (written / "kernel.json").is_file()
    assert cluster.queue() == []


@pytest.mark.parametrize(
    ("request_", "field", "says"),
    [
        (("--partition", "gpuu"), "partition", "Did you mean `gpu`?"),
        (("--partition", "gpu", "--gres", "gpu:v100:3"), "gres", "(2)"),
        (("--partition", "short", "--time", "1:00:00"), "time", "(0:10:00)"),
        # Nobody but Slurm knows of this one.
        (("--partition", "gpu", "--constraint", "a100&v100"), "constraint", "would refuse"),
    ],
)
def test_one_that_cannot_is_refused_before_anything_is_written(
    request_: tuple[str, ...], field: str, says: str, parts: Parts, cluster: Cluster, written: Path
) -> None:
    refused = create(parts, *request_)
    error = refused.json["error"]
    assert (refused.code, error["code"], error["step"]) == (1, "submit_rejected", "request")
    assert error["field"] == field
    assert says in error["message"]
    assert f"`--{field}`" in error["hint"]
    assert not written.exists()
    assert create(parts, *request_, "--no-check").code == 0
    assert written.exists()


def test_accounts_are_checked(accounting: Cluster, parts: Parts, written: Path) -> None:
    refused = create(parts, "--account", "chemstry")
    assert "Did you mean `chemistry`?" in refused.json["error"]["message"]
    assert "`--account`" in refused.json["error"]["hint"]
    refused = create(parts, "--partition", "gpu", "--qos", "onegpu", "--gres", "gpu:2")
    assert refused.json["error"]["field"] == "gres"
    assert not written.exists()


def test_a_controller_that_is_away_stops_no_install(
    fragile_cluster: Cluster, parts: Parts, written: Path
) -> None:
    fragile_cluster.do("stop-ctld")
    made = create(parts, "--partition", "gpu")
    assert made.code == 0, made.out
    assert any("was not checked" in notice for notice in made.json["notices"])
    assert made.json["expected_start"] is None
    assert written.exists()


def test_a_refused_batch_job_names_its_option(
    cluster: Cluster, parts: Parts, written: Path
) -> None:
    assert create(parts, "--partition", "cpu").code == 0
    refused = kernelkit("batch", "checked", "--partition", "nosuch", "true")
    assert refused.code == 1
    assert "invalid partition specified: nosuch" in refused.err
    assert "Change `--partition`" in refused.err
