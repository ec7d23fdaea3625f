"""Recipes and catalogs that are broken, hostile or merely wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kernelkit.cli.catalog import validate_paths
from kernelkit.cli.main import run
from kernelkit.errors import InsecureFile, KernelkitError, NotFound, NotPermitted, RecipeError
from kernelkit.site import Setting, Site
from kernelkit.specs.recipes import Catalog, check_variables, load_recipe, parse_recipe

GOOD = 'name = "good"\nversion = "1"\n'


def site_with(*directories: Path) -> Site:
    setting = Setting("catalog_dirs", [str(d) for d in directories], "test", "")
    return Site({"catalog_dirs": setting})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A catalog with one good recipe, `good/1`."""
    folder = tmp_path / "catalog" / "good"
    folder.mkdir(parents=True)
    (folder / "1.toml").write_text(GOOD)
    return tmp_path / "catalog"


def still_listed(root: Path) -> tuple[str, ...]:
    """The warnings of a catalog in which the good recipe must still be found."""
    catalog = Catalog(site_with(root))
    assert [entry.identity for entry in catalog.find("good")] == ["good/1"]
    return catalog.warnings


def error_of(text: str) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, source="a.toml")
    assert "`a.toml`" in caught.value.message
    assert caught.value.hint
    return caught.value


# --- broken text ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('name = "a"\nversion = "2\n', ", line 2, column 13"),
        ('name = "a"\nname = "b"\n', ", line 2"),
        ("= 1\n", ", line 1, column 1"),
        ("name", "end of the file"),
        ('name = "a"\nx = [1, 2\n', "end of the file"),
        ('name = "a"\ndate = 2025-02-30\n', ", line 2"),
        ("n = " + "9" * 5000, ""),
        ("a = " + "[" * 5000, ""),
        ('name = "\ud800"', ""),
    ],
)
def test_broken_toml_names_the_line(text: str, where: str) -> None:
    assert where in error_of(text).message


@pytest.mark.parametrize(
    ("text", "key", "says", "hint"),
    [
        ('version = "1"', "name", "is missing", "name ="),
        ('name = "a"\nmoduls = 1', "moduls", "unknown key", "`modules`"),
        ('name = "a"\n[modules]\nlaod = []', "modules.laod", "in [modules]", "`load`"),
        ('name = "a"\nload = ["x"]', "load", "unknown key", "[modules]"),
        ('name = "a"\nzzz = 1', "zzz", "unknown key", "aliases, conda"),
        ('name = "a"\nversion = 2.7', "version", "number 2.7", 'version = "2.7"'),
        ('name = "a"\nversion = 2.10', "version", "number 2.10", 'version = "2.10"'),
        ('name = "a"\nversion = 12', "version", "whole number", 'version = "12"'),
        ('name = "a"\nversion = 2025-06-30', "version", "a date", 'version = "2025-06-30"'),
        ('name = "a"\ndefault = "yes"', "default", "true or false", "default = true"),
        ('name = "a"\nmodules = "x"', "modules", "must be a table", "[modules]"),
        ('name = "a"\n[modules]\nload = "x"', "modules.load", "must be a list", 'load = ["x"]'),
        ('name = "a"\n[modules]\nload = ["a", 2]', "modules.load[1]", "must be text", '"2"'),
        ('name = "a"\n[modules]\nbaseline = "purg"', "modules.baseline", "`purg`", "`purge`"),
        ('name = "a"\n[container]\ngpu = "auto"', "container.image", "is missing", "[container]"),
        ('name = "a"\n[env]\nA = "1"\nB = 2', "env.B", "must be text", 'B = "2"'),
        ('name = "a"\n[env]\n"a.b" = 2', "env.a.b", "must be text", "Quote it"),
        ('name = "a"\n[resources]\ncpus = 0', "resources.cpus", "at least 1", "range"),
        ('name = "a"\n[resources]\ncpus = 999999', "resources.cpus", "at most 100000", "range"),
        ('name = "a"\n[verified]\nagainst = "x"\non = "soon"', "verified.on", "be a date", "2025"),
        ('name = "a"\n"\\u001b[31m" = 1', "\x1b[31m", "unknown key `[31m`", "aliases"),
    ],
)  # fmt: skip
def test_schema_mistakes_name_the_key(text: str, key: str, says: str, hint: str) -> None:
    error = error_of(text)
    assert error.key == key
    assert says in error.message
    assert hint in error.hint


# --- values that cannot be used ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('name = "../x"', "name"),
        ('name = "a/b"', "name"),
        ('name = "a\\n"', "name"),
        ('name = ""', "name"),
        ('name = "a"\nversion = "1/2"', "version"),
        ('name = "a"\nversion = ".."', "version"),
        ('name = "a"\naliases = ["b c"]', "aliases"),
        ('name = "a"\nwrap = "../python3"', "wrap"),
        ('name = "a"\nwrap = ".."', "wrap"),
        ('name = "a"\nlogo = "../logo.svg"', "logo"),
        ('name = "a"\nlogo = "kernel.js"', "logo"),
        ('name = "a"\nlanguage = "x\\ny"', "language"),
        ('name = "a"\nrequires = ["os; import x"]', "requires"),
        ('name = "a"\nrequires = ["scikit-learn"]', "requires"),
        ('name = "a"\ndisplay_name = " \\u202e "', "display_name"),
        ('name = "a"\n[modules]\nload = ["a; rm -rf ~"]', "modules.load"),
        ('name = "a"\n[modules]\nload = ["$(id)"]', "modules.load"),
        ('name = "a"\n[modules]\nload = ["a\\nb"]', "modules.load"),
        ('name = "a"\n[modules]\nload = ["-x"]', "modules.load"),
        ('name = "a"\n[modules]\nload = ["a/../b"]', "modules.load"),
        ('name = "a"\n[modules]\nuse = ["/a\\nb"]', "modules.use"),
        ('name = "a"\n[modules]\ncollection = "../x"', "modules.collection"),
        ('name = "a"\n[container]\nimage = "http://x/y"', "container.image"),
        ('name = "a"\n[container]\nimage = "docker://a b"', "container.image"),
        ('name = "a"\n[container]\nimage = ""', "container.image"),
        ('name = "a"\n[container]\nimage = "a"\nbinds = ["relative"]', "container.binds"),
        ('name = "a"\n[container]\nimage = "a"\nbinds = ["/a,/b"]', "container.binds"),
        ('name = "a"\n[container]\nimage = "a"\noverlay = "\\u0000"', "container.overlay"),
        ('name = "a"\n[conda]\nenvironment = "a b"', "conda.environment"),
        ('name = "a"\n[venv]\npath = ""', "venv.path"),
        ('name = "a"\n[python]\ninterpreter = "a\\nb"', "python.interpreter"),
        ('name = "a"\n[packages]\ndir = ""', "packages.dir"),
        ('name = "a"\n[conda]\nenvironment = "a"\n[venv]\npath = "b"', "venv"),
        ('name = "a"\n[kernel]\ncommand = ["k"]', "kernel.command"),
        ('name = "a"\n[kernel]\ncommand = ["k --f={connection_file}"]', "kernel.command"),
        ('name = "a"\n[kernel]\ncommand = ["\\u0000", "{connection_file}"]', "kernel.command"),
        ('name = "a"\n[env]\n"A-B" = "x"', "env.A-B"),
        ('name = "a"\n[env]\n"A\\nB" = "x"', "env.A\nB"),
        ('name = "a"\n[env]\nA = "x\\u0000y"', "env.A"),
        ('name = "a"\nenv_passthrough = ["A=B"]', "env_passthrough"),
        ('name = "a"\nenv_passthrough = ["A"]\n[env]\nA = "1"', "env.A"),
        ('name = "a"\n[resources]\npartition = "a\\nb"', "resources.partition"),
        ('name = "a"\n[resources]\ngres = "--wrap=id"', "resources.gres"),
        ('name = "a"\n[resources]\ntime = ""', "resources.time"),
        ('name = "a"\n[resources]\nextra = ["x"]', "resources.extra"),
        ('name = "a"\n[resources]\nextra = ["--comment=a\\nb"]', "resources.extra"),
    ],
)  # fmt: skip
def test_unusable_values_name_the_key(text: str, key: str) -> None:
    assert error_of(text).key == key


@pytest.mark.parametrize("variable", ["HF_TOKEN", "WANDB_API_KEY", "DB_PASSWORD", "MYPASSWORD"])
def test_literal_secrets_are_refused(variable: str) -> None:
    error = error_of(f'name = "a"\n[env]\n{variable} = "hunter2"')
    assert f"`env.{variable}`" in error.message
    assert "env_passthrough" in error.hint and "secrets file" in error.hint
    assert "hunter2" not in error.message + error.hint
    parse_recipe(f'name = "a"\nenv_passthrough = ["{variable}"]', source="a")
    parse_recipe(f'name = "a"\n[env]\n{variable} = ""', source="a")


@pytest.mark.parametrize("variable", ["BASH_ENV", "LD_PRELOAD", "PYTHONHOME", "PATH"])
@pytest.mark.parametrize("line", ['[env]\n{} = "x"', 'env_passthrough = ["{}"]'])
def test_dangerous_variables_need_the_sites_leave(variable: str, line: str) -> None:
    recipe = parse_recipe('name = "a"\n' + line.format(variable), source="a.toml")
    with pytest.raises(NotPermitted, match=f"`{variable}`") as caught:
        check_variables(recipe, allowed=[], source="a.toml")
    assert "allowed_variables" in caught.value.hint
    check_variables(recipe, allowed=[variable], source="a.toml")


# --- files ---------------------------------------------------------------------------------------


def fifo(path: Path) -> None:
    os.mkfifo(path)


def oversize(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


def folder(path: Path) -> None:
    path.mkdir()


def escaping_symlink(path: Path) -> None:
    outside = path.parents[2] / "outside.toml"
    outside.write_text(f'name = "{path.parent.name}"\nversion = "{path.stem}"\n')
    path.symlink_to(outside)


def dangling_symlink(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


def looping_symlink(path: Path) -> None:
    path.symlink_to(path)


def not_utf8(path: Path) -> None:
    path.write_bytes(b'name = "a"\ndescription = "\xff"\n')


def unknown_key(path: Path) -> None:
    path.write_text('name = "bad"\nversion = "1"\nmoduls = 1\n')


def another_name(path: Path) -> None:
    path.write_text('name = "good"\nversion = "1"\n')


def empty(path: Path) -> None:
    path.write_text("")


@pytest.mark.parametrize(
    "make",
    [
        fifo,
        oversize,
        folder,
        escaping_symlink,
        dangling_symlink,
        looping_symlink,
        not_utf8,
        unknown_key,
        another_name,
        empty,
    ],
)
def test_one_bad_file_is_a_warning_and_the_rest_is_listed(
    root: Path, make: Callable[[Path], None]
) -> None:
    (root / "bad").mkdir()
    make(root / "bad/1.toml")
    (warning,) = still_listed(root)
    assert "bad/1.toml" in warning
    assert [
        entry.identity for entry in Catalog(site_with(root)).entries if entry.recipe.name == "bad"
    ] == []
    assert len(validate_paths([root])) == 1


def test_a_folder_that_leaves_the_catalog_is_not_followed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside/bad"
    outside.mkdir(parents=True)
    (outside / "1.toml").write_text('name = "bad"\nversion = "1"\n')
    (root / "bad").symlink_to(outside)
    (warning,) = still_listed(root)
    assert "leads out of" in warning


def test_a_logo_that_leaves_the_catalog_is_not_used(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.svg").write_text("<svg/>")
    (root / "good/1.toml").write_text(GOOD + 'logo = "logo.svg"\n')
    (root / "good/logo.svg").symlink_to(tmp_path / "secret.svg")
    (entry,) = Catalog(site_with(root)).find("good")
    assert entry.logo is None
    assert "leads out of" in entry.problem


@pytest.mark.parametrize("name", ["-x", "a b", "é", ".hidden"])
def test_folders_that_are_no_names_give_no_recipes(root: Path, name: str) -> None:
    (root / name).mkdir()
    (root / name / "1.toml").write_text(GOOD)
    still_listed(root)
    assert {entry.provenance.given for entry in Catalog(site_with(root)).find("good")} == {"good/1"}


def test_a_directory_that_is_gone_is_a_warning(root: Path, tmp_path: Path) -> None:
    catalog = Catalog(site_with(tmp_path / "gone", root))
    assert [entry.identity for entry in catalog.find("good")] == ["good/1"]
    assert f"`{tmp_path / 'gone'}`" in catalog.warnings[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_a_warning(root: Path) -> None:
    (root / "bad").mkdir()
    (root / "bad").chmod(0)
    (warning,) = still_listed(root)
    (root / "bad").chmod(0o700)
    assert "cannot be read" in warning


def test_reading_one_file_tells_the_kinds_apart(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nothing.toml"):
        load_recipe(tmp_path / "nothing.toml")
    fifo(tmp_path / "fifo.toml")
    with pytest.raises(InsecureFile, match="not a regular file"):
        load_recipe(tmp_path / "fifo.toml")
    oversize(tmp_path / "big.toml")
    with pytest.raises(InsecureFile, match="at most 65536"):
        load_recipe(tmp_path / "big.toml")
    not_utf8(tmp_path / "latin.toml")
    with pytest.raises(RecipeError, match="line 2: not UTF-8"):
        load_recipe(tmp_path / "latin.toml")


@pytest.mark.parametrize(
    ("module", "point", "says"),
    [
        ("raise RuntimeError('\\x1b[31mboom')", "broken_plugin", "RuntimeError: [31mboom"),
        ("import no_such_module_at_all", "broken_plugin", "ModuleNotFoundError"),
        ("def where():\n    return 3", "broken_plugin:where", "returned int"),
        ("x = 1", "broken_plugin:where", "AttributeError"),
        ("def where():\n    return '/no/such/place'", "broken_plugin:where", "does not exist"),
    ],
)
def test_a_broken_plug_in_is_a_warning(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, point: str, says: str
) -> None:
    import sys

    packages = tmp_path / "packages"
    info = packages / "broken_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (packages / "broken_plugin.py").write_text(module + "\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[kernelkit.recipes_v1]\nmine = {point}\n")
    monkeypatch.syspath_prepend(str(packages))
    monkeypatch.delitem(sys.modules, "broken_plugin", raising=False)
    (warning,) = still_listed(root)
    assert "`mine`" in warning
    assert says in warning


# --- what `kernelkit catalog validate` finds besides ---------------------------------------------


def keys_of(path: Path) -> set[str]:
    return {problem.key for problem in validate_paths([path])}


def add(root: Path, name: str, version: str, text: str = "") -> None:
    (root / name).mkdir(exist_ok=True)
    (root / name / f"{version}.toml").write_text(f'name = "{name}"\nversion = "{version}"\n{text}')


def test_validate_is_content_with_a_good_catalog(root: Path) -> None:
    assert validate_paths([root, root / "good", root / "good/1.toml"]) == []


@pytest.mark.parametrize("place", ["", "good"])
def test_validate_finds_two_defaults(root: Path, place: str) -> None:
    add(root, "good", "2", "default = true\n")
    add(root, "good", "3", "default = true\n")
    assert keys_of(root / place) == {"default"}


def test_validate_finds_aliases_that_mean_two_things(root: Path) -> None:
    add(root, "other", "1", 'aliases = ["good"]\n')
    assert keys_of(root) == {"aliases"}
    add(root, "other", "1", 'aliases = ["both"]\n')
    add(root, "third", "1", 'aliases = ["both"]\n')
    assert keys_of(root) == {"aliases"}
    add(root, "third", "1")
    add(root, "other", "2", 'aliases = ["both"]\n')
    assert keys_of(root) == set()


def test_validate_finds_names_that_become_one_kernel(root: Path) -> None:
    add(root, "Good", "1")
    assert keys_of(root) == {"name"}


def test_validate_finds_misplaced_files_and_missing_logos(root: Path, tmp_path: Path) -> None:
    (root / "stray.toml").write_text(GOOD)
    assert [p.path for p in validate_paths([root])] == [root / "stray.toml"]
    add(root, "good", "1", 'logo = "none.svg"\n')
    (root / "stray.toml").unlink()
    assert keys_of(root) == keys_of(root / "good/1.toml") == {"logo"}
    (tmp_path / "nothing").mkdir()
    assert len(validate_paths([tmp_path / "nothing", tmp_path / "no-such"])) == 2


def test_validate_finds_what_slurm_would_refuse(root: Path) -> None:
    for line in ('time = "soon"', 'mem = "1G"\nmem_per_cpu = "1G"', 'extra = ["--wrap=id"]'):
        add(root, "good", "1", f"[resources]\n{line}\n")
        assert keys_of(root) == keys_of(root / "good/1.toml") == {"resources"}, line


def test_validate_finds_dangerous_variables(root: Path) -> None:
    add(root, "good", "1", '[env]\nLD_PRELOAD = "x"\n')
    assert len(validate_paths([root])) == len(validate_paths([root / "good/1.toml"])) == 1
    assert validate_paths([root], allowed=["LD_PRELOAD"]) == []


def test_the_command_ends_with_1_when_there_is_a_mistake(
    root: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["catalog", "validate", str(root)]) == 0
    unknown_key(root / "good/1.toml")
    assert run(["catalog", "validate", str(root)]) == 1
    said = capsys.readouterr()
    assert "unknown key `moduls`" in said.err and "Did you mean `modules`?" in said.err


def test_every_mistake_is_in_words_of_the_tree() -> None:
    """Whatever is wrong, a KernelkitError says it; never a bare TypeError or KeyError."""
    for text in ("[env]\nA = []", "[[modules]]\nload = 1", "[env.A]\nB = 1", "modules = [[]]"):
        with pytest.raises(KernelkitError):
            parse_recipe(f'name = "a"\n{text}\n', source="a")
