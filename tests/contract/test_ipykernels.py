"""A missing ipykernel added by a real pip, on the host and in images."""

from __future__ import annotations

import os
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from real import Parts
from runners import apptainer_runner, host_runner

from kernelkit.environment.ipykernels import add_ipykernel, needed_binds
from kernelkit.environment.layers import LayerRunner
from kernelkit.environment.package_checks import check_packages_dir
from kernelkit.environment.packages import install_delta, resolve_delta
from kernelkit.environment.pythons import probe_python
from kernelkit.errors import EnvironmentBroken

WHERE = """
import sys
sys.path.append({directory!r})
import ipykernel, traitlets
print(ipykernel.__file__, traitlets.__file__)
"""


@pytest.fixture
def root(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    # Each test has a home of its own; what pip downloads may be shared.
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "pip-cache"))
    return home / ".local/share/kernelkit"


def image_runner(parts: Parts, name: str, root: Path, *options: str) -> LayerRunner:
    binds = [option for directory in needed_binds(root) for option in ("--bind", directory)]
    apptainer = parts.apptainer_bin / "apptainer"
    return apptainer_runner(apptainer, parts.image(name), *binds, *options)


def test_added_to_an_image_without_pip(
    need: Callable[..., None], parts: Parts, home: Path, root: Path
) -> None:
    need("apptainer", "image-noipykernel")
    runner = image_runner(parts, "noipykernel.sif", root)
    python = probe_python(runner, ["python3"])
    assert (python.ipykernel, python.pip) == ("", "")
    lines: list[str] = []
    added = add_ipykernel(runner, python, root=root, on_line=lines.append)
    assert len(lines) == 2
    assert added.distributions["ipykernel"]
    assert added.debugger
    # pip itself is lent, not added.
    assert not list(Path(added.dir).glob("pip*"))
    assert check_packages_dir(Path(added.dir), python) == []
    where = runner(["python3", "-"], input=WHERE.format(directory=added.dir)).stdout.split()
    assert all(path.startswith(added.dir) for path in where)

    marked = os.stat(added.dir)  # noqa: PTH116
    again = add_ipykernel(runner, python, root=root)
    assert again == added
    assert os.stat(added.dir).st_ino == marked.st_ino  # noqa: PTH116
    assert [p.name for p in (root / "ipykernel").iterdir()] == [Path(added.dir).name]
    assert {p.name for p in root.iterdir()} == {"ipykernel", "pip"}


def test_added_in_a_contained_image(
    need: Callable[..., None], parts: Parts, home: Path, root: Path
) -> None:
    need("apptainer", "image-noipykernel")
    runner = image_runner(parts, "noipykernel.sif", root, "--contain", "--cleanenv")
    python = probe_python(runner, ["python3"])
    assert add_ipykernel(runner, python, root=root).distributions["ipykernel"]


def test_an_unseen_data_directory_is_named(
    need: Callable[..., None], parts: Parts, home: Path, tmp_path: Path
) -> None:
    need("apptainer", "image-noipykernel")
    apptainer = parts.apptainer_bin / "apptainer"
    runner = apptainer_runner(apptainer, parts.image("noipykernel.sif"), "--contain")
    python = probe_python(runner, ["python3"])
    with pytest.raises(EnvironmentBroken, match="is not visible to Python") as caught:
        add_ipykernel(runner, python, root=home / "data")
    assert "noipykernel.sif" in caught.value.message
    assert "Bind" in caught.value.hint


def test_nothing_of_it_can_be_changed(
    need: Callable[..., None], parts: Parts, home: Path, root: Path
) -> None:
    need("python")
    python = probe_python(host_runner(), [str(parts.python_bare)])
    added = add_ipykernel(host_runner(), python, root=root)
    for directory, _, files in os.walk(added.dir):
        for path in [directory, *(os.path.join(directory, name) for name in files)]:  # noqa: PTH118
            assert os.stat(path).st_mode & 0o222 == 0, path  # noqa: PTH116


def test_what_the_environment_has_stays_its_own(home: Path, root: Path) -> None:
    """An environment with an old traitlets keeps it, and the rest is chosen to fit."""
    prefix = home / "venv"
    venv.create(prefix, with_pip=False)
    site = next(prefix.glob("lib/*/site-packages"))
    runner = host_runner()
    word = str(prefix / "bin/python")
    old = resolve_delta(runner, probe_python(runner, [word]), ["traitlets==5.9.0"], root=root)
    assert [(d.name, d.version) for d in old] == [("traitlets", "5.9.0")]
    assert len(old[0].sha256) == 64
    install_delta(runner, probe_python(runner, [word]), old, site, root=root)

    python = probe_python(runner, [word])
    assert python.distributions == {"traitlets": "5.9.0"}
    added = add_ipykernel(runner, python, root=root)
    assert "traitlets" not in added.distributions
    where = runner([word, "-"], input=WHERE.format(directory=added.dir)).stdout.split()
    assert where[0].startswith(added.dir)
    assert where[1].startswith(str(site))


def test_a_delta_over_an_image_keeps_its_numpy(
    need: Callable[..., None], parts: Parts, home: Path, root: Path
) -> None:
    need("apptainer", "image-demo")
    runner = image_runner(parts, "demo.sif", root)
    python = probe_python(runner, ["python3"])
    delta = {d.name: d.version for d in resolve_delta(runner, python, ["contourpy"], root=root)}
    assert list(delta) == ["contourpy"], "numpy is there already and fits"


def test_a_name_that_no_index_has(home: Path, root: Path) -> None:
    python = probe_python(host_runner(), [sys.executable])
    with pytest.raises(EnvironmentBroken, match="There is no `no-such-thing-kernelkit`"):
        resolve_delta(host_runner(), python, ["no-such-thing-kernelkit"], root=root)


def test_no_network(need: Callable[..., None], parts: Parts, home: Path, root: Path) -> None:
    need("python")
    # A port that nobody listens on stands for an index that cannot be reached.
    runner = host_runner(
        PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_EXTRA_INDEX_URL="", PIP_FIND_LINKS=""
    )
    python = probe_python(runner, [str(parts.python_bare)])
    with pytest.raises(EnvironmentBroken, match="none can be added: pip reached no") as caught:
        add_ipykernel(runner, python, root=root)
    assert str(parts.python_bare) in caught.value.message
    assert "Python 3" in caught.value.message
    assert not list((root / "ipykernel").glob("*"))


def test_what_the_users_pip_settings_say_about_where_is_ignored(home: Path, root: Path) -> None:
    prefix = home / "venv"
    venv.create(prefix, with_pip=False)
    settings = home / ".config/pip/pip.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[install]\nuser = true\ntarget = {home}/elsewhere\n")
    runner = host_runner(PIP_PREFIX=str(home / "elsewhere"), PIP_REQUIRE_VIRTUALENV="1")
    python = probe_python(runner, [str(prefix / "bin/python")])
    added = add_ipykernel(runner, python, root=root)
    assert Path(added.dir, "ipykernel").is_dir()
    assert not (home / "elsewhere").exists()
