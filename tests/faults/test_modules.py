"""Module systems and modules that are missing, refuse, lie or break: what the user is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from module_sites import SYSTEMS, init_and_tree, make_backend, make_site, write_module
from real import Parts, module_shell

from kernelkit.environment.modules import Backend, find_backend, module_backend_or_none
from kernelkit.errors import (
    Ambiguous,
    InvalidName,
    ModuleError,
    NotFound,
    NotPermitted,
    UsageError,
)

Need = Callable[..., None]


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest, need: Need, home: Path) -> str:
    need(request.param, "modules")
    return str(request.param)


@pytest.fixture
def backend(system: str, parts: Parts) -> Backend:
    return make_backend(parts, system)


def refused(backend: Backend, *asked: str, **options: object) -> ModuleError:
    with pytest.raises(ModuleError) as caught:
        backend.resolve(asked, **options)  # type: ignore[arg-type]
    assert caught.value.hint
    return caught.value


# --- the module system ----------------------------------------------------------------------------


def test_no_module_system_names_the_files_tried(tmp_path: Path) -> None:
    site = make_site(module_init=[str(tmp_path / "absent.sh")])
    with pytest.raises(ModuleError, match="No module system found") as caught:
        find_backend(site)
    assert f"`{tmp_path}/absent.sh`" in caught.value.message
    assert "module_init" in caught.value.hint
    assert module_backend_or_none(site) is None
    with pytest.raises(ModuleError, match="/etc/profile.d/modules.sh"):
        find_backend(make_site())


def test_a_site_that_wants_none(tmp_path: Path) -> None:
    assert module_backend_or_none(make_site(module_system="none")) is None


def test_an_init_file_that_defines_no_module(system: str, parts: Parts, tmp_path: Path) -> None:
    init = tmp_path / "init.sh"
    init.write_text("echo hello from init; return 3\n")
    error = refused(make_backend(parts, system, module_init=[str(init)]), "gdal")
    assert f"No `module` command after sourcing `{init}`" in error.message
    assert error.detail == "hello from init"


def test_the_system_is_told_from_its_init_file(system: str, parts: Parts) -> None:
    expected = "environment-modules" if system == "environment-modules" else "lmod"
    assert make_backend(parts, system, module_system="auto").kind == expected


def test_a_module_command_that_does_nothing(need: Need, parts: Parts, home: Path) -> None:
    # Sites mute Lmod by LMOD_CMD=:, and an Lmod that crashes prints nothing to evaluate: both
    # leave the status 0.
    need("lmod", "modules")
    init = home / "init.sh"
    init.write_text(f". {parts.lmod_init}\nexport LMOD_CMD=:\n")
    error = refused(make_backend(parts, "lmod", module_init=[str(init)]), "gdal")
    assert "`gdal` is not loaded, although `module load` reported success" in error.message


def test_lmod_crashes_and_returns_0(need: Need, parts: Parts, home: Path) -> None:
    need("lmod", "modules")
    crash, init = home / "lmod", home / "init.sh"
    crash.write_text("#!/bin/sh\necho 'lua: attempt to index a nil value' >&2\nexit 1\n")
    crash.chmod(0o755)
    init.write_text(f". {parts.lmod_init}\nexport LMOD_CMD={crash}\n")
    error = refused(make_backend(parts, "lmod", module_init=[str(init)]), "gdal")
    assert "although `module load` reported success" in error.message
    assert "attempt to index a nil value" in error.detail


def test_a_module_path_that_is_empty(system: str, parts: Parts) -> None:
    backend = make_backend(parts, system, module_paths=[])
    assert backend.available() == ()
    with pytest.raises(NotFound, match="`gdal`"):
        backend.resolve(["gdal"])


# --- modules that do not load ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["style-breaks", "style-exits"])
def test_a_module_that_gives_up_without_failing(backend: Backend, name: str) -> None:
    error = refused(backend, name)
    assert f"`{name}`" in error.message
    if name == "style-breaks":
        assert "for members of the group chem" in error.detail


@pytest.mark.parametrize(
    ("name", "said"), [("style-fails", "licenses.example.org"), ("style-crashes", "no_such_")]
)
def test_a_module_that_fails_is_quoted(backend: Backend, name: str, said: str) -> None:
    error = refused(backend, "gdal", name)
    assert error.message == f"The module `{name}` did not load."
    assert error.detail.startswith(f"$ module load gdal {name}\n")
    assert said in error.detail


def test_a_dependency_that_nobody_has(backend: Backend) -> None:
    error = refused(backend, "style-missing-dependency")
    assert "`style-missing-dependency` needs `libabsent/1.0`" in error.message


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("pytroch", "`pytorch`"),
        ("gdal/4.0", "There is `gdal/3.6`, `gdal/3.8`."),
        ("PyTorch", "`pytorch/2.5.1-cuda12.4-cudnn9`"),
        ("zzz/1", "`kernelkit avail`"),
    ],
)
def test_no_such_module(backend: Backend, asked: str, hint: str) -> None:
    with pytest.raises(NotFound) as caught:
        backend.resolve(["gcc", asked])
    assert f"`{asked}`" in caught.value.message
    assert hint in caught.value.hint


def test_a_name_that_fits_several(system: str, parts: Parts, tmp_path: Path) -> None:
    init, _ = init_and_tree(parts, system)
    profile = tmp_path / "profile.sh"
    # Where the site lets no prefix stand for the highest version, we do not guess either.
    mute = "export LMOD_EXTENDED_DEFAULT=no MODULES_EXTENDED_DEFAULT=0"
    profile.write_text(f"{mute}\n. {init}\n")
    backend = make_backend(parts, system, module_init=[str(profile)])
    with pytest.raises(Ambiguous) as caught:
        backend.resolve(["pytorch/2"])
    assert len(caught.value.matches) == 4
    (only,) = [m.name for m in backend.resolve(["pytorch/2.6"]).plan.loads if m.asked]
    assert only == "pytorch/2.6.0-cuda12.6-cudnn9"


def test_two_versions_of_one_module(backend: Backend) -> None:
    with pytest.raises(UsageError, match="`libfoo/1.0` and `libfoo/2.0` are two versions"):
        backend.resolve(["libfoo/1.0", "gdal", "libfoo/2.0"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("style-family-a", "style-family-b"),
        ("python/3.11", "python-bare"),
        ("libfoo/1.0", "style-conflict"),
    ],
)
def test_modules_that_exclude_each_other(backend: Backend, first: str, second: str) -> None:
    error = refused(backend, first, second)
    assert f"`{second}`" in error.message
    assert error.detail


def test_a_dependency_on_a_version_that_the_user_did_not_ask_for(backend: Backend) -> None:
    # It would take out what was asked for, or be refused: either way, no kernel with the wrong one.
    if backend.kind == "lmod":
        assert "`libfoo/2.0`" in refused(backend, "libfoo/2.0", "style-depends-on").message
    else:
        names = [m.name for m in backend.resolve(["libfoo/2.0", "style-depends-on"]).plan.loads]
        assert "libfoo/2.0" in names


def test_a_circle_of_prerequisites_ends(need: Need, parts: Parts, home: Path) -> None:
    # Environment Modules 5 loads such a circle.
    need("lmod", "modules")
    write_module(home / "tree", "one/1.0", "prereq two/1.0")
    write_module(home / "tree", "two/1.0", "prereq one/1.0")
    refused(make_backend(parts, "lmod"), "one", use=[str(home / "tree")])


def test_prerequisites_that_the_system_does_not_load_by_itself(
    need: Need, parts: Parts, home: Path
) -> None:
    need("environment-modules", "modules")
    init = home / "init.sh"
    init.write_text(f". {parts.environment_modules_init}\nexport MODULES_AUTO_HANDLING=0\n")
    backend = make_backend(parts, "environment-modules", module_init=[str(init)])
    for name, expected in (("style-prereq", "libfoo/1.0"), ("style-prereq-any", "libfoo/2.0")):
        names = [m.name for m in backend.resolve([name]).plan.loads]
        assert names == [expected, f"{name}/1.0"]


# --- modules that harm the shell ------------------------------------------------------------------


def test_a_module_that_ends_the_shell(need: Need, parts: Parts, home: Path) -> None:
    need("environment-modules", "modules")
    write_module(home / "tree", "leaves/1.0", 'puts stderr "good bye"', 'puts stdout "exit 3;"')
    backend = make_backend(parts, "environment-modules")
    error = refused(backend, "leaves", use=[str(home / "tree")])
    assert "`module load leaves` ended the shell with exit code 3" in error.message
    assert "good bye" in error.detail


def test_a_module_that_never_ends(system: str, parts: Parts, tmp_path: Path) -> None:
    write_module(tmp_path, "waits/1.0", "if {[module-info mode load]} { exec sleep 600 }")
    backend = make_backend(parts, system, command_timeout=1.0)
    error = refused(backend, "waits", use=[str(tmp_path)])
    assert "did not finish within 1 s" in error.message
    assert "module load waits" in error.detail


def test_a_module_that_reads_from_the_terminal(
    system: str, backend: Backend, tmp_path: Path
) -> None:
    write_module(tmp_path, "asks/1.0", "gets stdin line", "setenv ASKED yes")
    found = backend.resolve(["asks"], use=[str(tmp_path)])
    assert found.environment["ASKED"] == "yes"


def test_modules_that_break_path_and_loader(backend: Backend, tmp_path: Path) -> None:
    write_module(tmp_path, "breaks/1.0", "setenv PATH /nowhere", "setenv IFS /", "setenv _ x")
    found = backend.resolve(["breaks"], use=[str(tmp_path)])
    assert found.environment["PATH"] == "/nowhere"
    assert [m.name for m in found.plan.loads] == ["breaks/1.0"]


def test_a_module_in_another_encoding(backend: Backend, tmp_path: Path) -> None:
    path = write_module(tmp_path, "latin/1.0", "setenv GREETING OLD", "puts stderr OLD")
    path.write_bytes(path.read_bytes().replace(b"OLD", b"gr\xfc\xdfe"))
    found = backend.resolve(["latin"], use=[str(tmp_path)])
    assert found.environment["GREETING"].startswith("gr")
    assert [m.whatis for m in make_backend_over(backend, tmp_path).available()] == [""]


def make_backend_over(backend: Backend, tree: Path) -> Backend:
    site = make_site(
        module_system=backend.kind, module_init=list(backend.init), module_paths=[str(tree)]
    )
    return find_backend(site)


def test_a_module_that_leaves_a_process_behind(need: Need, parts: Parts, home: Path) -> None:
    need("environment-modules", "modules")
    write_module(home / "tree", "stays/1.0", 'puts stdout "sleep 60 &";', "setenv STAYS yes")
    backend = make_backend(parts, "environment-modules")
    found = backend.resolve(["stays"], use=[str(home / "tree")])
    assert found.environment["STAYS"] == "yes"


# --- names and policy -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["a; touch MARK", "$(touch MARK)", "`touch MARK`", "a\nb", "-x", "../a", "a/../b", "", "a*"],
)
def test_a_name_that_is_none_reaches_no_shell(
    backend: Backend, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for call in (lambda: backend.resolve([name]), lambda: backend.find(name)):
        with pytest.raises(InvalidName):
            call()
    assert list(tmp_path.glob("MARK*")) == []


def test_a_collection_name_that_is_none(backend: Backend) -> None:
    with pytest.raises(InvalidName):
        backend.resolve([], collection="../x")


def test_what_the_site_does_not_allow(system: str, parts: Parts) -> None:
    backend = make_backend(parts, system, allowed_modules=["gdal/*", "pytorch/2.7*"])
    assert backend.resolve(["gdal"]).plan.loads
    # What an allowed module needs comes with it.
    assert len(backend.resolve(["pytorch/2.7.1"]).plan.loads) == 2
    with pytest.raises(NotPermitted) as caught:
        backend.resolve(["gdal", "pytorch"])
    assert "`pytorch/2.8.0-cuda12.9-cudnn9`" in caught.value.message
    assert "`allowed_modules`" in caught.value.hint


# --- collections ----------------------------------------------------------------------------------


@pytest.fixture
def save(system: str, parts: Parts) -> Callable[..., None]:
    def run(name: str, modules: str, *, tree: Path | None = None, target: str = "") -> None:
        init, given = init_and_tree(parts, system)
        script = f"module use {tree}\n" if tree else ""
        if target:
            script += f"export LMOD_SYSTEM_NAME={target} MODULES_COLLECTION_TARGET={target}\n"
        script += f"module load {modules}\nmodule save {name}"
        done = module_shell(init, ":".join(given), script)
        assert done.returncode == 0, done.stderr

    return run


def test_no_such_collection(backend: Backend, save: Callable[..., None]) -> None:
    save("work", "gdal")
    with pytest.raises(NotFound) as caught:
        backend.resolve([], collection="wrok")
    assert "`work`" in caught.value.hint


def test_a_collection_of_which_a_module_is_gone(
    backend: Backend, save: Callable[..., None], tmp_path: Path
) -> None:
    path = write_module(tmp_path / "tree", "tool/1.0", "setenv TOOL 1")
    save("work", "gdal tool", tree=tmp_path / "tree")
    path.unlink()
    error = refused(backend, collection="work")
    assert "`work` is stale" in error.message
    assert "module save work" in error.hint
    assert error.detail.startswith("$ module restore work\n")


def test_a_collection_of_which_a_module_changed(
    backend: Backend, save: Callable[..., None], tmp_path: Path
) -> None:
    # Lmod keeps a hash of what each module does; Environment Modules only names.
    path = write_module(tmp_path / "tree", "tool/1.0", f"prepend-path MODULEPATH {tmp_path}/a")
    save("work", "gdal tool", tree=tmp_path / "tree")
    path.write_text(f"#%Module\nprepend-path MODULEPATH {tmp_path}/b\n")
    if backend.kind == "lmod":
        assert "stale" in refused(backend, collection="work").message
    else:
        assert backend.resolve([], collection="work").plan.loads


def test_a_collection_saved_for_another_system(backend: Backend, save: Callable[..., None]) -> None:
    save("work", "gdal", target="othercluster")
    error = refused(backend, collection="work")
    assert "saved for another system: `othercluster`" in error.message
