"""Conda environments found by the files that conda and its relatives keep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kernelkit.environment.conda_places import parse_rc
from kernelkit.environment.condas import find_conda, list_condas
from kernelkit.errors import Ambiguous, EnvironmentBroken, InvalidName, NotFound


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return {"HOME": str(home)}


def prefix(path: Path, *, python: bool = True) -> Path:
    (path / "conda-meta").mkdir(parents=True)
    (path / "bin").mkdir()
    if python:
        (path / "bin/python").write_text("#!/bin/sh\n")
        (path / "bin/python").chmod(0o755)
        (path / "lib/python3.11/site-packages").mkdir(parents=True)
    return path


def installation(path: Path) -> Path:
    """An installation whose `conda` is on the returned bin directory."""
    prefix(path)
    (path / "bin/conda").write_text("#!/bin/sh\nexit 1\n")
    (path / "bin/conda").chmod(0o755)
    return path / "bin"


def test_by_name_below_the_conda_on_path(tmp_path: Path, env: dict[str, str]) -> None:
    path = str(installation(tmp_path / "miniforge"))
    wanted = prefix(tmp_path / "miniforge/envs/torch")
    plan = find_conda("torch", base=tmp_path, path=path, env=env)
    assert (plan.kind, plan.prefix, plan.name) == ("conda", str(wanted), "torch")
    assert plan.interpreter == str(wanted / "bin/python")
    assert plan.site_packages == str(wanted / "lib/python3.11/site-packages")


def test_base_is_the_installation(tmp_path: Path, env: dict[str, str]) -> None:
    path = str(installation(tmp_path / "miniforge"))
    plan = find_conda("base", base=tmp_path, path=path, env=env)
    assert (plan.prefix, plan.name) == (str(tmp_path / "miniforge"), "base")


def test_a_link_to_conda_leads_to_its_installation(tmp_path: Path, env: dict[str, str]) -> None:
    real = installation(tmp_path / "miniforge")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/conda").symlink_to(real / "conda")
    prefix(tmp_path / "miniforge/envs/torch")
    assert find_conda("torch", base=tmp_path, path=str(tmp_path / "bin"), env=env)


@pytest.mark.parametrize("variable", ["CONDA_ENVS_PATH", "CONDA_ENVS_DIRS"])
def test_by_name_in_the_directories_of_a_variable(
    tmp_path: Path, env: dict[str, str], variable: str
) -> None:
    wanted = prefix(tmp_path / "b/torch")
    env[variable] = f"{tmp_path}/a:{tmp_path}/b"
    assert find_conda("torch", base=tmp_path, path="", env=env).prefix == str(wanted)


def test_by_name_in_what_condarc_says(tmp_path: Path, env: dict[str, str]) -> None:
    home = Path(env["HOME"])
    (home / ".condarc").write_text("channels:\n  - conda-forge\nenvs_dirs:\n  - ~/scratch/envs\n")
    wanted = prefix(home / "scratch/envs/torch")
    assert find_conda("torch", base=tmp_path, path="", env=env).prefix == str(wanted)


def test_by_name_in_micromambas_root(tmp_path: Path, env: dict[str, str]) -> None:
    env["MAMBA_ROOT_PREFIX"] = str(tmp_path / "mamba")
    wanted = prefix(tmp_path / "mamba/envs/torch")
    assert find_conda("torch", base=tmp_path, path="", env=env).prefix == str(wanted)


def test_by_name_among_the_recorded_ones(tmp_path: Path, env: dict[str, str]) -> None:
    wanted = prefix(tmp_path / "project/torch")
    recorded = Path(env["HOME"]) / ".conda/environments.txt"
    recorded.parent.mkdir()
    recorded.write_text(f"{tmp_path}/deleted\n\nrelative\n{wanted}\n")
    assert find_conda("torch", base=tmp_path, path="", env=env).prefix == str(wanted)


def test_one_environment_reached_in_two_ways_is_one(tmp_path: Path, env: dict[str, str]) -> None:
    wanted = prefix(tmp_path / "envs/torch")
    (tmp_path / "link").symlink_to(tmp_path / "envs")
    env["CONDA_ENVS_PATH"] = f"{tmp_path}/envs:{tmp_path}/link"
    assert find_conda("torch", base=tmp_path, path="", env=env).prefix == str(wanted)


def test_two_of_one_name(tmp_path: Path, env: dict[str, str]) -> None:
    both = [prefix(tmp_path / "a/torch"), prefix(tmp_path / "b/torch")]
    env["CONDA_ENVS_PATH"] = f"{tmp_path}/a:{tmp_path}/b"
    with pytest.raises(Ambiguous) as caught:
        find_conda("torch", base=tmp_path, path="", env=env)
    assert caught.value.matches == tuple(map(str, both))


def test_a_name_that_is_nearly_right(tmp_path: Path, env: dict[str, str]) -> None:
    prefix(tmp_path / "envs/pytorch")
    env["CONDA_ENVS_PATH"] = f"{tmp_path}/envs"
    with pytest.raises(NotFound) as caught:
        find_conda("pytorhc", base=tmp_path, path="", env=env)
    assert caught.value.hint == "Did you mean `pytorch`?"


def test_a_name_that_is_a_directory_of_the_project(tmp_path: Path, env: dict[str, str]) -> None:
    prefix(tmp_path / "env")
    with pytest.raises(NotFound) as caught:
        find_conda("env", base=tmp_path, path="", env=env)
    assert "`./env`" in caught.value.hint


def test_by_path_relative_to_the_recipe(tmp_path: Path, env: dict[str, str]) -> None:
    wanted = prefix(tmp_path / "env")
    recipe = tmp_path / "kernelkit.toml"
    plan = find_conda("./env", base=tmp_path, path="", env=env, recipe_file=recipe)
    assert (plan.prefix, plan.relative, plan.name) == (str(wanted), "env", "")


def test_a_path_below_envs_has_a_name(tmp_path: Path, env: dict[str, str]) -> None:
    wanted = prefix(tmp_path / "envs/torch")
    assert find_conda(str(wanted), base=tmp_path, path="", env=env).name == "torch"


def test_paths_that_lead_nowhere(tmp_path: Path, env: dict[str, str]) -> None:
    with pytest.raises(NotFound, match=f"`{tmp_path}/gone`"):
        find_conda("./gone", base=tmp_path, path="", env=env)
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\n")
    with pytest.raises(EnvironmentBroken) as caught:
        find_conda(".", base=tmp_path, path="", env=env)
    assert "--venv" in caught.value.hint


def test_an_environment_without_python(tmp_path: Path, env: dict[str, str]) -> None:
    wanted = prefix(tmp_path / "r", python=False)
    assert find_conda(str(wanted), base=tmp_path, path="", env=env).interpreter == ""


def test_a_python_that_is_a_dangling_link(tmp_path: Path, env: dict[str, str]) -> None:
    wanted = prefix(tmp_path / "env", python=False)
    (wanted / "bin/python").symlink_to("python3.9")
    with pytest.raises(EnvironmentBroken, match=r"a link to `python3\.9`"):
        find_conda(str(wanted), base=tmp_path, path="", env=env)


def test_variables_of_packages_and_of_the_environment(tmp_path: Path, env: dict[str, str]) -> None:
    wanted = prefix(tmp_path / "env")
    packages = wanted / "etc/conda/env_vars.d"
    packages.mkdir(parents=True)
    (packages / "gdal.json").write_text(json.dumps({"GDAL_DATA": "a", "BOTH": "package"}))
    state = {"version": 1, "env_vars": {"BOTH": "own $HOME 'x'", "OLD": "***unset***"}}
    (wanted / "conda-meta/state").write_text(json.dumps(state))
    plan = find_conda(str(wanted), base=tmp_path, path="", env=env)
    assert plan.variables == {"GDAL_DATA": "a", "BOTH": "own $HOME 'x'"}


@pytest.mark.parametrize("state", ["", "[", "[]", '{"env_vars": []}'])
def test_a_broken_state_file_is_named(tmp_path: Path, env: dict[str, str], state: str) -> None:
    wanted = prefix(tmp_path / "env")
    (wanted / "conda-meta/state").write_text(state)
    with pytest.raises(EnvironmentBroken, match="conda-meta/state` cannot be read"):
        find_conda(str(wanted), base=tmp_path, path="", env=env)


def test_a_variable_that_no_process_can_have(tmp_path: Path, env: dict[str, str]) -> None:
    wanted = prefix(tmp_path / "env")
    (wanted / "conda-meta/state").write_text(json.dumps({"env_vars": {"A=B; id": "x"}}))
    with pytest.raises(InvalidName):
        find_conda(str(wanted), base=tmp_path, path="", env=env)


@pytest.mark.parametrize("name", ["-n", "a b", "$(id)", "a\n", ""])
def test_names_that_are_none(tmp_path: Path, env: dict[str, str], name: str) -> None:
    with pytest.raises(InvalidName):
        find_conda(name, base=tmp_path, path="", env=env)


def test_all_of_them_by_name_and_broken_ones_left_out(tmp_path: Path, env: dict[str, str]) -> None:
    path = str(installation(tmp_path / "miniforge"))
    prefix(tmp_path / "miniforge/envs/zarr")
    prefix(tmp_path / "miniforge/envs/array")
    broken = prefix(tmp_path / "miniforge/envs/broken")
    (broken / "conda-meta/state").write_text("[")
    found = list_condas(path, env)
    mine = [plan.name for plan in found if plan.prefix.startswith(str(tmp_path))]
    assert mine == ["array", "base", "zarr"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("envs_dirs:\n  - /a\n  - '/b c'\n", ["/a", "/b c"]),
        ("envs_dirs:\n- /a # here\n- /b\nchannels:\n- x\n", ["/a", "/b"]),
        ('"envs_dirs": [/a, "/b"]\n', ["/a", "/b"]),
        ("pkgs_dirs:\n  - /p\n", []),
        ("envs_dirs: []\n", []),
        ("envs_dirs:\n", []),
        ("#envs_dirs:\n#  - /a\n", []),
        ("envs_dirs:\n  - /a#b\n", ["/a#b"]),
    ],
)
def test_condarc(text: str, expected: list[str]) -> None:
    assert parse_rc(text) == expected
