"""Runs that share a suite: every test once, each module whole, its fixtures ended."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import sharing

MODULE = """
import pytest, time

@pytest.fixture(scope="module", autouse=True)
def told(request):
    yield
    print("ended", request.node.name)

@pytest.mark.parametrize("number", range(3))
def test_it(number):
    time.sleep(0.01)
    print("ran", __name__, number)
"""


def start(tree: Path, shared: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pytest", "-s", "-q", "-p", "sharing", "-c", "pytest.ini"]
    path = str(Path(sharing.__file__).parent)
    own = {"KERNELKIT_TESTS_SHARED": str(shared), "PYTHONPATH": path, "PYTEST_ADDOPTS": ""}
    return subprocess.Popen(
        [*command, *options],
        cwd=tree,
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        text=True,
    )


def tree_of(directory: Path, modules: int) -> tuple[Path, Path]:
    (directory / "shared").mkdir()
    tree = directory / "tree"
    for number in range(modules):
        # The same file names in two directories, as tests/ has them.
        module = tree / f"part_{number % 2}" / f"test_{number // 2}.py"
        module.parent.mkdir(parents=True, exist_ok=True)
        (module.parent / "__init__.py").touch()
        module.write_text(MODULE)
    (tree / "pytest.ini").write_text("[pytest]\n")
    return tree, directory / "shared"


def test_two_runs_take_every_test_once(tmp_path: Path) -> None:
    tree, shared = tree_of(tmp_path, 12)
    runs = [start(tree, shared) for _ in range(2)]
    outputs = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    ran = [re.findall(r"ran (\S+) (\d)", output) for output in outputs]
    assert sorted(ran[0] + ran[1]) == sorted(
        (f"part_{n % 2}.test_{n // 2}", str(case)) for n in range(12) for case in range(3)
    )
    for output, mine in zip(outputs, ran, strict=True):
        assert len(re.findall("ended", output)) == len({module for module, _ in mine})


def test_a_failure_is_one_and_x_stops_at_it(tmp_path: Path) -> None:
    tree, shared = tree_of(tmp_path, 4)
    (tree / "part_0/test_0.py").write_text("def test_no(): assert False\ndef test_yes(): pass\n")
    run = start(tree, shared, "-x")
    output = run.communicate(timeout=60)[0]
    assert run.returncode == 1
    assert "1 failed" in output
    assert "passed" not in output
    assert len(list(shared.iterdir())) == 1
