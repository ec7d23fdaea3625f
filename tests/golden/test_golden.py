"""Recipe and a machine's answers -> the exact two files; --update-golden rewrites them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from canned import CASES, directory

from kernelkit.files import digest
from kernelkit.specs import spec
from kernelkit.specs.script import render_script, sections

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release changes no file here."""
    monkeypatch.setattr(spec, "__version__", "0.0.0")


@pytest.mark.parametrize("name", CASES)
def test_launch_sh(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.sh", render_script(CASES[name].plan).decode())


@pytest.mark.parametrize("name", CASES)
def test_kernel_json(name: str, golden: Callable[[str, str], None]) -> None:
    case = CASES[name]
    found = spec.render_kernel_json(
        case.plan,
        directory=directory(case),
        installed="2026-01-01T12:00:00+00:00",
        digests={"launch.sh": digest(render_script(case.plan))},
    )
    golden(f"{name}.json", found.decode())


@pytest.mark.parametrize("name", CASES)
def test_the_same_plan_gives_the_same_bytes(name: str) -> None:
    case = CASES[name]
    assert render_script(case.plan) == render_script(case.plan)


@pytest.mark.parametrize("name", CASES)
def test_a_traced_script_differs_by_one_line_a_section(name: str) -> None:
    plan = CASES[name].plan
    traced = render_script(plan, trace=True).splitlines()
    added = [line for line in traced if line.endswith(b">&3")]
    assert len(added) == len(sections(plan))
    assert [line for line in traced if line not in added] == render_script(plan).splitlines()


@pytest.mark.parametrize("name", CASES)
def test_lines_fit_a_terminal(name: str) -> None:
    own = [
        line for line in render_script(CASES[name].plan).decode().splitlines() if "'/" not in line
    ]
    # A site's MODULEPATH stands in one word, whatever its length.
    assert [line for line in own if len(line) > 100 and "MODULEPATH=" not in line] == []


def test_what_a_plan_lacks_is_not_in_its_script() -> None:
    plain = render_script(CASES["venv"].plan).decode()
    for word in ("module", "_inside", "PYTHONPATH=", "apptainer", "_cache", "_project", "watch"):
        assert word not in plain.replace("unset PYTHONPATH", ""), word


def test_no_file_is_left_from_a_case_that_is_gone() -> None:
    assert {path.stem for path in HERE.glob("*.sh")} == set(CASES)
    assert {path.stem for path in HERE.glob("*.json")} == set(CASES)


def test_shellcheck_finds_nothing(need: Callable[..., None]) -> None:
    need("shellcheck")
    scripts = sorted(map(str, HERE.glob("*.sh")))
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_bash_reads_every_script() -> None:
    for script in HERE.glob("*.sh"):
        done = subprocess.run(["/bin/bash", "-n", script], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), script.name
