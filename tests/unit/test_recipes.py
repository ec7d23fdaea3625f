"""Recipes as text and as objects; the catalog's search path, names, versions and defaults."""

from __future__ import annotations

import datetime
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kernelkit.cli.catalog import list_recipes, validate_paths
from kernelkit.errors import InvalidName, RecipeError
from kernelkit.model import (
    Container,
    KernelCommand,
    Modules,
    Recipe,
    Resources,
    Verified,
    schema,
)
from kernelkit.names import version_begins, version_key
from kernelkit.site import Setting, Site
from kernelkit.specs.recipes import (
    Catalog,
    load_recipe,
    own_catalog,
    parse_recipe,
    render_recipe,
)

REPOSITORY = Path(__file__).parents[2]
README = REPOSITORY / "kernels" / "README.md"

AddRecipe = Callable[..., Path]


def site_with(*directories: Path) -> Site:
    setting = Setting("catalog_dirs", [str(d) for d in directories], "test", "")
    return Site({"catalog_dirs": setting})


@pytest.fixture
def add(tmp_path: Path) -> AddRecipe:
    """`add("gdal", "3.8", 'default = true')` writes a recipe and returns its catalog."""

    def write(name: str, version: str, *lines: str, root: str = "catalog") -> Path:
        folder = tmp_path / root / name
        folder.mkdir(parents=True, exist_ok=True)
        text = "\n".join([f'name = "{name}"', f'version = "{version}"', *lines, ""])
        (folder / f"{version}.toml").write_text(text)
        return tmp_path / root

    return write


# --- text and objects ----------------------------------------------------------------------------


def test_every_kind_of_key_is_read() -> None:
    recipe = parse_recipe(
        """
        name = "torch"
        version = "2.10"
        aliases = ["t"]
        default = true
        requires = ["torch", "torch.cuda"]
        env_passthrough = ["HF_TOKEN"]
        env = { PLAIN = "a $b `c` \\"d\\" \\n é" }
        [modules]
        load = ["gcc/12.2", "cuda"]
        baseline = "reset"
        [container]
        image = "docker://nvcr.io/nvidia/pytorch:25.06-py3"
        binds = ["/scratch", "/a:/b:ro"]
        gpu = "none"
        [kernel]
        command = ["k", "-f", "{connection_file}"]
        [resources]
        gres = "gpu:1"
        cpus = 4
        [verified]
        against = "a machine"
        on = 2025-06-30
        """,
        source="x.toml",
    )
    assert recipe.identity == "torch/2.10"
    assert recipe.env == {"PLAIN": 'a $b `c` "d" \n é'}
    assert recipe.modules == Modules(load=("gcc/12.2", "cuda"), baseline="reset")
    assert recipe.container and recipe.container.binds == ("/scratch", "/a:/b:ro")
    assert recipe.resources == Resources(gres="gpu:1", cpus=4)
    assert recipe.verified == Verified(against="a machine", on=datetime.date(2025, 6, 30))


def test_texts_for_people_are_cleaned() -> None:
    recipe = parse_recipe(
        'name = "a"\n'
        'display_name = "  \\u001b[31mPy\\u202eTorch\\n<b>2</b> "\n'
        'description = "one\\ntwo\\u0007"\n'
        'troubleshoot = """\nfirst\\u001b[0m  \nsecond\n"""\n',
        source="a",
    )
    assert recipe.display_name == "[31mPyTorch <b>2</b>"
    assert recipe.description == "one two"
    assert recipe.troubleshoot == "first[0m\nsecond"


def test_display_name_is_capped() -> None:
    recipe = parse_recipe(f'name = "a"\ndisplay_name = "{"x" * 10_000}"', source="a")
    assert len(recipe.display_name) == 120


def test_written_recipe_reads_back() -> None:
    recipe = Recipe(
        name="a",
        version="2.10",
        description="quotes \" ' \\ and é",
        troubleshoot='first\n"""second""" \\n\n\nlast',
        env={"A": "line\nline\r\ttab\x01\x7f", "B": ""},
        modules=Modules(load=tuple(f"module-with-a-long-name-{i}/1.0" for i in range(9))),
        container=Container(image="images/a b.sif", contain=True),
        kernel=KernelCommand(command=("k", "{connection_file}"), user_site=False),
        resources=Resources(cpus=2, time="01:00:00"),
        verified=Verified(against="x", on=datetime.date(2025, 1, 2)),
    )
    text = render_recipe(recipe)
    assert parse_recipe(text, source="written") == recipe
    assert render_recipe(parse_recipe(text, source="written")) == text


def test_written_recipe_holds_no_defaults() -> None:
    text = render_recipe(Recipe(name="a", version="1", modules=Modules(load=("b",))))
    assert text == 'name = "a"\nversion = "1"\n\n[modules]\nload = ["b"]\n'


def test_an_empty_table_is_kept() -> None:
    recipe = Recipe(name="a", modules=Modules())
    assert parse_recipe(render_recipe(recipe), source="a") == recipe


def test_load_recipe_says_where_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "kernelkit.toml"
    path.write_bytes(b'\xef\xbb\xbfname = "a"\r\nversion = "1"\r\n')
    recipe, provenance = load_recipe(path)
    assert recipe.identity == "a/1"
    assert (provenance.origin, provenance.given) == ("file", str(path))
    assert provenance.file and provenance.file.path == str(path)
    assert provenance.file.size == path.stat().st_size
    assert len(provenance.file.sha256) == 64
    assert (provenance.file.role, provenance.file.label) == ("recipe", "a/1")


def test_relative_path_to_a_recipe_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kernelkit.toml").write_text('name = "a"\n')
    monkeypatch.chdir(tmp_path)
    _, provenance = load_recipe(Path("kernelkit.toml"))
    assert provenance.given == str(tmp_path / "kernelkit.toml")


# --- versions ------------------------------------------------------------------------------------


def test_versions_are_compared_as_numbers() -> None:
    versions = ["2.9", "2.10", "2.8.0", "2.8.0-rc1", "2.8.0-cuda12", "2.8.0.1", "module", "10"]
    assert sorted(versions, key=version_key) == [
        "module", "2.8.0-rc1", "2.8.0", "2.8.0-cuda12", "2.8.0.1", "2.9", "2.10", "10",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("version", "beginning", "fits"),
    [
        ("2.7.1-cuda12.6", "2.7.1", True),
        ("2.7.1-cuda12.6", "2", True),
        ("2.7.1-cuda12.6", "2.7.1-cuda", True),
        ("2.70", "2.7", False),
        ("25.06", "2", False),
        ("2.7", "2.7", True),
        ("2.7", "2.7.1", False),
    ],
)
def test_a_beginning_does_not_cut_a_number(version: str, beginning: str, fits: bool) -> None:
    assert version_begins(version, beginning) is fits


# --- the catalog ---------------------------------------------------------------------------------


def identities(catalog: Catalog, wanted: str) -> list[str]:
    return [entry.identity for entry in catalog.find(wanted)]


def test_find_by_name_version_beginning_and_alias(add: AddRecipe) -> None:
    for version in ("2.5.1-cuda12.4", "2.7.1-cuda12.6", "2.7.0-cuda12.6", "2.10.0-cuda13"):
        root = add("torchlike", version, 'aliases = ["tl"]')
    catalog = Catalog(site_with(root))
    assert identities(catalog, "torchlike") == ["torchlike/2.10.0-cuda13"]
    assert identities(catalog, "tl") == ["torchlike/2.10.0-cuda13"]
    assert identities(catalog, "tl/2.5.1") == ["torchlike/2.5.1-cuda12.4"]
    assert identities(catalog, "torchlike/2.7") == [
        "torchlike/2.7.1-cuda12.6",
        "torchlike/2.7.0-cuda12.6",
    ]
    assert identities(catalog, "torchlike/2.7.1-cuda12.6") == ["torchlike/2.7.1-cuda12.6"]
    assert identities(catalog, "torchlike/3") == []
    assert identities(catalog, "nothing") == []


def test_an_exact_version_wins_over_longer_ones(add: AddRecipe) -> None:
    add("gdal", "3.8")
    root = add("gdal", "3.8.4")
    assert identities(Catalog(site_with(root)), "gdal/3.8") == ["gdal/3.8"]


def test_the_marked_default_wins_over_the_highest(add: AddRecipe) -> None:
    add("gdal", "3.6", "default = true")
    root = add("gdal", "3.8")
    catalog = Catalog(site_with(root))
    assert identities(catalog, "gdal") == ["gdal/3.6"]
    marked = [
        e.identity for e in catalog.entries if e.recipe.name == "gdal" and catalog.is_default(e)
    ]
    assert marked == ["gdal/3.6"]


def test_a_name_hides_an_alias_of_the_same_spelling(add: AddRecipe) -> None:
    add("gdal", "3.8", 'aliases = ["geo"]')
    root = add("geo", "1")
    assert identities(Catalog(site_with(root)), "geo") == ["geo/1"]


def test_an_earlier_directory_wins(add: AddRecipe) -> None:
    first = add("gdal", "3.8", 'description = "the site\'s"', root="site")
    second = add("gdal", "3.8", 'description = "other"', root="other")
    add("gdal", "3.9", root="other")
    catalog = Catalog(site_with(first, second))
    assert [e.identity for e in catalog.entries if e.recipe.name == "gdal"] == [
        "gdal/3.9",
        "gdal/3.8",
    ]
    (found,) = catalog.find("gdal/3.8")
    assert found.recipe.description == "the site's"
    assert found.provenance.catalog == str(first)
    assert (found.provenance.origin, found.provenance.given) == ("catalog", "gdal/3.8")


def test_directories_may_hold_home_and_variables(
    add: AddRecipe, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = add("gdal", "3.8")
    monkeypatch.setenv("APPS", str(root.parent))
    (home / "kernels/mine").mkdir(parents=True)
    (home / "kernels/mine/1.toml").write_text('name = "mine"\nversion = "1"\n')
    site = site_with(Path("$APPS") / root.name, Path("~/kernels"))
    assert {"gdal/3.8", "mine/1"} <= {entry.identity for entry in Catalog(site).entries}


def test_logo_beside_the_recipe(add: AddRecipe) -> None:
    root = add("gdal", "3.8", 'logo = "logo.svg"')
    (found,) = Catalog(site_with(root)).find("gdal")
    assert found.logo is None and "does not exist" in found.problem
    (root / "gdal/logo.svg").write_text("<svg/>")
    (found,) = Catalog(site_with(root)).find("gdal")
    assert (found.logo, found.problem) == (root / "gdal/logo.svg", "")
    assert found.directory == root / "gdal"


def test_search_ranks_names_before_descriptions(add: AddRecipe) -> None:
    add("about", "1", 'description = "Everything about frobs and maps"')
    add("frob", "1", 'description = "Tool"')
    add("frobnicate", "1")
    root = add("zfrob", "1")
    catalog = Catalog(site_with(root))
    assert [e.identity for e in catalog.search(["frob"])] == [
        "frob/1", "frobnicate/1", "zfrob/1", "about/1",
    ]  # fmt: skip
    assert [e.identity for e in catalog.search(["FROB", "maps"])] == ["about/1"]
    assert catalog.search(["frob", "unheard-of"]) == ()
    assert catalog.search([]) == catalog.entries


def test_nearest_names(add: AddRecipe) -> None:
    root = add("frobnicate", "1")
    assert "frobnicate" in Catalog(site_with(root)).nearest("frobincate")


def test_find_rejects_what_is_no_identity() -> None:
    for wanted in ("../../x", "a/../b", "", "-x", "a/b/c", "a\n"):
        with pytest.raises(InvalidName):
            Catalog(None).find(wanted)


# --- packages ------------------------------------------------------------------------------------


def install_package(site: Path, points: str, monkeypatch: pytest.MonkeyPatch) -> None:
    info = site / "kernels_example-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kernels-example\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(site))
    for name in [
        n for n in sys.modules if n.split(".")[0] in {"kernels_example", "broken_example"}
    ]:
        monkeypatch.delitem(sys.modules, name)


def readme_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)


def test_the_package_of_the_readme_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (gdal,) = [block for block in readme_blocks("toml") if 'name = "gdal"' in block]
    (project,) = [block for block in readme_blocks("toml") if "pyproject.toml" in block]
    folder = tmp_path / "kernels_example"
    (folder / "gdal").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "gdal/3.8.toml").write_text(gdal)
    group, line = re.findall(r'\[project\.entry-points\."(.*?)"\]\n(.*)', project)[0]
    install_package(tmp_path, f"[{group}]\n{line}\n".replace('"', ""), monkeypatch)
    catalog = Catalog(None)
    (found,) = catalog.find("gdal/3.8")
    assert found.provenance.catalog == str(folder)
    assert catalog.warnings == ()


def test_a_package_may_name_a_function(
    add: AddRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = add("gdal", "3.8")
    (tmp_path / "kernels_example.py").write_text(f"def where():\n    return {str(root)!r}\n")
    points = "[kernelkit.recipes_v1]\nexample = kernels_example:where\n"
    install_package(tmp_path, points, monkeypatch)
    assert identities(Catalog(None), "gdal") == ["gdal/3.8"]


def test_the_site_wins_over_packages(
    add: AddRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = add("gdal", "3.8", root="site")
    package = add("gdal", "3.8", root="package")
    (tmp_path / "kernels_example.py").write_text(f"def where():\n    return {str(package)!r}\n")
    points = "[kernelkit.recipes_v1]\nexample = kernels_example:where\n"
    install_package(tmp_path, points, monkeypatch)
    (found,) = Catalog(site_with(mine)).find("gdal")
    assert found.provenance.catalog == str(mine)


# --- kernelkit's own catalog ---------------------------------------------------------------------


def test_own_catalog_is_found_and_valid() -> None:
    assert (own_catalog() / "README.md").is_file()
    assert validate_paths([own_catalog()]) == []
    catalog = Catalog(None)
    assert catalog.warnings == ()
    names = {entry.recipe.name for entry in catalog.entries}
    assert names >= {
        "pytorch", "tensorflow", "jax", "rapids", "python", "python-gpu", "ollama-python", "r",
        "julia", "bash", "mpi4py",
    }  # fmt: skip
    assert identities(catalog, "pytorch/2.7.1") == ["pytorch/2.7.1-cuda12.6-cudnn9"]
    assert identities(catalog, "torch") == ["pytorch/2.8.0-cuda12.9-cudnn9"]


def test_every_own_recipe_helps_and_shows_itself() -> None:
    for entry in Catalog(None).entries:
        recipe = entry.recipe
        assert recipe.display_name and recipe.description and recipe.troubleshoot, entry.identity
        assert entry.logo and entry.logo.stat().st_size < 2000, entry.identity
        assert recipe.resources is None or recipe.resources.partition is None, entry.identity


def test_listing_tells_what_is_not_verified(add: AddRecipe) -> None:
    add("gdal", "3.8")
    root = add("gdal", "3.9", "[verified]", 'against = "Lmod"', "on = 2025-06-30")
    rows = {row.identity: row for row in list_recipes(Catalog(site_with(root)), ["gdal"])}
    assert rows["gdal/3.8"].verified == ""
    assert rows["gdal/3.9"].verified == "2025-06-30: Lmod"
    assert rows["gdal/3.9"].default and not rows["gdal/3.8"].default


# --- the contract in kernels/README.md -----------------------------------------------------------

ROW = re.compile(r"^\| `([\w.]+)` \| (.+?) \| (.+?) \| (.+?) \| `(.+)` \|$", re.MULTILINE)


def schema_keys() -> dict[str, dict[str, object]]:
    definitions = schema()["$defs"]
    found = {}
    for key, value in definitions["Recipe"]["properties"].items():
        reference = [a["$ref"] for a in value.get("anyOf", ()) if "$ref" in a]
        if not reference:
            found[key] = value
            continue
        for inner, inner_value in definitions[reference[0].split("/")[-1]]["properties"].items():
            found[f"{key}.{inner}"] = inner_value
    return found


def test_the_readme_names_every_key_and_no_other() -> None:
    listed = [row[0] for row in ROW.findall(README.read_text())]
    assert sorted(listed) == sorted(schema_keys())


def test_the_readme_gives_the_defaults_in_force() -> None:
    spelt = {"–": None, "`true`": True, "`false`": False, "`[]`": [], "`{}`": {}}
    keys = schema_keys()
    for key, _, default, _, _ in ROW.findall(README.read_text()):
        if default == "required":
            assert "default" not in keys[key], key
            continue
        value = spelt[default] if default in spelt else default.strip("`").strip('"')
        known = keys[key]["default"]
        assert (list(known) if isinstance(known, tuple) else known) == value, key


def test_the_readme_gives_the_types_in_force() -> None:
    for key, kind, _, _, _ in ROW.findall(README.read_text()):
        known = schema_keys()[key]
        choices = [known, *known.get("anyOf", ())]  # type: ignore[misc]
        words = [word for choice in choices for word in choice.get("enum", ())]
        if words:
            assert sorted(re.findall(r"\w+", kind)) == sorted(words), key
            continue
        types = {choice.get("format", choice.get("type")) for choice in choices} - {"null", None}
        spelt = {
            "text": "string", "list of text": "array", "true/false": "boolean", "date": "date",
            "whole number": "integer", "table of text": "object",
        }  # fmt: skip
        assert types == {spelt[kind]}, key


def test_every_example_of_the_readme_is_a_valid_recipe() -> None:
    needed = {
        "container": 'image = "a.sif"\n',
        "verified": 'against = "x"\non = 2025-01-01\n',
    }
    for key, _, _, _, example in ROW.findall(README.read_text()):
        table, _, name = key.rpartition(".")
        assert example.startswith(f"{name} = "), key
        head = "" if key == "name" else 'name = "a"\n'
        more = needed.get(table, "")
        others = "".join(
            line + "\n" for line in more.splitlines() if not line.startswith(f"{name} =")
        )
        text = f"{head}[{table}]\n{others}{example}\n" if table else f"{head}{example}\n"
        parse_recipe(text, source=key)


def test_schema_errors_name_the_nearest_key() -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe('name = "a"\nmoduls = 1\n', source="a.toml")
    assert caught.value.to_dict() == {
        "code": "recipe",
        "message": "`a.toml`: unknown key `moduls` at the top of the file.",
        "hint": "Did you mean `modules`?",
        "source": "a.toml",
        "key": "moduls",
    }
