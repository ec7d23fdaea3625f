"""Packages dirs that do not fit the interpreter they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernelkit.environment.package_checks import check_packages_dir, fits, stdlib_names
from kernelkit.environment.packages import resolve_packages_dir
from kernelkit.errors import InsecureFile, InvalidName, NotFound
from kernelkit.model import PythonFacts
from kernelkit.site import Setting, Site


def python(version: str = "3.11.2", **changes: object) -> PythonFacts:
    major, minor = version.split(".")[:2]
    values = {
        "command": "python3",
        "found_as": "file",
        "executable": "/usr/bin/python3",
        "prefix": "/usr",
        "version": version,
        "implementation": "cpython",
        "cache_tag": f"cpython-{major}{minor}",
        "platform": "linux-x86_64",
        "machine": "x86_64",
        "libc": "glibc 2.36",
        **changes,
    }
    return PythonFacts(**values)  # type: ignore[arg-type]


def distribution(directory: Path, name: str, version: str, *tags: str) -> None:
    info = directory / f"{name}-{version}.dist-info"
    info.mkdir()
    lines = ["Wheel-Version: 1.0", *(f"Tag: {tag}" for tag in tags)]
    (info / "WHEEL").write_text("\n".join(lines) + "\n")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    path = tmp_path / "packages"
    path.mkdir(mode=0o755)
    return path


def test_nothing_amiss(packages: Path) -> None:
    distribution(packages, "numpy", "1.26.4", "cp311-cp311-manylinux_2_17_x86_64")
    distribution(packages, "attrs", "26.1", "py3-none-any")
    (packages / "numpy/core").mkdir(parents=True)
    (packages / "numpy/core/_umath.cpython-311-x86_64-linux-gnu.so").touch()
    (packages / "bin").mkdir()
    assert check_packages_dir(packages, python()) == []


def test_a_wheel_for_another_python(packages: Path) -> None:
    distribution(packages, "numpy", "1.26.4", "cp39-cp39-manylinux_2_17_x86_64")
    (packages / "numpy").mkdir()
    (packages / "numpy/_umath.cpython-39-x86_64-linux-gnu.so").touch()
    (finding,) = check_packages_dir(packages, python())
    assert finding.severity == "error"
    assert "`numpy 1.26.4`" in finding.message
    assert "`cp39-cp39-manylinux_2_17_x86_64`" in finding.message
    assert "Python 3.11.2" in finding.message


def test_extension_modules_for_another_python(packages: Path) -> None:
    (packages / "mine").mkdir()
    (packages / "mine/fast.cpython-310-x86_64-linux-gnu.so").touch()
    (packages / "other.cpython-310-x86_64-linux-gnu.so").touch()
    findings = check_packages_dir(packages, python())
    assert [f.severity for f in findings] == ["error", "error"]
    assert "`cpython-310`" in findings[0].message
    (packages / "mine/fast.cpython-311-x86_64-linux-gnu.so").touch()
    assert len(check_packages_dir(packages, python())) == 1


@pytest.mark.parametrize("name", ["typing.py", "dataclasses.py", "json/__init__.py"])
def test_a_module_of_pythons_own(packages: Path, name: str) -> None:
    (packages / name).parent.mkdir(exist_ok=True)
    (packages / name).touch()
    (finding,) = check_packages_dir(packages, python())
    assert finding.severity == "error"
    assert "would replace Python's own module" in finding.message


def test_a_directory_without_init_replaces_nothing(packages: Path) -> None:
    (packages / "json").mkdir()
    (packages / "typing").touch()
    assert check_packages_dir(packages, python()) == []


def test_the_standard_library_of_that_python() -> None:
    assert "tomllib" not in stdlib_names(python("3.10.1"))
    assert "tomllib" in stdlib_names(python("3.11.1"))
    assert "distutils" in stdlib_names(python("3.11.1"))
    assert "distutils" not in stdlib_names(python("3.12.1"))


def test_a_distribution_that_the_environment_has(packages: Path) -> None:
    distribution(packages, "NumPy", "2.4.0", "py3-none-any")
    distribution(packages, "attrs", "26.1", "py3-none-any")
    there = {"numpy": "1.26.4", "attrs": "26.1"}
    (finding,) = check_packages_dir(packages, python(distributions=there))
    assert finding.severity == "warning"
    assert "`numpy 2.4.0`" in finding.message
    assert "`numpy 1.26.4`" in finding.message


def test_a_directory_that_anybody_may_write(packages: Path) -> None:
    packages.chmod(0o777)
    with pytest.raises(InsecureFile, match="Anybody may write"):
        check_packages_dir(packages, python())


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        check_packages_dir(tmp_path / "gone", python())


@pytest.mark.parametrize(
    ("tag", "changes", "expected"),
    [
        ("py3-none-any", {}, True),
        ("py2.py3-none-any", {}, True),
        ("py2-none-any", {}, False),
        ("py312-none-any", {}, False),
        ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", {}, True),
        ("cp311-cp311-manylinux_2_17_aarch64", {}, False),
        ("cp311-cp311-musllinux_1_1_x86_64", {}, False),
        ("cp311-cp311-musllinux_1_1_x86_64", {"libc": "musl"}, True),
        ("cp311-cp311-manylinux2014_x86_64", {"libc": "musl"}, False),
        ("cp311-cp311-macosx_11_0_x86_64", {}, False),
        ("cp311-cp311-linux_x86_64", {}, True),
        ("cp39-abi3-manylinux2014_x86_64", {}, True),
        ("cp312-abi3-manylinux2014_x86_64", {}, False),
        ("cp39-none-manylinux2014_x86_64", {}, False),
        ("pp310-pypy310_pp73-manylinux2014_x86_64", {}, False),
        ("py3-none-manylinux2014_x86_64", {"implementation": "pypy"}, True),
        ("nonsense", {}, True),
    ],
)
def test_wheel_tags(tag: str, changes: dict[str, object], expected: bool) -> None:
    assert fits(tag, python(**changes)) is expected


@pytest.fixture
def site(tmp_path: Path) -> Site:
    root = str(tmp_path / "root")
    return Site({"packages_root": Setting("packages_root", root, "detected", "")})


def test_where_a_packages_dir_lies(site: Site, tmp_path: Path) -> None:
    root = tmp_path / "root"
    assert resolve_packages_dir("mine", site, "torch") == root / "mine"
    assert resolve_packages_dir("", site, "torch") == root / "torch"
    assert (root / "mine").stat().st_mode & 0o022 == 0
    relative = resolve_packages_dir("./here", site, "torch", base=tmp_path, create=False)
    assert relative == tmp_path / "here"
    assert not relative.exists()


@pytest.mark.parametrize("text", ["-x", "a\nb", "/a:b", "UPPER", "x y"])
def test_names_that_no_packages_dir_has(site: Site, text: str) -> None:
    with pytest.raises(InvalidName):
        resolve_packages_dir(text, site, "torch", create=False)
