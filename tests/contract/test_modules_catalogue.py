"""What exists, as the real systems tell it, and what a name means among it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from module_sites import SYSTEMS, make_backend, write_module
from real import Parts

from kernelkit.environment.modules import AvailableModule, Backend, catalogue
from kernelkit.environment.modules.dialect import Dialect

Need = Callable[..., None]


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest, need: Need, home: Path) -> str:
    need(request.param, "modules")
    return str(request.param)


@pytest.fixture
def backend(system: str, parts: Parts) -> Backend:
    return make_backend(parts, system)


def by_name(backend: Backend) -> dict[str, AvailableModule]:
    return {module.name: module for module in backend.available()}


def test_every_version_and_which_is_the_default(backend: Backend) -> None:
    found = by_name(backend)
    versions = [name for name in found if name.startswith("pytorch/")]
    assert [name.split("-")[0] for name in versions] == [
        "pytorch/2.5.1",
        "pytorch/2.6.0",
        "pytorch/2.7.1",
        "pytorch/2.8.0",
    ]
    defaults = {name for name, module in found.items() if module.default}
    assert {"gdal/3.6", "hdf5/1.12", "python/3.11", "libfoo/2.0", versions[-1]} <= defaults
    assert not {"gdal/3.8", "hdf5/1.14", "python/3.10", "libfoo/1.0", versions[0]} & defaults


def test_hidden_modules_are_not_listed_but_found_by_their_full_name(backend: Backend) -> None:
    found = by_name(backend)
    assert not any(name.startswith(("style-hidden", "style-dotted")) for name in found)
    for name in ("style-hidden/1.0", "style-dotted/.1.0"):
        (module,) = backend.find(name)
        assert (module.name, module.hidden) == (name, True)
    assert backend.find("style-hidden") == ()


def test_one_line_and_a_file_for_each(backend: Backend) -> None:
    module = by_name(backend)["apptainer/1.4.5"]
    assert module.whatis == "Container platform for HPC"
    assert Path(module.path).is_file()


def test_help_text(need: Need, parts: Parts, home: Path) -> None:
    need("lmod", "modules")
    module = by_name(make_backend(parts, "lmod"))["apptainer/1.4.5"]
    assert module.description.startswith("Apptainer runs container images")


def test_what_must_be_loaded_first(backend: Backend) -> None:
    found = by_name(backend)
    assert found["gcc/12.2"].parents == ()
    assert found["openmpi/4.1"].parents == (("gcc/12.2",),)
    assert found["mpi4py/3.1"].parents == (("gcc/12.2", "openmpi/4.1"),)


def test_find(backend: Backend) -> None:
    def names(asked: str) -> list[str]:
        return [module.name for module in backend.find(asked)]

    assert names("gdal/3.8") == ["gdal/3.8"]
    assert names("gdal") == ["gdal/3.6"]
    assert names("pytorch/2.7.1") == ["pytorch/2.7.1-cuda12.6-cudnn9"]
    assert len(names("pytorch/2")) == 4
    assert names("python/3.1") == []
    assert names("nothing") == []


def test_a_new_module_is_seen_and_an_old_list_is_not_read_twice(
    system: str, parts: Parts, tmp_path: Path, home: Path
) -> None:
    tree = tmp_path / "tree"
    write_module(tree, "tool/1.0", "module-whatis {first}")

    def names() -> list[str]:
        return [m.name for m in make_backend(parts, system, module_paths=[str(tree)]).available()]

    assert names() == ["tool/1.0"]
    (kept,) = (home / ".cache/kernelkit").iterdir()
    # What is kept is what is shown until a directory changes.
    kept.write_text(kept.read_text().replace("first", "as kept"))
    (module,) = make_backend(parts, system, module_paths=[str(tree)]).available()
    assert module.whatis == "as kept"
    write_module(tree, "tool/2.0", "module-whatis {second}")
    write_module(tree, "other/1.0")
    assert names() == ["other/1.0", "tool/1.0", "tool/2.0"]
    (tree / "tool/2.0").unlink()
    assert names() == ["other/1.0", "tool/1.0"]


@dataclass
class Reading:
    """The dialect of a real system; `after` is done when it has listed, before it says so."""

    dialect: Dialect
    after: Callable[[], object]
    times: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.dialect, name)

    def read(self, *given: Any) -> list[AvailableModule]:
        found = self.dialect.read(*given)
        self.times += 1
        self.after()
        return found


@pytest.fixture
def reading(system: str, parts: Parts, tmp_path: Path) -> Callable[..., tuple[Reading, Any]]:
    """Makes what lists the modules of a tree and of one that they open, and what names them."""
    tree, opened = tmp_path / "tree", tmp_path / "opened"
    write_module(tree, "tool/1.0", f"module use {opened}")
    write_module(opened, "lib/1.0")

    def make(after: Callable[[], object]) -> tuple[Reading, Callable[[], list[str]]]:
        first = make_backend(parts, system, module_paths=[str(tree)])
        made = Reading(first.dialect, after)

        def names() -> list[str]:
            backend = make_backend(parts, system, module_paths=[str(tree)])
            backend.dialect = made
            return [module.name for module in backend.available()]

        return made, names

    return make


@pytest.mark.parametrize("at", ["tree/tool/2.0", "tree/other/1.0", "opened/lib/2.0"])
@pytest.mark.parametrize("known", [False, True])
def test_a_module_that_comes_while_they_are_read_is_seen_the_next_time(
    reading: Callable[..., Any], tmp_path: Path, at: str, known: bool
) -> None:
    coming = [at]
    made, names = reading(lambda: coming and write_module(tmp_path, coming.pop()))
    if known:
        # What is read then is not the first list.
        coming.clear()
        names()
        write_module(tmp_path / "tree", "more/1.0")
        coming.append(at)
    before = names()
    assert sorted([*before, at.partition("/")[2]]) == sorted(names())
    times = made.times
    assert names() and made.times == times


def test_a_tree_that_every_reading_changes_is_not_read_without_end(
    reading: Callable[..., Any], tmp_path: Path
) -> None:
    def write() -> None:
        (tmp_path / f"tree/tool/.log-{made.times}").touch()

    made, names = reading(write)
    for _ in range(4):
        assert names() == ["lib/1.0", "tool/1.0"]
    assert made.times == 2
    write_module(tmp_path / "tree", "more/1.0")
    for _ in range(4):
        assert names() == ["lib/1.0", "more/1.0", "tool/1.0"]
    assert made.times == 4


def test_a_default_that_moves_is_seen(system: str, parts: Parts, tmp_path: Path) -> None:
    write_module(tmp_path, "tool/1.0")
    write_module(tmp_path, "tool/2.0")

    def default() -> str:
        (module,) = make_backend(parts, system, module_paths=[str(tmp_path)]).find("tool")
        return module.name

    assert default() == "tool/2.0"
    (tmp_path / "tool/.version").write_text('#%Module\nset ModulesVersion "1.0"\n')
    assert default() == "tool/1.0"


@pytest.mark.parametrize("text", ["", "{", "[]", '[1,{"a":"b"},[]]', "[1,{},[{}]]", "\0" * 99])
def test_a_damaged_copy_is_made_anew(
    backend: Backend, system: str, parts: Parts, home: Path, text: str
) -> None:
    before = backend.available()
    (kept,) = (home / ".cache/kernelkit").iterdir()
    kept.write_text(text)
    assert make_backend(parts, system).available() == before
    assert json.loads(kept.read_text())[2]


def test_a_home_that_cannot_be_written_only_costs_time(
    system: str, parts: Parts, home: Path
) -> None:
    (home / ".cache").write_text("in the way")
    assert by_name(make_backend(parts, system))["gdal/3.6"].default


def test_where_the_rich_list_fails_names_still_come(need: Need, parts: Parts, home: Path) -> None:
    need("lmod", "modules")
    backend = make_backend(parts, "lmod")
    state = backend.base("purge")
    broken = type(state)(0, {**state.environment, "LMOD_DIR": "/nowhere"}, state.functions, "")
    listed = backend.dialect.read(backend.init, broken, [str(parts.lmod_tree)], 60.0)
    found = {m.name: m for m in catalogue.arranged(listed)}
    assert found["gdal/3.6"].default
    assert not found["gdal/3.8"].default
