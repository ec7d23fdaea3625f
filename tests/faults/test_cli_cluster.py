"""`kernelkit cluster` with what real clusters printed, without one."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from command_line import kernelkit
from fakes import Fakes

from kernelkit.slurm.argv import FIELD, RECORD

STRINGS = json.loads((Path(__file__).parents[1] / "fixtures/slurm-strings.json").read_text())


def node(name: str, state: str, gres: str, used: str) -> str:
    row = (name, "gpu*", "up", "infinite", "n/a", state, "2/6/0/8", "16000", "0", gres, used,
           "(null)", "none")  # fmt: skip
    return FIELD.join(row) + FIELD + RECORD + "\n"


def test_gpus_as_sites_name_them(fakes: Fakes) -> None:
    totals = [row[0] for row in STRINGS["gres_total"]]
    expected = sum(row[2] for row in STRINGS["gres_total"])
    states = STRINGS["node_states"]
    text = "".join(
        node(f"n{at}", states[at % len(states)], gres, "gpu:0") for at, gres in enumerate(totals)
    )
    fakes.put("sinfo", f"printf '%s' {shlex.quote(text)}")
    shown = kernelkit("cluster", "--json").json
    (partition,) = shown["partitions"]
    assert sum(gpus["total"] for gpus in partition["gpus"]) == expected
    assert sum(partition["nodes"].values()) == len(totals)
    people = kernelkit("cluster")
    assert people.code == 0
    assert "gpu*" in people.out
    # The other commands fail here, and each says what is missing for it.
    for part in ("Limits of partitions", "Reservations", "Accounts and QOS"):
        assert f"{part} are not known" in people.err


def test_where_there_is_no_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    shown = kernelkit("cluster")
    assert shown.code == 1
    assert "Slurm does not answer here" in shown.err
    assert "`sinfo`" in shown.err


@pytest.mark.parametrize("option", ["--portable", "--no-check", "--gres=gpu:1"])
def test_options_of_a_job_need_one(option: str) -> None:
    refused = kernelkit("create", "--python", "/usr/bin/python3", option)
    assert refused.code == 2
    assert f"`{option.partition('=')[0]}` is for kernels in a Slurm job" in refused.err
