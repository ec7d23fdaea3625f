"""Virtual environments judged from their files: every way in which one can be broken."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from kernelkit.environment.venvs import find_interpreter, find_venv
from kernelkit.errors import EnvironmentBroken, InsecureFile, NotFound


@pytest.fixture
def made(tmp_path: Path) -> Path:
    prefix = tmp_path / "project" / "env with space"
    venv.create(prefix, symlinks=True)
    return prefix


def test_a_real_venv_is_found_with_its_site_packages(made: Path) -> None:
    plan = find_venv(str(made), base=Path("/"))
    assert plan.kind == "venv"
    assert plan.interpreter == str(made / "bin/python")
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    says = subprocess.run([plan.interpreter, "-c", code], capture_output=True, text=True)
    assert plan.site_packages == says.stdout.strip()
    assert plan.relative == ""


def test_a_relative_path_counts_from_the_recipe(made: Path) -> None:
    recipe = made.parent / "kernelkit.toml"
    plan = find_venv("./env with space", base=recipe.parent, recipe_file=recipe)
    assert (plan.prefix, plan.relative) == (str(made), "env with space")
    absolute = find_venv(str(made), base=recipe.parent, recipe_file=recipe)
    assert absolute.relative == ""


def test_a_path_from_home(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(made.parent))
    recipe = made.parent / "kernelkit.toml"
    plan = find_venv("~/env with space", base=Path("/"), recipe_file=recipe)
    assert (plan.prefix, plan.relative) == (str(made), "")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=str(tmp_path / "gone")):
        find_venv("gone", base=tmp_path)


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentBroken, match="is not a virtual environment"):
        find_venv(".", base=tmp_path)
    (tmp_path / "conda-meta").mkdir()
    with pytest.raises(EnvironmentBroken) as caught:
        find_venv(".", base=tmp_path)
    assert "--conda" in caught.value.hint


def test_the_base_python_is_gone(made: Path) -> None:
    rewrite(made, home="/sw/python/3.9/bin")
    with pytest.raises(EnvironmentBroken, match="`/sw/python/3.9/bin` does not exist"):
        find_venv(str(made), base=made)


def test_a_venv_made_in_an_image_need_not_have_its_python_here(made: Path) -> None:
    rewrite(made, home="/opt/image/bin")
    relink(made, Path("/opt/image/bin/python3"))
    assert find_venv(str(made), base=made, in_container=True).prefix == str(made)


def test_the_link_to_python_dangles(made: Path, tmp_path: Path) -> None:
    relink(made, tmp_path / "python3.9")
    with pytest.raises(EnvironmentBroken, match=r"a link to `.*python3\.9`, which is gone"):
        find_venv(str(made), base=made)


def test_the_base_python_is_another_minor_version_now(made: Path, tmp_path: Path) -> None:
    newer = tmp_path / "python3.99"
    newer.write_bytes(b"")
    relink(made, newer)
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    with pytest.raises(EnvironmentBroken, match=f"Python {running}, .* is Python 3.99 now"):
        find_venv(str(made), base=made)


def test_settings_that_are_no_file(tmp_path: Path) -> None:
    settings = tmp_path / "pyvenv.cfg"
    settings.mkdir()
    with pytest.raises(EnvironmentBroken, match=r"pyvenv\.cfg` cannot be read"):
        find_venv(".", base=tmp_path)
    settings.rmdir()
    os.mkfifo(settings)
    with pytest.raises(InsecureFile, match=r"pyvenv\.cfg` is not a regular file"):
        find_venv(".", base=tmp_path)


def test_an_interpreter(made: Path) -> None:
    plan = find_interpreter("bin/python", base=made, recipe_file=made / "kernelkit.toml")
    assert (plan.kind, plan.interpreter) == ("interpreter", str(made / "bin/python"))
    assert (plan.prefix, plan.relative) == (plan.interpreter, "bin/python")


def test_an_interpreter_that_is_none(made: Path) -> None:
    with pytest.raises(NotFound, match="no interpreter at"):
        find_interpreter("bin/python9", base=made)
    with pytest.raises(EnvironmentBroken, match="not a program"):
        find_interpreter("bin", base=made)
    with pytest.raises(EnvironmentBroken, match="not a program"):
        find_interpreter("pyvenv.cfg", base=made)


def rewrite(prefix: Path, **values: str) -> None:
    file = prefix / "pyvenv.cfg"
    lines = [line for line in file.read_text().splitlines() if line.split(" ")[0] not in values]
    file.write_text("\n".join([*lines, *(f"{k} = {v}" for k, v in values.items())]))


def relink(prefix: Path, target: Path) -> None:
    python = prefix / "bin/python"
    python.unlink()
    python.symlink_to(target)
