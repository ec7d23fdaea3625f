"""The catalog, what loading modules comes to, preview and install over REST, with a real Lmod."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from real import Parts, module_shell
from rest import Rest


@pytest.fixture(scope="module")
def rest(
    need: Callable[..., None], parts: Parts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rest]:
    """A server of a cluster whose modules are the tests' own."""
    need("lmod", "modules", "python")
    settings = {"module_init": [str(parts.lmod_init)], "module_paths": [str(parts.lmod_tree)]}
    running = Rest(tmp_path_factory.mktemp("lmod"), settings=settings)
    yield running
    running.stop()


def test_the_catalog_is_searched_by_kind_and_page(rest: Rest) -> None:
    everything = rest.ask("catalog?limit=1000&refresh=1")
    assert not everything["reading"] and not everything["problems"]
    assert everything["total"] == len(everything["items"]) == sum(everything["counts"].values())
    assert everything["counts"]["module"] > 10 and everything["counts"]["recipe"] > 10
    found = rest.ask("catalog?q=pytorch%20cuda")
    assert found["items"] and all("pytorch" in offer["identity"] for offer in found["items"])
    recipes = rest.ask("catalog?q=pytorch%20cuda&kind=recipe")
    assert recipes["total"] == found["counts"]["recipe"] == len(recipes["items"])
    first, second = (rest.ask(f"catalog?limit=2&offset={n}")["items"] for n in (0, 2))
    assert first + second == everything["items"][:4]
    assert rest.do("GET", "catalog?kind=nonsense")[0] == 400


def test_an_offer_is_told_with_what_it_needs_first(rest: Rest) -> None:
    waiting = [o for o in rest.ask("catalog?kind=module&limit=1000")["items"] if o["needs"]]
    assert waiting, "the tree has a hierarchy"
    info = rest.ask(f"catalog/info?id={waiting[0]['identity']}")
    assert info["module"]["requires"] == waiting[0]["needs"]
    assert info["recipe"]["modules"]["load"] == [waiting[0]["identity"]]
    assert info["layers"] == [f"modules {waiting[0]['identity']}"]
    recipe = rest.ask("catalog/info?id=python/3.11")
    assert recipe["offer"]["kind"] == "recipe" and recipe["recipe"]["version"] == "3.11"
    assert rest.do("GET", "catalog/info?id=nothing/1.0")[0] == 404


def test_loading_is_worked_out_with_what_it_needs(rest: Rest) -> None:
    waiting = [o for o in rest.ask("catalog?kind=module&limit=1000")["items"] if o["needs"]]
    name = waiting[0]["identity"]
    status, found = rest.do("POST", "modules/resolve", {"load": [name]})
    assert status == 200 and not found["problems"], found
    loads = {load["name"]: load["asked"] for load in found["loads"]}
    assert loads[name] and not all(loads.values())
    status, found = rest.do("POST", "modules/resolve", {"load": ["python"]})
    assert [["python", load["name"]] for load in found["loads"] if load["asked"]] == found[
        "swapped"
    ]
    status, found = rest.do("POST", "modules/resolve", {"load": ["no-such-module"]})
    assert status == 200 and "no-such-module" in found["problems"][0]["message"]
    assert found["loads"] == []


def test_what_a_load_takes_out_of_the_defaults_is_told(
    need: Callable[..., None], parts: Parts, tmp_path: Path
) -> None:
    need("lmod", "modules", "python")
    profile = tmp_path / "profile.sh"
    profile.write_text(
        f"export MODULEPATH={parts.lmod_tree}\n. {parts.lmod_init}\n"
        "export LMOD_SYSTEM_DEFAULT_MODULES=gdal:python/3.10\nmodule --initial_load restore\n"
    )
    rest = Rest(tmp_path / "server", settings={"module_init": [str(profile)]})
    try:
        asked = {"load": ["python/3.11"], "baseline": "reset"}
        found = rest.do("POST", "modules/resolve", asked)[1]
        assert found["taken_out"] == [["python/3.10", "python/3.11"]], found
        assert found["swapped"] == [] and found["problems"] == []
        found = rest.do("POST", "modules/resolve", {**asked, "baseline": "purge"})[1]
        assert found["taken_out"] == [], found
    finally:
        rest.stop()


def test_a_saved_collection_is_taken_apart(rest: Rest, parts: Parts) -> None:
    script = "module load gcc openmpi; module save work"
    home = {"HOME": str(rest.home)}
    done = module_shell(parts.lmod_init, parts.lmod_tree, script, env=home)
    assert done.returncode == 0, done.stderr
    asked = {"load": ["gdal"], "collection": "work"}
    found = rest.do("POST", "modules/resolve", asked)[1]
    assert [load["name"] for load in found["loads"]] == ["gcc/12.2", "openmpi/4.1", "gdal/3.6"]
    assert found["swapped"] == [["gdal", "gdal/3.6"]]
    [problem] = rest.do("POST", "modules/resolve", {"collection": "none"})[1]["problems"]
    assert "`none`" in problem["message"]


def test_a_recipe_is_previewed_and_installed_with_its_steps(rest: Rest) -> None:
    found = rest.do("POST", "preview", {"source": "python/3.11"})[1]
    assert "module load" in found["files"]["launch.sh"]["text"], found["problems"]
    task = rest.finish(rest.do("POST", "kernels", {"source": "python/3.11"}))
    assert task["state"] == "done", task
    steps = [step["name"] for step in task["steps"]]
    assert steps[:2] == ["modules", "python"] and steps[-2:] == ["test", "install"]
    kernel = rest.ask("kernels/python-3.11")
    assert kernel["layers"] == ["modules python/3.11"]
    assert any(record["layer"].startswith("module ") for record in kernel["layer_records"])
    # What is installed is told where it is offered.
    [offer] = [o for o in rest.ask("catalog?q=python/3.11")["items"] if o["kind"] == "recipe"]
    assert (offer["installed"], offer["installed_state"]) == ("python-3.11", "ready")
    # An edit of the modules shows in the files, and nowhere else.
    edited = {**kernel["recipe"], "modules": {"load": ["python/3.11", "gcc/12.2"]}}
    body = {"kernel": "python-3.11", "recipe": edited, "options": kernel["options"]}
    files = rest.do("POST", "preview", body)[1]["files"]
    assert "gcc/12.2" in files["launch.sh"]["diff"]
    spec = json.loads(files["kernel.json"]["text"])
    assert spec["display_name"] == kernel["display_name"]


def test_a_module_that_fails_is_told_in_its_own_words(rest: Rest, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "1.0.lua").write_text('LmodError("the licence server <b>is</b> down")\n')
    recipe = {"name": "broken", "modules": {"load": ["broken/1.0"], "use": [str(tmp_path)]}}
    [problem] = rest.do("POST", "preview", {"recipe": recipe})[1]["problems"]
    assert problem["path"] == ["modules"]
    task = rest.finish(rest.do("POST", "kernels", {"recipe": recipe}))
    assert task["state"] == "failed" and task["error"]["step"] == "modules"
    assert "the licence server <b>is</b> down" in task["error"]["detail"]
