"""`kernelkit doctor` where no real part is needed, and how it finds the Pythons of Jupyter."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from canned import CASES, python
from command_line import kernelkit, on_terminal
from shelf import mark, put

from kernelkit.errors import EnvironmentBroken
from kernelkit.running.jupyters import interpreter_of, is_server
from kernelkit.specs.doctor import compare_python

Settings = Callable[..., None]


@pytest.fixture(autouse=True)
def settings(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Writes the settings; at first a site without modules, containers, Slurm and Jupyter."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))

    def write(**values: Any) -> None:
        file = Path(os.environ["JUPYTER_CONFIG_DIR"]) / "jupyter_kernelkit_config.json"
        file.write_text(json.dumps({"KernelkitSite": values}))

    write(module_system="none", base_path="/nowhere")
    return write


def checks(*words: str, code: int = 0) -> dict[str, dict[str, str]]:
    """The checks by name; Jupyters apart, for others of this user may run on this machine."""
    done = kernelkit("doctor", "--json", *words)
    assert done.code == code, done.out
    return {found["name"]: found for found in done.json["checks"] if found["name"] != "Jupyter"}


def test_what_does_not_apply_is_no_fault() -> None:
    found = checks()
    skipped = {name for name, check in found.items() if check["verdict"] == "skipped"}
    assert {"container runtime", "Slurm"} <= skipped
    assert found["kernel directory"]["verdict"] == "ok"
    assert "installed" in found["kernels"]["message"]


def test_a_person_reads_a_line_a_check() -> None:
    done = kernelkit("doctor")
    line = next(line for line in done.out.splitlines() if line.startswith("ok "))
    assert line.split()[1] == "settings"
    assert "skipped  container runtime None on `/nowhere`" in done.out


def test_on_a_terminal_a_long_sentence_stays_beside_its_name() -> None:
    code, text = on_terminal("doctor", columns=80)
    lines = [line.rstrip() for line in text.splitlines()]
    assert code == 0
    (at,) = [n for n, line in enumerate(lines) if "container runtime" in line]
    assert lines[at + 1].startswith(" " * 27)


def test_broken_settings_end_what_needs_them(home: Path) -> None:
    file = Path(os.environ["JUPYTER_CONFIG_DIR"]) / "jupyter_kernelkit_config.json"
    file.write_text("{")
    found = checks(code=1)
    assert found["settings"]["verdict"] == "failed"
    assert f"`{file}`" in found["settings"]["message"]
    assert found["settings"]["hint"] == "Mend that file."
    assert "catalog" not in found


def test_a_kernel_directory_that_cannot_be_written() -> None:
    data = Path(os.environ["JUPYTER_DATA_DIR"])
    data.chmod(0o500)
    found = checks(code=1)["kernel directory"]
    data.chmod(0o700)
    assert f"`{data / 'kernels'}` cannot be written" in found["message"]


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    # /dev/full in the place of the trial's file: its writes end with ENOSPC, as a quota's do.
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **options: open("/dev/full", "wb", 0))  # noqa: SIM115
    found = checks(code=1)["kernel directory"]
    assert "no space or quota left" in found["message"]


def test_a_mistake_in_the_site_s_catalog(settings: Settings, tmp_path: Path) -> None:
    recipe = tmp_path / "catalog/tool/1.toml"
    recipe.parent.mkdir(parents=True)
    recipe.write_text("name = 1")
    settings(module_system="none", base_path="/nowhere", catalog_dirs=[str(tmp_path / "catalog")])
    found = checks()["catalog"]
    assert found["verdict"] == "warning"
    assert str(recipe) in found["message"]


def test_stale_and_broken_kernels_are_named(tmp_path: Path) -> None:
    root = Path(os.environ["JUPYTER_DATA_DIR"])
    for name, role in (("old", "module"), ("lost", "image")):
        (tmp_path / name).write_text("")
        put(root, name, marks=[mark(tmp_path / name, role, name)])
    (tmp_path / "old").write_text("changed")
    (tmp_path / "lost").unlink()
    found = checks()["kernels"]
    assert found["verdict"] == "warning"
    assert "`lost` is broken, `old` is stale" in found["message"]
    of_lost = checks("lost", code=1)
    assert f"`{tmp_path / 'lost'}` does not exist" in of_lost["kernelspec"]["message"]
    assert "kernelkit upgrade lost --force" in of_lost["kernelspec"]["hint"]
    assert of_lost["layers"]["verdict"] == "skipped"


def test_a_name_that_no_kernel_has() -> None:
    done = kernelkit("doctor", "pytroch")
    assert done.code == 4
    assert "There is no kernel named `pytroch`" in done.err


# --- the Python behind a kernel ---------------------------------------------------------------------


def test_another_python_than_the_kernel_was_made_for() -> None:
    plan = CASES["venv"].plan
    assert plan.python
    assert compare_python(plan.python, plan).startswith("Python 3.11.2 ")
    for version in ("3.12.1", "3.1.11"):
        with pytest.raises(EnvironmentBroken, match=rf"made for Python 3\.11\.2; now .*{version}"):
            compare_python(python(version=version), plan)
    assert compare_python(python(version="3.11.9"), plan)
    with pytest.raises(EnvironmentBroken, match="no ipykernel any more"):
        compare_python(python(ipykernel=""), plan)


# --- the Pythons of Jupyter ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"#!{sys.executable}\nimport jupyter", sys.executable),
        (f"#!{sys.executable} -I\n", sys.executable),
        (f"#!/bin/sh\n'''exec' \"{sys.executable}\" \"$0\" \"$@\"\n' '''\n", sys.executable),
        ("#!/bin/bash\nexec jupyter", ""),
        ("#!/bin/sh\n'''exec' \"unbalanced\n", ""),
        ("#!/nowhere/python3\n", ""),
        ("\x7fELF", ""),
        ("#!", ""),
        ("", ""),
    ],
)
def test_the_interpreter_of_a_script(text: str, expected: str, tmp_path: Path) -> None:
    script = tmp_path / "jupyter"
    script.write_text(text)
    assert interpreter_of(script) == expected


def test_the_interpreter_that_env_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    (tmp_path / "jupyter").write_text("#!/usr/bin/env python\n")
    assert interpreter_of(tmp_path / "jupyter") == f"{Path(sys.executable).parent}/python"
    assert interpreter_of(tmp_path / "absent") == ""


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/opt/jupyter/bin/python3.11 /opt/jupyter/bin/jupyter-lab --port 1", True),
        ("python -m jupyterlab", True),
        ("python3 -I -m jupyter_server.serverapp", True),
        ("/usr/bin/python3 /usr/local/bin/jupyterhub-singleuser", True),
        ("python -m", False),
        ("python -W ignore -m notebook", True),
        ("python -c jupyter-lab", False),
        ("python -m ipykernel_launcher -f x", False),
        ("vim jupyter-lab", False),
        ("python", False),
    ],
)
def test_what_a_server_s_command_looks_like(command: str, expected: bool) -> None:
    assert is_server(command.split(" ")) is expected
