"""Packages are added behind a kernel's own layers: what it lacks, and nothing that it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from driving import started
from machine import Kernelkit, Machine, Need
from wheels import wheel

from kernelkit.cli.main import run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """kernelkit's data directory, which every container is shown."""
    return tmp_path / "data"


@pytest.fixture
def index(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of our own, and no other, where pip looks in containers as well."""
    index = data / "index"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    wheel(index, "extra", "1.0", requires=["helper>=1"], script="extra-tool")
    wheel(index, "helper", "1.0", files={"shared_space/helper.py": "x = 1\n"})
    wheel(index, "helper", "1.1")
    wheel(index, "lonely", "1.0", files={"shared_space/lonely.py": "x = 2\n"})
    # Newer than what the environment has: the trap.
    wheel(index, "traitlets", "99.0")
    wheel(index, "fits", "1.0", requires=["traitlets"])
    wheel(index, "too-new", "1.0", requires=["traitlets>=99"])
    wheel(index, "foreign", "1.0", tag="cp27-cp27m-win32")
    return index


@pytest.fixture
def tool(machine: Machine, kernelkit: Kernelkit, need: Need, data: Path, index: Path) -> str:
    need("lmod", "modules", "python")
    machine.configure("lmod", packages_root=str(data / "packages"))
    return str(kernelkit("install", "python/3.11", "--as", "tool", "--no-test")["name"])


def names(pairs: list[dict[str, str]]) -> list[str]:
    return [f"{each['name']} {each['version']}" for each in pairs]


def held(kernelkit: Kernelkit) -> list[str]:
    return names(kernelkit("pip", "tool", "list")["distributions"])


def cell(tmp_path: Path, code: str) -> str:
    with started("tool", tmp_path / "log", tmp_path) as kernel:
        return kernel.run(code).strip()


def tree(directory: Path) -> set[str]:
    files = (path for path in directory.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(directory)) for path in files}


def test_a_kernel_gets_a_packages_dir_of_its_own(
    tool: str, kernelkit: Kernelkit, data: Path, tmp_path: Path
) -> None:
    assert kernelkit("pip", "tool", "list")["dir"] == ""
    would = kernelkit("pip", "tool", "install", "extra", "--dry-run")
    assert names(would["installed"]) == ["extra 1.0", "helper 1.1"]
    assert not Path(would["dir"]).exists()
    done = kernelkit("pip", "tool", "install", "extra", "helper<1.1")
    assert names(done["installed"]) == ["extra 1.0", "helper 1.0"]
    assert done["dir"] == str(data / "packages/tool")
    assert cell(tmp_path, "import extra, helper; print(extra.version, helper.version)") == "1.0 1.0"
    assert kernelkit("show", "tool")["recipe"]["packages"]["dir"] == done["dir"]
    assert kernelkit("pip", "tool", "check")["problems"] == []
    assert kernelkit("pip", "tool", "install", "extra")["installed"] == []


def test_packages_of_a_former_kernel_are_told(
    tool: str, kernelkit: Kernelkit, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "packages/tool/old-1.0.dist-info").mkdir(parents=True)
    (note,) = kernelkit("pip", "tool", "install", "lonely", "--no-test")["notes"]
    assert "`old`" in note
    assert held(kernelkit) == ["lonely 1.0", "old 1.0"]
    for words, said in (
        (("list",), "lonely"),
        (("uninstall", "lonely", "--dry-run"), "Would have removed lonely 1.0"),
        (("uninstall", "lonely"), "Removed lonely 1.0"),
        (("rollback",), "Installed lonely 1.0"),
    ):
        assert run(["pip", "tool", *words]) == 0
        assert said in capsys.readouterr().out


def test_packages_of_a_former_kernel_are_had_by_asking_for_them(
    tool: str, kernelkit: Kernelkit
) -> None:
    kernelkit("pip", "tool", "install", "lonely", "--no-test")
    kernelkit("remove", "tool", "-y")
    kernelkit("install", "python/3.11", "--as", "tool", "--no-test")
    assert held(kernelkit) == []
    # The environment has it: no reason to give the kernel what a former one had.
    assert kernelkit("pip", "tool", "install", "traitlets", "--no-test")["notes"] == []
    assert held(kernelkit) == []
    (note,) = kernelkit("pip", "tool", "install", "lonely", "--no-test")["notes"]
    assert "`lonely`" in note
    assert held(kernelkit) == ["lonely 1.0"]


def test_nothing_that_the_environment_has_is_shadowed(
    tool: str, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    before = cell(tmp_path, "import traitlets; print(traitlets.__version__)")
    kernelkit("pip", "tool", "install", "fits", "--no-test")
    assert held(kernelkit) == ["fits 1.0"]
    assert cell(tmp_path, "import traitlets; print(traitlets.__version__)") == before
    error = kernelkit("pip", "tool", "install", "too-new", code=1)["error"]
    assert (error["code"], error["step"]) == ("environment", "resolve")
    assert "traitlets" in error["detail"]
    assert held(kernelkit) == ["fits 1.0"]


def test_another_version_leaves_one_and_rollback_brings_back_the_other(
    tool: str, kernelkit: Kernelkit, tmp_path: Path
) -> None:
    directory = Path(kernelkit("pip", "tool", "install", "helper==1.0", "--no-test")["dir"])
    first = tree(directory)
    kernelkit("pip", "tool", "install", "helper>1.0", "--no-test")
    assert held(kernelkit) == ["helper 1.1"]
    assert not (directory / "shared_space").exists()
    back = kernelkit("pip", "tool", "rollback")
    assert (names(back["removed"]), names(back["installed"])) == (["helper 1.1"], ["helper 1.0"])
    assert tree(directory) == first
    assert cell(tmp_path, "import helper; print(helper.version)") == "1.0"
    kernelkit("pip", "tool", "rollback")
    assert held(kernelkit) == ["helper 1.1"]


def test_uninstalling_leaves_what_others_need_and_what_is_shared(
    tool: str, kernelkit: Kernelkit
) -> None:
    wanted = ("extra", "helper==1.0", "lonely")
    directory = Path(kernelkit("pip", "tool", "install", *wanted, "--no-test")["dir"])
    assert (directory / "bin/extra-tool").exists()
    error = kernelkit("pip", "tool", "uninstall", "helper", code=1)["error"]
    assert "extra" in error["message"] and "--force" in error["hint"]
    assert held(kernelkit) == ["extra 1.0", "helper 1.0", "lonely 1.0"]
    assert names(kernelkit("pip", "tool", "uninstall", "helper", "extra")["removed"]) == [
        "helper 1.0",
        "extra 1.0",
    ]
    assert held(kernelkit) == ["lonely 1.0"]
    left = {path for path in tree(directory) if "dist-info" not in path}
    assert left == {"lonely/__init__.py", "shared_space/lonely.py"}
    assert (
        kernelkit("pip", "tool", "uninstall", "traitlets", code=4)["error"]["code"] == "not_found"
    )


@pytest.mark.parametrize(
    "requirement",
    ["../x", "./x.whl", "https://example.org/x.whl", "x @ file:///x", "a b", "-r x", "x\ny", ""],
)
def test_only_names_and_versions(tool: str, kernelkit: Kernelkit, requirement: str) -> None:
    assert kernelkit("pip", "tool", "install", "--", requirement, code=2)["error"]["hint"]


def test_what_fails_leaves_everything_as_it_was(
    tool: str, kernelkit: Kernelkit, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def there() -> set[str]:
        return {path.name for path in data.rglob("*") if path.name.startswith(".")}

    before = there()
    assert kernelkit("pip", "tool", "install", "nowhere", code=1)["error"]["step"] == "resolve"
    assert kernelkit("show", "tool")["recipe"].get("packages") is None

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("kernelkit.environment.generations.exchange_dirs", full)
        error = kernelkit("pip", "tool", "install", "lonely", "--no-test", code=1)["error"]
    assert error["code"] == "storage_full"
    assert not (data / "packages/tool").exists()
    assert there() - before <= {".tool.lock"}
    assert kernelkit("pip", "tool", "rollback", code=4)["error"]["code"] == "not_found"


def test_a_kernel_that_does_not_start_with_them_gets_none(
    tool: str, kernelkit: Kernelkit, data: Path, index: Path
) -> None:
    wheel(index, "breaks", "1.0", files={"zmq.py": "raise SystemExit('broken')\n"})
    kernelkit("pip", "tool", "install", "breaks", code=1)
    assert kernelkit("show", "tool")["recipe"].get("packages") is None
    assert not (data / "packages/tool").exists()
    assert kernelkit("list", "tool")["kernels"][0]["state"] == "ready"


def test_in_an_image_with_numpy(
    machine: Machine,
    kernelkit: Kernelkit,
    need: Need,
    data: Path,
    index: Path,
    tmp_path: Path,
) -> None:
    need("apptainer", "image-demo")
    machine.configure("apptainer", packages_root=str(data / "packages"))
    wheel(index, "numpy", "2.4.0")
    wheel(index, "sci", "1.5", requires=["numpy>=1.19", "helper"])
    image = str(machine.parts.image("demo.sif"))
    kernelkit("install", image, "--as", "tool", "--no-test")
    done = kernelkit("pip", "tool", "install", "sci")
    assert names(done["installed"]) == ["helper 1.1", "sci 1.5"]
    seen = "import numpy, sci; print(numpy.__version__, numpy.__file__, sci.version)"
    version, file, added = cell(tmp_path, seen).split()
    assert (version, added) == ("1.26.4", "1.5")
    assert not file.startswith(str(data))
    assert kernelkit("pip", "tool", "install", "numpy>=2", code=1)["error"]["step"] == "resolve"
    kernelkit("pip", "tool", "rollback", code=4)


def test_of_a_kernel_that_is_none_of_ours(kernelkit: Kernelkit, machine: Machine) -> None:
    directory = machine.home / ".local/share/jupyter/kernels/foreign"
    directory.mkdir(parents=True)
    (directory / "kernel.json").write_text('{"argv": ["/bin/sh"], "display_name": "F"}')
    assert "adopt" in kernelkit("pip", "foreign", "list", code=5)["error"]["hint"]
    assert kernelkit("pip", "nothing", "list", code=4)["error"]["code"] == "not_found"
    assert kernelkit("pip", "foreign", "list", "x", code=2)["error"]["code"] == "usage"
