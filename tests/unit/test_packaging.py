"""What is shipped works away from the source: the wheel has its catalog, the sdist builds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build(source: Path, target: Path) -> tuple[Path, Path]:
    """(wheel, sdist) of a source tree; hatchling is installed, so nothing is fetched."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(target)],
        cwd=source,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (wheel,), (sdist,) = target.glob("*.whl"), target.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build(ROOT, tmp_path_factory.mktemp("dist"))


def test_the_wheel_has_the_whole_catalog(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        shipped = set(wheel.namelist())
    catalog = [path for path in (ROOT / "kernels").rglob("*") if path.is_file()]
    assert len(catalog) > 10
    missing = [
        path
        for path in catalog
        if f"kernelkit/kernels/{path.relative_to(ROOT / 'kernels')}" not in shipped
    ]
    assert not missing


def test_the_wheel_has_the_sidebar(built: tuple[Path, Path]) -> None:
    source = ROOT / "labextension/built"
    target = "share/jupyter/labextensions/kernelkit"
    with zipfile.ZipFile(built[0]) as wheel:
        shipped = {name.partition(".data/data/")[2] for name in wheel.namelist()}
    files = [path for path in source.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert {f"{target}/{path.relative_to(source)}" for path in files} <= shipped


def test_an_unpacked_wheel_offers_its_recipes(
    built: tuple[Path, Path], home: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        wheel.extractall(tmp_path)
    program = (
        "import sys, kernelkit; from kernelkit.cli.main import run; "
        "print(kernelkit.__file__, file=sys.stderr); "
        "sys.exit(run(['avail', 'pytorch', '--kind', 'recipe', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(str(tmp_path))
    assert "pytorch/2.7.1-cuda12.6-cudnn9" in json.dumps(json.loads(done.stdout))


def test_the_sdist_builds_the_same_wheel(built: tuple[Path, Path], tmp_path: Path) -> None:
    with tarfile.open(built[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
        assert {"Makefile", "LICENSE", "CHANGELOG.md", "demo/run", "tests/parts/install"} <= names
        sdist.extractall(tmp_path / "source")
    (source,) = (tmp_path / "source").iterdir()
    wheel, _ = build(source, tmp_path / "again")
    with zipfile.ZipFile(wheel) as again, zipfile.ZipFile(built[0]) as first:
        assert again.namelist() == first.namelist()
