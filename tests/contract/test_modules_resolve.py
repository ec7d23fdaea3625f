"""Modules are resolved by the real systems: every way to depend, in an order that loads."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from module_sites import SYSTEMS, init_and_tree, make_backend, write_module
from real import Parts, module_shell

from kernelkit.environment.modules import Backend

Need = Callable[..., None]

PYTORCH = "pytorch/2.7.1-cuda12.6-cudnn9"


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest, need: Need, home: Path) -> str:
    need(request.param, "modules")
    return str(request.param)


@pytest.fixture
def backend(system: str, parts: Parts) -> Backend:
    return make_backend(parts, system)


def loads(backend: Backend, *asked: str, **options: object) -> list[str]:
    found = backend.resolve(asked, **options)  # type: ignore[arg-type]
    return [module.name for module in found.plan.loads]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("gdal", ["gdal/3.6"]),
        ("hdf5", ["hdf5/1.12"]),
        ("python", ["python/3.11"]),
        ("libfoo", ["libfoo/2.0"]),
        ("style-hidden/1.0", ["style-hidden/1.0"]),
        ("style-dotted/.1.0", ["style-dotted/.1.0"]),
        ("style-depends-on", ["libfoo/1.0", "style-depends-on/1.0"]),
        ("style-load/1.0", ["libfoo/1.0", "style-load/1.0"]),
        ("style-always-load", ["libfoo/1.0", "style-always-load/1.0"]),
        ("style-prereq", ["libfoo/1.0", "style-prereq/1.0"]),
        ("style-prereq-any", ["libfoo/2.0", "style-prereq-any/1.0"]),
        ("tensorflow", ["apptainer/1.4.5", "tensorflow/2.15"]),
        (PYTORCH, ["apptainer/1.4.5", PYTORCH]),
        ("pytorch/2.7.1", ["apptainer/1.4.5", PYTORCH]),
        ("openmpi", ["gcc/12.2", "openmpi/4.1"]),
        ("python-mpi/3.11", ["gcc/12.2", "openmpi/4.1", "python-mpi/3.11"]),
        ("mpi4py", ["gcc/12.2", "openmpi/4.1", "python-mpi/3.11", "mpi4py/3.1"]),
    ],
)
def test_what_is_needed_is_loaded_first(backend: Backend, asked: str, expected: list[str]) -> None:
    found = backend.resolve([asked])
    assert [m.name for m in found.plan.loads] == expected
    assert [m.name for m in found.plan.loads if m.asked] == expected[-1:]
    assert found.environment["LOADEDMODULES"].split(":") == expected


def test_depends_on_any_takes_what_exists(need: Need, parts: Parts, home: Path) -> None:
    need("lmod-new", "modules")
    backend = make_backend(parts, "lmod-new")
    assert loads(backend, "style-depends-on-any") == ["libfoo/2.0", "style-depends-on-any/1.0"]


def test_the_list_loads_in_one_command_in_any_clean_shell(
    system: str, backend: Backend, parts: Parts
) -> None:
    found = backend.resolve(["mpi4py", PYTORCH])
    names = " ".join(m.name for m in found.plan.loads)
    init, tree = init_and_tree(parts, system)
    shell = module_shell(init, ":".join(tree), f"module load {names} >&2; echo $LOADEDMODULES")
    assert shell.stdout.strip() == names.replace(" ", ":"), shell.stderr


def test_asked_in_an_order_that_does_not_load(backend: Backend) -> None:
    found = backend.resolve(["mpi4py", "gcc", "openmpi/4.1"])
    assert [(m.name, m.asked) for m in found.plan.loads] == [
        ("gcc/12.2", True),
        ("openmpi/4.1", True),
        ("python-mpi/3.11", False),
        ("mpi4py/3.1", True),
    ]


def test_a_module_is_marked_by_its_file(backend: Backend) -> None:
    (module,) = backend.resolve(["gdal"]).plan.loads
    path = Path(module.file.path)
    assert path.parts[-2:] == ("gdal", "3.6")
    assert module.file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (module.file.size, module.file.mtime_ns) == (
        path.stat().st_size,
        path.stat().st_mtime_ns,
    )


def test_each_module_has_a_record_of_its_own(backend: Backend) -> None:
    found = backend.resolve(["style-depends-on"])
    assert [r.layer for r in found.records] == ["module libfoo/1.0", "module style-depends-on/1.0"]
    assert [[(c.variable, c.kind, c.value) for c in r.changes] for r in found.records] == [
        [("LIBFOO_VERSION", "set", "1.0")],
        [("STYLE_DEPENDS_ON", "set", "loaded")],
    ]
    assert [r.source for r in found.records] == [m.file.path for m in found.plan.loads]


def test_a_function_that_a_module_defines(backend: Backend) -> None:
    assert backend.resolve(["tensorflow"]).plan.functions == ("python",)
    assert backend.resolve([PYTORCH]).plan.functions == ()


def test_what_a_module_says_is_kept_apart_from_what_it_does(backend: Backend) -> None:
    found = backend.resolve(["style-chatty"])
    said = "\n".join(found.texts)
    assert "a line on stdout" in said
    assert "a line on stderr from the modulefile" in said
    assert found.environment["STYLE_CHATTY"] == "loaded"


def test_a_value_is_data(backend: Backend) -> None:
    marker = Path("/tmp/kernelkit-evil")
    assert not marker.exists()
    found = backend.resolve(["style-evil-value"])
    assert not marker.exists()
    assert found.environment["STYLE_EVIL"].endswith("`touch /tmp/kernelkit-evil` $HOME")


def test_the_plan_says_how_to_begin(system: str, backend: Backend, parts: Parts) -> None:
    plan = backend.resolve(["gdal"]).plan
    init, tree = init_and_tree(parts, system)
    assert plan.init == (str(init),)
    assert plan.use == tuple(tree)
    assert plan.baseline == "purge"
    assert plan.version == backend.version
    assert plan.version.split(".")[0] == ("5" if system == "environment-modules" else "8")


def test_progress_names_what_is_loading(backend: Backend) -> None:
    said: list[str] = []
    backend.resolve(["style-prereq"], on_step=said.append)
    assert "Loading style-prereq" in said
    assert said[-1] == "Loading all in one command"


def test_nothing_asked_is_only_a_baseline(backend: Backend) -> None:
    found = backend.resolve([])
    assert found.plan.loads == ()
    assert found.records == ()


def test_a_directory_of_the_users_own_is_kept_only_if_it_is_needed(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    write_module(mine, "tool/1.0", "setenv TOOL mine")
    write_module(other, "rest/1.0", "setenv REST other")
    monkeypatch.setenv("MODULEPATH", f"{other}:{mine}")
    given = backend.resolve(["gdal"]).plan.use
    found = backend.resolve(["gdal", "tool"])
    assert found.plan.use == (*given, str(mine))
    assert found.environment["TOOL"] == "mine"


def test_what_a_loaded_module_opened_is_not_the_users_own(
    system: str, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    init, tree = init_and_tree(parts, system)
    dump = module_shell(init, ":".join(tree), "module load gcc openmpi; env -0").stdout
    for entry in dump.split("\0"):
        name, _, value = entry.partition("=")
        if name and not name.startswith(("HOME", "PATH", "BASH_FUNC")):
            monkeypatch.setenv(name, value)
    backend = make_backend(parts, system)
    assert loads(backend, "python-mpi") == ["gcc/12.2", "openmpi/4.1", "python-mpi/3.11"]
    assert backend.user_paths() == ()


def test_the_first_of_two_directories_wins(backend: Backend, tmp_path: Path) -> None:
    write_module(tmp_path / "a", "tool/1.0", "setenv TOOL a")
    write_module(tmp_path / "b", "tool/1.0", "setenv TOOL b")
    use = [str(tmp_path / "a"), str(tmp_path / "b")]
    found = backend.resolve(["tool"], use=use)
    assert found.environment["TOOL"] == "a"
    assert found.plan.use[:2] == tuple(use)


def test_a_module_that_opens_a_directory_and_loads_from_it(
    backend: Backend, tmp_path: Path
) -> None:
    write_module(tmp_path / "inner", "part/1.0", "prepend-path PATH /part")
    write_module(
        tmp_path / "outer",
        "whole/1.0",
        f"prepend-path MODULEPATH {tmp_path}/inner",
        "module load part/1.0",
        "prepend-path PATH /whole",
    )
    found = backend.resolve(["whole"], use=[str(tmp_path / "outer")])
    assert found.plan.loads[-1].name == "whole/1.0"
    assert found.environment["LOADEDMODULES"] == "part/1.0:whole/1.0"
    assert found.environment["PATH"].startswith("/whole:/part:")


def test_another_name_of_a_module(backend: Backend, tmp_path: Path) -> None:
    write_module(tmp_path, "tool/1.0", "setenv TOOL 1")
    (tmp_path / "tool/.modulerc").write_text("#%Module\nmodule-version tool/1.0 stable\n")
    (module,) = backend.resolve(["tool/stable"], use=[str(tmp_path)]).plan.loads
    assert (module.name, module.asked) == ("tool/1.0", True)


def test_keep_takes_what_the_server_has_loaded(
    system: str, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    init, tree = init_and_tree(parts, system)
    dump = module_shell(init, ":".join(tree), "module load gdal; env -0").stdout
    for entry in dump.split("\0"):
        name, _, value = entry.partition("=")
        if name and not name.startswith(("HOME", "PATH", "BASH_FUNC")):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", "/server")
    backend = make_backend(parts, system)
    found = backend.resolve(["libfoo"], baseline="keep")
    assert [m.name for m in found.plan.loads] == ["libfoo/2.0"]
    assert found.environment["GDAL_VERSION"] == "3.6"
    assert "PYTHONPATH" not in found.environment
    assert "GDAL_VERSION" not in backend.resolve(["libfoo"]).environment


def test_reset_starts_from_what_the_system_loads_by_default(
    system: str, parts: Parts, tmp_path: Path
) -> None:
    init, tree = init_and_tree(parts, system)
    profile = tmp_path / "profile.sh"
    lines = [f"export MODULEPATH={':'.join(tree)}", f". {init}"]
    if system == "environment-modules":
        # What the system itself records of its configuration file, and returns to.
        lines += ["module load gdal"]
        lines += [f"export __MODULES_LMINIT='module use {tree[0]}:module load gdal'"]
    else:
        lines += ["export LMOD_SYSTEM_DEFAULT_MODULES=gdal", "module --initial_load restore"]
    profile.write_text("\n".join(lines) + "\n")
    backend = make_backend(parts, system, module_init=[str(profile)], module_paths=[])
    found = backend.resolve(["libfoo"], baseline="reset")
    assert [m.name for m in found.plan.loads] == ["libfoo/2.0"]
    assert found.environment["LOADEDMODULES"] == "gdal/3.6:libfoo/2.0"
    assert backend.resolve(["libfoo"]).environment["LOADEDMODULES"] == "libfoo/2.0"


def test_what_a_load_takes_out_of_the_baseline_is_told(
    need: Need, parts: Parts, home: Path, tmp_path: Path
) -> None:
    need("lmod", "modules")
    init, tree = init_and_tree(parts, "lmod")
    profile = tmp_path / "profile.sh"
    defaults = "gdal:gcc/12.2:openmpi:python/3.10:style-family-a"
    profile.write_text(
        f"export MODULEPATH={':'.join(tree)}\n. {init}\n"
        f"export LMOD_SYSTEM_DEFAULT_MODULES={defaults}\nmodule --initial_load restore\n"
    )
    backend = make_backend(parts, "lmod", module_init=[str(profile)], module_paths=[])
    found = backend.resolve(["python/3.11", "style-family-b", "libfoo"], baseline="reset")
    assert found.taken_out == (
        ("python/3.10", "python/3.11"),
        ("style-family-a/1.0", "style-family-b/1.0"),
    )
    assert found.meant == (
        ("python/3.11", "python/3.11"),
        ("style-family-b", "style-family-b/1.0"),
        ("libfoo", "libfoo/2.0"),
    )
    assert backend.resolve(["python/3.11", "style-family-b"]).taken_out == ()
    assert backend.resolve(["gdal"], baseline="reset").taken_out == ()


def test_what_survives_a_purge_is_not_loaded_again_unless_asked(
    system: str, parts: Parts, tmp_path: Path
) -> None:
    init, tree = init_and_tree(parts, system)
    profile = tmp_path / "profile.sh"
    profile.write_text(f"export MODULEPATH={':'.join(tree)}\n. {init}\nmodule load style-sticky\n")
    backend = make_backend(parts, system, module_init=[str(profile)], module_paths=[])
    assert loads(backend, "gdal") == ["gdal/3.6"]
    assert loads(backend, "style-sticky", "gdal") == ["style-sticky/1.0", "gdal/3.6"]


# --- collections ----------------------------------------------------------------------------------


@pytest.fixture
def save(system: str, parts: Parts) -> Callable[..., None]:
    def run(name: str, modules: str, *, tree: str = "", env: dict[str, str] | None = None) -> None:
        init, given = init_and_tree(parts, system)
        script = f"[ -z '{tree}' ] || module use '{tree}'\nmodule load {modules}\n"
        done = module_shell(init, ":".join(given), f"{script}module save {name}", env=env)
        assert done.returncode == 0, done.stderr

    return run


def test_a_collection_is_taken_apart_into_loads(
    backend: Backend, save: Callable[..., None]
) -> None:
    save("work", "gcc openmpi mpi4py gdal")
    found = backend.resolve(["libfoo/1.0"], collection="work")
    assert [m.name for m in found.plan.loads] == [
        "gcc/12.2",
        "openmpi/4.1",
        "python-mpi/3.11",
        "mpi4py/3.1",
        "gdal/3.6",
        "libfoo/1.0",
    ]
    assert found.plan.collection == "work"


def test_a_collection_brings_the_directories_it_needs(
    backend: Backend, save: Callable[..., None], tmp_path: Path
) -> None:
    write_module(tmp_path / "mine", "tool/1.0", "setenv TOOL mine")
    save("work", "tool gcc", tree=str(tmp_path / "mine"))
    plan = backend.resolve([], collection="work").plan
    assert sorted(m.name for m in plan.loads) == ["gcc/12.2", "tool/1.0"]
    assert str(tmp_path / "mine") in plan.use
    assert not any("hierarchy" in path for path in plan.use)


def test_the_users_shell_is_left_alone(backend: Backend) -> None:
    before = dict(os.environ)
    backend.resolve(["gdal"])
    assert dict(os.environ) == before
