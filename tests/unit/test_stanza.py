"""What a site says of its nodes decides how a kernel in a job is encrypted, or that it is refused."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from canned import CASES
from command_line import Answer, kernelkit

from kernelkit.errors import NotPermitted
from kernelkit.model import JobStanza, Plan
from kernelkit.running.desk import Desk
from kernelkit.running.options import RunOptions
from kernelkit.running.stanza import job_stanza
from kernelkit.site import load_site

# A kernel of no language that anybody knows; nothing is asked of the machine for it.
RECIPE = """
name = "speaks"
language = "sh"
[kernel]
command = ["/bin/sh", "{connection_file}"]
"""


def configure(**settings: Any) -> None:
    file = Path(os.environ["JUPYTER_CONFIG_DIR"]) / "jupyter_kernelkit_config.json"
    file.write_text(json.dumps({"KernelkitSite": settings}))


def old(plan: Plan) -> Plan:
    """`plan` with an ipykernel that does not encrypt, and the pyzmq that every ipykernel brings."""
    assert plan.python
    known = {"ipykernel": "6.29.5", "pyzmq": "25.1"}
    python = msgspec.structs.replace(plan.python, curve=False, distributions=known)
    return msgspec.structs.replace(plan, python=python)


def wire(stanza: JobStanza) -> tuple[str, str]:
    found = stanza.metadata["kernel_provisioner"]["config"]
    return found["wire"], found.get("pump", "")


def test_nodes_see_kernelkits_own_python_unless_the_site_says_otherwise(home: Path) -> None:
    site = load_site()
    assert (site.node_python, site.origin("node_python")) == (sys.executable, "detected")
    assert wire(job_stanza(CASES["r"].plan, site)) == ("forwarder", "")
    configure(node_python="/apps/kernelkit/bin/python")
    assert load_site().node_python == "/apps/kernelkit/bin/python"
    configure(node_python="")
    assert load_site().node_python == ""


def test_without_a_python_of_the_sites_the_kernels_own_serves(home: Path) -> None:
    configure(node_python="")
    stanza = job_stanza(old(CASES["venv"].plan), load_site())
    command = CASES["venv"].plan.python.command  # type: ignore[union-attr]
    assert wire(stanza) == ("forwarder", command)
    assert stanza.notices == ()


def test_what_nothing_can_encrypt_is_refused_or_told(home: Path) -> None:
    configure(node_python="")
    with pytest.raises(NotPermitted, match="Nothing can encrypt what this r kernel says"):
        job_stanza(CASES["r"].plan, load_site())
    configure(node_python="", allow_plain=True)
    stanza = job_stanza(CASES["r"].plan, load_site())
    assert wire(stanza) == ("plain", "")
    assert len(stanza.notices) == 1 and "unencrypted" in stanza.notices[0]


def test_a_kernel_is_not_started_with_a_python_that_is_gone(home: Path) -> None:
    configure(node_python="")
    desk = Desk(load_site())
    try:
        with pytest.raises(NotPermitted, match="`node_python` is empty now"):
            desk.make_run(object(), "id", {}, RunOptions(wire="forwarder"), "/", {}, False)
        assert not list(desk.runs.root.glob("?" * 12))
    finally:
        loop = desk.background.loop
        loop.call_soon_threadsafe(loop.stop)


def install(home: Path, *more: str) -> Answer:
    recipe = home / "speaks.toml"
    recipe.write_text(RECIPE)
    return kernelkit("install", str(recipe), "--on-slurm", "--no-check", "--no-test", *more)


def test_an_install_is_refused_with_a_sentence_and_what_to_do(home: Path) -> None:
    configure(node_python="")
    done = install(home)
    assert done.code == NotPermitted.exit_code
    assert "Nothing can encrypt what this sh kernel says on the network" in done.err
    assert "`node_python`" in done.err and "`allow_plain`" in done.err
    assert not (home / ".local/share/jupyter/kernels/speaks").exists()


def test_an_install_in_plain_says_so_each_time_and_show_does(home: Path) -> None:
    configure(node_python="", allow_plain=True)
    (notice,) = install(home, "--json").json["notices"]
    assert "cross the network unencrypted" in notice
    for words in (("set", "speaks", "env.A=1"), ("upgrade", "speaks", "--force")):
        changed = kernelkit(*words, "--no-test")
        assert (changed.code, "cross the network unencrypted" in changed.err) == (0, True), changed
    shown = kernelkit("show", "speaks")
    assert "not encrypted between server and node" in shown.out
