"""`kernelkit avail`, `search` and `info` over the real module systems and their trees."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import kernelkit
from module_sites import SYSTEMS, init_and_tree
from real import Parts


@pytest.fixture(params=SYSTEMS)
def system(
    request: pytest.FixtureRequest, home: Path, parts: Parts, need: Callable[..., None]
) -> str:
    """A settings file for one real module system, as a site writes it."""
    name: str = request.param
    need(name)
    init, tree = init_and_tree(parts, name)
    settings = {
        "module_system": "environment-modules" if name == "environment-modules" else "lmod",
        "module_init": [str(init)],
        "module_paths": tree,
        "image_dirs": [str(parts.root / "images")],
    }
    file = Path(os.environ["JUPYTER_CONFIG_DIR"]) / "jupyter_kernelkit_config.json"
    file.write_text(json.dumps({"KernelkitSite": settings}))
    return name


def test_avail_marks_what_a_name_alone_means(system: str) -> None:
    found = {c["identity"]: c for c in kernelkit("avail", "--json").json["available"]}
    for identity, description in (
        ("libfoo/2.0", "A library that others need"),
        ("gdal/3.6", "not the newest"),
        ("hdf5/1.12", "not the newest"),
    ):
        assert found[identity]["default"], identity
        assert description in found[identity]["description"]
    assert not found["gdal/3.8"]["default"]
    assert found["pytorch/2.8.0-cuda12.9-cudnn9"]["origin"] == "catalog"
    assert found["pytorch/2.8.0-cuda12.9-cudnn9"]["module"] == "pytorch/2.8.0-cuda12.9-cudnn9"
    assert not any("hidden" in identity for identity in found)
    for name in {identity.partition("/")[0] for identity in found if "/" in identity[1:]}:
        defaults = [i for i, c in found.items() if c["default"] and i.startswith(f"{name}/")]
        assert len(defaults) <= 1


def test_avail_for_people_is_one_line_each(system: str) -> None:
    done = kernelkit("avail", "gdal")
    assert done.code == 0
    assert [line.split()[:3] for line in done.out.splitlines()[1:]] == [
        ["gdal/3.6", "module", "(D)"],
        ["gdal/3.8", "module", "-"],
    ]


def test_search_reads_descriptions(system: str) -> None:
    found = kernelkit("search", "--json", "library", "others").json["available"]
    assert {c["identity"] for c in found} >= {"libfoo/1.0", "libfoo/2.0"}
    assert kernelkit("search", "unheard-of").err.startswith("Nothing here fits")
    partly = kernelkit("search", "--json", "library", "others", "unheard-of").json
    assert partly["available"] == found
    assert "Nothing has all of these words" in partly["warnings"][-1]


def test_info_follows_prefixes_and_refuses_to_guess(system: str) -> None:
    one = kernelkit("info", "pytorch/2.7.1", "--json")
    assert one.json["identity"] == "pytorch/2.7.1-cuda12.6-cudnn9"
    several = kernelkit("info", "pytorch/2", "--json")
    assert several.code == 2
    assert "pytorch/2.5.1-cuda12.4-cudnn9" in several.json["error"]["matches"]
    none = kernelkit("info", "pytorch/9")
    assert none.code == 4
    assert "`pytorch/2.8.0-cuda12.9-cudnn9`" in none.err


def test_info_of_a_module_names_its_file(system: str) -> None:
    done = kernelkit("info", "libfoo/1.0")
    assert done.code == 0
    assert "Modulefile" in done.out
    assert "kernelkit install libfoo/1.0" in done.out


def test_what_a_hierarchy_needs_first(system: str) -> None:
    if system == "environment-modules":
        pytest.skip("Environment Modules cannot look below a module that is not loaded")
    found = kernelkit("info", "python-mpi/3.11", "--json").json
    assert found["needs"] == [["gcc/12.2", "openmpi/4.1"]]
    assert "gcc/12.2 openmpi/4.1" in kernelkit("info", "python-mpi").out


def test_without_a_module_system_the_rest_is_listed(home: Path) -> None:
    file = Path(os.environ["JUPYTER_CONFIG_DIR"]) / "jupyter_kernelkit_config.json"
    file.write_text(json.dumps({"KernelkitSite": {"module_system": "none"}}))
    done = kernelkit("avail", "--json")
    assert done.code == 0
    origins = {c["origin"] for c in done.json["available"]}
    assert "module" not in origins
    assert {"catalog", "kernelspec"} <= origins
