"""Images, environments and packages dirs that went wrong, as users meet them."""

from __future__ import annotations

import os
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from real import Parts
from runners import apptainer_runner, host_runner

from kernelkit.environment import pips
from kernelkit.environment.condas import find_conda
from kernelkit.environment.containers import Runtime, find_runtime, inspect_image
from kernelkit.environment.ipykernels import add_ipykernel
from kernelkit.environment.package_checks import check_packages_dir
from kernelkit.environment.pythons import probe_python
from kernelkit.environment.venvs import find_venv
from kernelkit.errors import ContainerError, EnvironmentBroken, KernelkitError, NotFound
from kernelkit.model import PythonFacts
from kernelkit.proc import run
from kernelkit.site import Setting, Site


@pytest.fixture
def site() -> Site:
    settings = {"container_runtime": "", "container_module": ""}
    return Site({name: Setting(name, value, "detected", "") for name, value in settings.items()})


@pytest.fixture
def python() -> PythonFacts:
    return probe_python(host_runner(), [sys.executable])


def plain(error: KernelkitError) -> bool:
    """What every message must have: the value in backticks, and what to do next."""
    return "`" in error.message and bool(error.hint)


# --- image path missing, unreadable, of another processor; apptainer absent or only as singularity


def test_no_runtime_at_all(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ContainerError) as caught:
        find_runtime(site, path=str(tmp_path))
    assert plain(caught.value)


def test_only_singularity(need: Callable[..., None], parts: Parts, site: Site, home: Path) -> None:
    need("apptainer", "image-demo")
    runtime = find_runtime(site, path=f"{parts.singularity_bin}:{os.environ['PATH']}")
    assert Path(runtime.command).name == "singularity"
    plan = inspect_image(parts.image("demo.sif"), runtime=runtime)
    runner = apptainer_runner(Path(plan.runtime), Path(plan.image.path))
    assert probe_python(runner, ["python3"]).ipykernel


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[: 1 << 16]),
        lambda path: path.write_bytes(path.read_bytes()[:45] + b"04\0" + path.read_bytes()[48:]),
        lambda path: path.chmod(0),
    ],
    ids=["gone", "empty", "half copied", "for arm64", "unreadable"],
)
def test_an_image_that_cannot_be_used(
    need: Callable[..., None],
    parts: Parts,
    tmp_path: Path,
    spoil: Callable[[Path], object],
    request: pytest.FixtureRequest,
) -> None:
    need("apptainer", "image-noipykernel")
    if "arm64" in request.node.name and os.uname().machine == "aarch64":
        pytest.skip("this machine is arm64")
    image = tmp_path / "image.sif"
    image.write_bytes(parts.image("noipykernel.sif").read_bytes())
    runtime = Runtime("apptainer", "apptainer", "1.4.5")
    assert inspect_image(image, runtime=runtime)
    spoil(image)
    with pytest.raises(ContainerError) as caught:
        inspect_image(image, runtime=runtime)
    assert plain(caught.value)
    assert str(image) in caught.value.message


# --- image without ipykernel, and none can be had


def test_a_python_that_is_too_old_for_any_pip(python: PythonFacts, tmp_path: Path) -> None:
    old = msgspec.structs.replace(
        python, version="3.6.8", pip="", ipykernel="", container="/images/old.sif"
    )
    with pytest.raises(EnvironmentBroken) as caught:
        add_ipykernel(host_runner(), old, root=tmp_path)
    assert "3.6.8" in caught.value.message
    assert "`/images/old.sif`" in caught.value.message
    assert plain(caught.value)


def test_a_python_that_is_too_old_for_our_pip(
    python: PythonFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pips, "_own_pip", lambda: ("99.0", (3, 99), tmp_path))
    older = msgspec.structs.replace(python, version="3.8.10", pip="")
    pip = pips.choose_pip(older, root=tmp_path)
    assert pips.OLDEST_PIP <= tuple(map(int, pip.version.split(".")[:2])) < (25, 1)
    assert Path(pip.directory, "pip/__main__.py").is_file()
    assert pips.choose_pip(older, root=tmp_path) == pip


# --- conda or venv deleted, moved, its base Python gone


def test_a_venv_that_was_moved(tmp_path: Path) -> None:
    venv.create(tmp_path / "old", symlinks=True)
    (tmp_path / "old").rename(tmp_path / "new")
    with pytest.raises(NotFound) as caught:
        find_venv(str(tmp_path / "old"), base=tmp_path)
    assert plain(caught.value)
    moved = find_venv(str(tmp_path / "new"), base=tmp_path)
    assert probe_python(host_runner(), [moved.interpreter]).prefix == str(tmp_path / "new")


def test_a_conda_environment_that_was_deleted(tmp_path: Path) -> None:
    prefix = tmp_path / "envs/torch"
    (prefix / "conda-meta").mkdir(parents=True)
    env = {"HOME": str(tmp_path), "CONDA_ENVS_PATH": str(prefix.parent)}
    assert find_conda("torch", base=tmp_path, path="", env=env)
    (prefix / "conda-meta").rmdir()
    for text in ("torch", str(prefix)):
        with pytest.raises(KernelkitError) as caught:
            find_conda(text, base=tmp_path, path="", env=env)
        assert plain(caught.value)


def test_a_venv_whose_python_was_removed_from_under_it(tmp_path: Path) -> None:
    venv.create(tmp_path / "base", symlinks=False)
    run(
        [str(tmp_path / "base/bin/python"), "-m", "venv", "--without-pip", str(tmp_path / "v")],
        timeout=60,
        check=True,
    )
    (tmp_path / "v/bin/python").unlink()
    (tmp_path / "v/bin/python").symlink_to(tmp_path / "base/bin/python-gone")
    with pytest.raises(EnvironmentBroken, match="python-gone`, which is gone") as caught:
        find_venv("v", base=tmp_path)
    assert plain(caught.value)


# --- packages dir for another Python, or that hides Python's own modules


def test_a_packages_dir_made_by_pip_for_another_python(
    python: PythonFacts, home: Path, tmp_path: Path
) -> None:
    packages = tmp_path / "packages"
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(packages)]
    argv += ["--python-version", "3.9", "--only-binary=:all:", "--no-deps", "markupsafe<3.1"]
    run(argv, timeout=120, check=True)
    packages.chmod(0o755)
    (finding,) = check_packages_dir(packages, python)
    assert finding.severity == "error"
    assert "`markupsafe " in finding.message
    assert "cp39" in finding.message


def test_a_packages_dir_with_a_typing_module(python: PythonFacts, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "typing.py").write_text("WHERE = __file__\n")
    (finding,) = check_packages_dir(tmp_path, python)
    assert finding.severity == "error"
    # It really would: that is why it is an error.
    runner = host_runner(PYTHONPATH=str(tmp_path))
    shadowed = runner([sys.executable, "-S", "-c", "import typing; print(typing.WHERE)"])
    assert shadowed.stdout.strip() == str(tmp_path / "typing.py")
