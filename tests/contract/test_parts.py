"""The real parts behave as their names say: a test that builds on one may rely on it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from real import SYSTEM_PATH, Parts, module_shell

Need = Callable[..., None]


@pytest.fixture(params=["lmod", "lmod-new", "environment-modules"])
def system(
    request: pytest.FixtureRequest, parts: Parts, need: Need, home: Path
) -> tuple[str, Path, str]:
    """(name, init file, MODULEPATH) of each module system."""
    name: str = request.param
    need(name, "modules", "python")
    if name == "environment-modules":
        return name, parts.environment_modules_init, str(parts.tcl_tree)
    if name == "lmod-new":
        return name, parts.lmod_new_init, f"{parts.lmod_new_tree}:{parts.lmod_tree}"
    return name, parts.lmod_init, str(parts.lmod_tree)


def load(
    system: tuple[str, Path, str], *modules: str, env: dict[str, str] | None = None
) -> tuple[list[str], int, str]:
    """Load one by one; (what is loaded, the last status, everything that was said)."""
    _, init, tree = system
    lines = [f"module load {name} || status=$?" for name in modules]
    script = "status=0; exec 3>&1 1>&2\n" + "\n".join(lines) + '\necho "$LOADEDMODULES $status" >&3'
    done = module_shell(init, tree, script, env=env)
    loaded, _, status = done.stdout.strip().rpartition(" ")
    return [name for name in loaded.split(":") if name], int(status), done.stderr


@pytest.mark.parametrize(
    ("module", "also"),
    [
        ("style-depends-on", "libfoo/1.0"),
        ("style-load", "libfoo/1.0"),
        ("style-always-load", "libfoo/1.0"),
        ("pytorch/2.7.1-cuda12.6-cudnn9", "apptainer/1.4.5"),
        ("tensorflow", "apptainer/1.4.5"),
    ],
)
def test_a_dependency_is_loaded_too(system: tuple[str, Path, str], module: str, also: str) -> None:
    loaded, status, said = load(system, module)
    assert status == 0, said
    assert also in loaded
    assert any(name.startswith(module) for name in loaded)


def test_prereq_refuses_until_it_is_loaded(system: tuple[str, Path, str]) -> None:
    # Debian builds Environment Modules with automated handling, where prereq loads.
    env = {"MODULES_AUTO_HANDLING": "0"}
    assert load(system, "style-prereq", env=env)[:2] == ([], 1)
    both = ["libfoo/1.0", "style-prereq/1.0"]
    assert load(system, *both, env=env)[:2] == (both, 0)


def test_automated_handling_makes_prereq_load(parts: Parts, need: Need, home: Path) -> None:
    need("environment-modules", "modules")
    system = ("environment-modules", parts.environment_modules_init, str(parts.tcl_tree))
    assert load(system, "style-prereq")[:2] == (["libfoo/1.0", "style-prereq/1.0"], 0)


def test_depends_on_any_takes_the_first_that_exists(parts: Parts, need: Need, home: Path) -> None:
    need("lmod-new", "modules")
    system = ("lmod-new", parts.lmod_new_init, f"{parts.lmod_new_tree}:{parts.lmod_tree}")
    assert load(system, "style-depends-on-any")[0] == ["libfoo/2.0", "style-depends-on-any/1.0"]


def test_a_conflict_is_refused(system: tuple[str, Path, str]) -> None:
    loaded, status, _ = load(system, "libfoo", "style-conflict")
    assert (loaded, status) == (["libfoo/2.0"], 1)


def test_a_family_has_one_member(system: tuple[str, Path, str]) -> None:
    loaded, status, _ = load(system, "style-family-a", "style-family-b")
    if system[0] == "environment-modules":
        assert (loaded, status) == (["style-family-a/1.0"], 1)
    else:
        assert (loaded, status) == (["style-family-b/1.0"], 0)


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("pytorch", "pytorch/2.8.0-cuda12.9-cudnn9"),
        ("python", "python/3.11"),
        ("hdf5", "hdf5/1.12"),
        ("gdal", "gdal/3.6"),
    ],
)
def test_default_versions(system: tuple[str, Path, str], name: str, default: str) -> None:
    assert default in load(system, name)[0]


def test_the_hierarchy_opens_step_by_step(system: tuple[str, Path, str]) -> None:
    assert load(system, "mpi4py")[1] != 0
    loaded, status, said = load(system, "gcc", "openmpi", "mpi4py")
    assert status == 0, said
    assert loaded == ["gcc/12.2", "openmpi/4.1", "python-mpi/3.11", "mpi4py/3.1"]


@pytest.mark.parametrize("module", ["style-breaks", "style-exits"])
def test_lmod_returns_0_without_loading(parts: Parts, need: Need, home: Path, module: str) -> None:
    need("lmod", "modules")
    loaded, status, _ = load(("lmod", parts.lmod_init, str(parts.lmod_tree)), module)
    assert (loaded, status) == ([], 0)


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("style-fails", "licenses.example.org"),
        ("style-crashes", "no_such_"),
        ("style-missing-dependency", "libabsent/1.0"),
    ],
)
def test_a_failing_module_says_why(system: tuple[str, Path, str], module: str, says: str) -> None:
    loaded, status, said = load(system, module)
    assert (loaded, status) == ([], 1)
    assert says in said


@pytest.mark.parametrize("module", ["style-hidden", "style-dotted"])
def test_a_hidden_module_is_not_listed_but_loads(
    system: tuple[str, Path, str], module: str
) -> None:
    _, init, tree = system
    listed = module_shell(init, tree, "module -t avail 2>&1").stdout
    assert "style-load/1.0" in listed
    assert module not in listed
    version = ".1.0" if module == "style-dotted" else "1.0"
    assert load(system, f"{module}/{version}")[0] == [f"{module}/{version}"]


def test_a_sticky_module_survives_a_purge(system: tuple[str, Path, str]) -> None:
    _, init, tree = system
    script = "module load libfoo style-sticky; module purge; echo $LOADEDMODULES"
    assert module_shell(init, tree, script).stdout.split()[-1] == "style-sticky/1.0"


def test_a_chatty_module_talks_on_both_streams(system: tuple[str, Path, str]) -> None:
    _, init, tree = system
    done = module_shell(init, tree, "module load style-chatty")
    assert "style-chatty" in done.stdout
    assert "style-chatty" in done.stderr


def test_an_evil_value_arrives_unharmed(system: tuple[str, Path, str], tmp_path: Path) -> None:
    _, init, tree = system
    script = f'cd "{tmp_path}"; module load style-evil-value; printf %s "$STYLE_EVIL"'
    assert module_shell(init, tree, script).stdout == (
        "a 'quoted' \"value\" $(touch /tmp/kernelkit-evil) `touch /tmp/kernelkit-evil` $HOME"
    )


def test_each_python_has_its_own_marker(system: tuple[str, Path, str]) -> None:
    _, init, tree = system
    where = "import layer_{0}; print(layer_{0}.WHERE)"
    for module, layer, expected in [
        ("python", "python", "python-3.11"),
        ("python-bare", "bare", "python-bare"),
        ("python style-pythonpath", "pythonpath", "style-pythonpath"),
    ]:
        script = f"module load {module} >&2; python -c '{where.format(layer)}'"
        assert module_shell(init, tree, script).stdout.strip() == expected
    bare = module_shell(init, tree, "module load python-bare; python -c 'import ipykernel'")
    assert "No module named 'ipykernel'" in bare.stderr


def test_pythonhome_stops_other_pythons(system: tuple[str, Path, str]) -> None:
    _, init, tree = system
    done = module_shell(init, tree, "module load style-pythonhome; /usr/bin/python3 -c ''")
    assert done.returncode != 0


@pytest.mark.parametrize(("module", "kind"), [("pytorch", "file"), ("tensorflow", "function")])
def test_container_modules_run_the_image(
    system: tuple[str, Path, str], need: Need, module: str, kind: str
) -> None:
    need("apptainer", "image-demo")
    _, init, tree = system
    script = (
        f"module load {module} >/dev/null 2>&1; type -t python;"
        "python -c 'import layer_demo; print(layer_demo.WHERE)'"
    )
    assert module_shell(init, tree, script).stdout.split() == [kind, "demo"]


def in_image(
    parts: Parts, image: str, code: str, *, command: str = "apptainer"
) -> subprocess.CompletedProcess[str]:
    directory = parts.apptainer_bin if command == "apptainer" else parts.singularity_bin
    return subprocess.run(
        [command, "exec", parts.image(image), "python3", "-c", code],
        env={"PATH": f"{directory}:{SYSTEM_PATH}", "HOME": os.environ["HOME"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        cwd="/",
    )


@pytest.mark.parametrize(
    ("part", "image", "layer", "ipykernel"),
    [
        ("image-demo", "demo.sif", "layer_demo", 7),
        ("image-demo", "demo", "layer_demo", 7),
        ("image-noipykernel", "noipykernel.sif", "layer_noipykernel", None),
        ("image-ipykernel6", "ipykernel6.sif", "layer_ipykernel6", 6),
        ("image-torch", "torch.sif", "layer_torch", 7),
    ],
)
def test_images(
    parts: Parts, need: Need, home: Path, part: str, image: str, layer: str, ipykernel: int | None
) -> None:
    need("apptainer", part)
    code = (
        f"import importlib.util as u, json; import {layer}\n"
        "has = u.find_spec('ipykernel') and __import__('ipykernel').version_info[0]\n"
        "print(json.dumps([has, bool(u.find_spec('pip'))]))"
    )
    done = in_image(parts, image, code)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [ipykernel, ipykernel is not None]


def test_torch_computes(parts: Parts, need: Need, home: Path) -> None:
    need("apptainer", "image-torch")
    done = in_image(parts, "torch.sif", "import torch; print(torch.ones(2, 3).sum().item())")
    assert done.stdout.strip() == "6.0", done.stderr


def test_a_site_may_have_singularity_only(parts: Parts, need: Need, home: Path) -> None:
    need("apptainer", "image-demo")
    done = in_image(parts, "demo.sif", "import layer_demo; print(1)", command="singularity")
    assert done.stdout.strip() == "1", done.stderr
    assert [path.name for path in parts.singularity_bin.iterdir()] == ["singularity"]


def test_conda_environment_activates(parts: Parts, need: Need, home: Path) -> None:
    need("conda")
    prefix = parts.conda_env
    state = json.loads((prefix / "conda-meta/state").read_text())
    assert state["env_vars"]["SCIENCE_MODE"] == "a value with spaces"
    script = (
        f"export CONDA_PREFIX={prefix}; for f in $CONDA_PREFIX/etc/conda/activate.d/*.sh;"
        'do . "$f"; done; echo $PROJ_DATA $GDAL_DATA;'
        "$CONDA_PREFIX/bin/python -c 'import ipykernel, layer_conda; print(layer_conda.WHERE)'"
    )
    done = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == [f"{prefix}/share/proj", f"{prefix}/share/gdal", "conda"]
    other = parts.conda_env_without_ipykernel / "bin/python"
    assert subprocess.run([other, "-c", "import layer_conda_nokernel"]).returncode == 0
    assert subprocess.run([other, "-c", "import ipykernel"], capture_output=True).returncode == 1


def test_r_and_bash_kernels_are_there(parts: Parts, need: Need, home: Path) -> None:
    need("r", "bash-kernel")
    subprocess.run(
        [parts.r, "--quiet", "--no-save", "-e", "library(IRkernel)"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    subprocess.run([parts.bash_kernel_python, "-c", "import bash_kernel"], check=True)
