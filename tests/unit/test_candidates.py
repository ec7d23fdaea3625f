"""What a name means: recipes, modules and the rest, with canned modules and a catalog on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from module_sites import make_site
from shelf import mark, put, put_foreign

from kernelkit.environment.modules import Backend
from kernelkit.environment.modules.catalogue import AvailableModule, arranged, matching
from kernelkit.errors import Ambiguous, InvalidName, NotFound
from kernelkit.names import module_name
from kernelkit.site import Site
from kernelkit.specs.candidates import Candidate, choose, find_candidates
from kernelkit.specs.offers import fitting, has_words, list_offers, matching_words, quick_identities
from kernelkit.specs.recipes import Catalog


class Modules:
    """A machine's modules, without a module system: names are all that is asked here."""

    def __init__(self, *modules: AvailableModule) -> None:
        self.modules = arranged(modules)

    def available(self, *, refresh: bool = False) -> tuple[AvailableModule, ...]:
        return self.modules

    def find(self, name: str) -> tuple[AvailableModule, ...]:
        module_name(name)
        return matching(self.modules, name)


def modules(*names: str, default: Sequence[str] = ()) -> Backend:
    found = [
        AvailableModule(n, default=n in default, whatis=f"{n} here", path=f"/modules/{n}")
        for n in names
    ]
    return cast(Backend, Modules(*found))


@pytest.fixture
def recipes(home: Path, tmp_path: Path) -> Path:
    """A catalog directory of the site."""
    root = tmp_path / "catalog"
    for name, version, rest in (
        ("pytorch", "2.8.0", 'default = true\naliases = ["torch"]'),
        ("pytorch", "2.7.1-cuda12", 'description = "Deep learning on GPUs"'),
        ("sandbox", "1", ""),
    ):
        path = root / name / f"{version}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        loads = f'[modules]\nload = ["{name}/{version}"]\n'
        path.write_text(f'name = "{name}"\nversion = "{version}"\n{rest}\n{loads}')
    return root


@pytest.fixture
def site(recipes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    images = tmp_path / "images"
    images.mkdir()
    (images / "sandbox-image.sif").write_bytes(b"x" * 2_000_000)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kernelkit.specs.recipes.own_catalog", lambda: recipes)
    return make_site(image_dirs=[str(images)], image_root=str(tmp_path / "pulled"))


def identities(found: Sequence[Candidate]) -> list[str]:
    return [candidate.identity for candidate in found]


HERE = ("pytorch/2.8.0", "pytorch/2.7.1-cuda12", "gcc/12.2", "gcc/13.1", "tools/gcc/9", "sandbox/1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pytorch", ["pytorch/2.8.0"]),
        ("torch", ["pytorch/2.8.0"]),
        ("pytorch/2.7.1-cuda12", ["pytorch/2.7.1-cuda12"]),
        ("pytorch/2.7", ["pytorch/2.7.1-cuda12"]),
        ("pytorch/2", ["pytorch/2.8.0", "pytorch/2.7.1-cuda12"]),
        ("gcc", ["gcc/12.2"]),
        ("gcc/13", ["gcc/13.1"]),
        ("tools/gcc/9", ["tools/gcc/9"]),
        ("sandbox-image", ["{images}/sandbox-image.sif"]),
        ("nothing", []),
    ],
)
def test_what_a_name_means(site: Site, tmp_path: Path, text: str, expected: list[str]) -> None:
    backend = modules(*HERE, default=["gcc/12.2"])
    found = identities(find_candidates(text, site, Catalog(site), backend))
    assert found == [e.format(images=tmp_path / "images") for e in expected]


def test_a_recipe_and_a_module_of_one_identity_are_one(site: Site) -> None:
    (found,) = find_candidates("pytorch/2.8.0", site, Catalog(site), modules(*HERE))
    assert found.origin == "catalog"
    assert found.entry is not None
    assert found.module is not None
    assert found.module.path == "/modules/pytorch/2.8.0"


def test_a_recipe_whose_modules_are_not_here_gives_way(site: Site) -> None:
    catalog = Catalog(site)
    backend = modules("pytorch/2.7.1-cuda12", "pytorch/2.9.0", default=["pytorch/2.9.0"])
    # The catalog's default cannot be loaded here, but another of its recipes can.
    assert choose("pytorch", site, catalog, backend).identity == "pytorch/2.7.1-cuda12"
    assert choose("pytorch/2.9", site, catalog, backend).origin == "module"
    assert identities(find_candidates("pytorch/2", site, catalog, backend)) == [
        "pytorch/2.7.1-cuda12",
        "pytorch/2.9.0",
    ]
    only_new = modules("pytorch/2.9.0", default=["pytorch/2.9.0"])
    assert choose("pytorch", site, catalog, only_new).identity == "pytorch/2.9.0"
    nothing = choose("sandbox", site, catalog, None)
    assert (nothing.identity, nothing.missing) == ("sandbox/1", ("sandbox/1",))


def test_several_are_listed_and_none_suggests(site: Site) -> None:
    backend = modules(*HERE)
    with pytest.raises(Ambiguous) as caught:
        choose("pytorch/2", site, Catalog(site), backend)
    assert caught.value.matches == ("pytorch/2.8.0", "pytorch/2.7.1-cuda12")
    with pytest.raises(NotFound) as missing:
        choose("pytorch/3", site, Catalog(site), backend)
    assert "`pytorch/2.8.0`" in missing.value.hint
    with pytest.raises(NotFound) as misspelt:
        choose("pytroch", site, Catalog(site), None)
    assert "`pytorch`" in misspelt.value.hint


@pytest.mark.parametrize("text", ["a; rm -rf ~", "$(id)", "a\n", "-x", "", "a//b", "../x"])
def test_what_can_be_no_name(site: Site, text: str) -> None:
    with pytest.raises(InvalidName):
        choose(text, site, Catalog(site), modules(*HERE))


def test_kernels_of_others_can_be_wrapped(site: Site) -> None:
    put_foreign(Path(os.environ["JUPYTER_DATA_DIR"]), "colleague")
    found = choose("colleague", site, Catalog(site), modules(*HERE))
    assert found.origin == "kernelspec"
    assert found.spec is not None


def offers(site: Site, backend: Any) -> dict[str, Candidate]:
    return {c.identity: c for c in list_offers(site, Catalog(site), backend)}


def test_offers_have_one_default_a_name(site: Site) -> None:
    backend = modules(*HERE, default=["pytorch/2.8.0", "gcc/12.2"])
    found = offers(site, backend)
    assert set(HERE) < set(found)
    defaults = [c.identity for c in found.values() if c.default]
    assert defaults == ["pytorch/2.8.0", "sandbox/1", "gcc/12.2"]
    for name in ("pytorch", "sandbox", "gcc"):
        assert found[choose(name, site, Catalog(site), backend).identity].default


def test_offers_know_what_is_installed(site: Site, tmp_path: Path) -> None:
    root = Path(os.environ["JUPYTER_DATA_DIR"])
    image = tmp_path / "images/sandbox-image.sif"
    modulefile = tmp_path / "gcc.lua"
    modulefile.write_text("")
    put(root, "boxed", identity="whatever", marks=[mark(image, "image")])
    put(root, "compiler", identity="gcc/12.2", marks=[mark(modulefile, "module", "gcc/12.2")])
    modulefile.write_text("changed")
    found = offers(site, modules(*HERE))
    assert found[str(image)].to_dict()["installed"] == "boxed"
    assert found["gcc/12.2"].to_dict()["state"] == "stale"
    assert found["gcc/13.1"].to_dict()["installed"] is None


def test_patterns_and_words(site: Site) -> None:
    found = tuple(offers(site, modules(*HERE)).values())
    assert identities(fitting(found, "GCC")) == ["gcc/12.2", "gcc/13.1", "tools/gcc/9"]
    assert identities(fitting(found, "gcc/1[23]*")) == ["gcc/12.2", "gcc/13.1"]
    assert fitting(found, "") == found
    assert identities(matching_words(found, ["gpus", "deep"])) == ["pytorch/2.7.1-cuda12"]
    assert identities(matching_words(found, ["sandbox"]))[0] == "sandbox/1"
    assert identities(matching_words(found, ["nothing", "unheard-of"])) == []
    partly = matching_words(found, ["unheard-of", "gpus", "deep"])
    assert identities(partly) == ["pytorch/2.7.1-cuda12"]
    assert not has_words(partly[0], ["unheard-of", "gpus", "deep"])
    assert has_words(partly[0], ["gpus deep"])
    assert matching_words(found, []) == found
    assert identities(matching_words(found, ["torch"])) == ["pytorch/2.8.0", "pytorch/2.7.1-cuda12"]


def test_completion_runs_nothing(site: Site, recipes: Path) -> None:
    found = dict(quick_identities())
    assert "pytorch/2.8.0" in found
