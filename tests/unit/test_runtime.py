"""Which container runtime is taken, and what it says it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernelkit.environment.containers import Runtime, find_runtime
from kernelkit.environment.containers.runtime import parse_version
from kernelkit.errors import ContainerError
from kernelkit.proc import Completed
from kernelkit.site import Setting, Site


def site(runtime: str = "", origin: str = "detected", module: str = "") -> Site:
    return Site(
        {
            "container_runtime": Setting("container_runtime", runtime, origin, ""),
            "container_module": Setting("container_module", module, "default", ""),
        }
    )


def program(path: Path, says: str, code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def test_apptainer_comes_before_singularity(tmp_path: Path) -> None:
    program(tmp_path / "singularity", "singularity-ce version 4.1.0")
    found = find_runtime(site(), path=str(tmp_path))
    assert found == Runtime(str(tmp_path / "singularity"), "singularity", "4.1.0")
    program(tmp_path / "apptainer", "apptainer version 1.4.5")
    found = find_runtime(site(), path=str(tmp_path))
    assert found == Runtime(str(tmp_path / "apptainer"), "apptainer", "1.4.5")


def test_what_a_module_brings_comes_before_what_was_detected(tmp_path: Path) -> None:
    old = program(tmp_path / "old/apptainer", "apptainer version 1.1.0")
    program(tmp_path / "new/apptainer", "apptainer version 1.4.5")
    assert find_runtime(site(str(old)), path=str(tmp_path / "new")).version == "1.4.5"
    assert find_runtime(site(str(old)), path="/nowhere").version == "1.1.0"


def test_what_the_site_sets_is_final(tmp_path: Path) -> None:
    program(tmp_path / "bin/apptainer", "apptainer version 1.4.5")
    own = program(tmp_path / "own/singularity", "singularity-ce version 4.1.0")
    configured = site(str(own), "/etc/site.py")
    assert find_runtime(configured, path=str(tmp_path / "bin")).command == str(own)
    own.unlink()
    with pytest.raises(ContainerError) as caught:
        find_runtime(configured, path=str(tmp_path / "bin"))
    assert f"`{own}` is not on" in caught.value.message
    assert "/etc/site.py" in caught.value.hint


def test_nothing_there_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ContainerError) as caught:
        find_runtime(site(), path=str(tmp_path))
    assert "`apptainer` or `singularity` is not on" in caught.value.message
    assert str(tmp_path) in caught.value.message
    with pytest.raises(ContainerError) as caught:
        find_runtime(site(module="apptainer/1.4"), path=str(tmp_path))
    assert "`apptainer/1.4`" in caught.value.hint


def test_a_runtime_that_does_not_run(tmp_path: Path) -> None:
    program(tmp_path / "apptainer", "error while loading shared libraries", 127)
    with pytest.raises(ContainerError, match="does not run") as caught:
        find_runtime(site(), path=str(tmp_path))
    assert "shared libraries" in caught.value.detail


@pytest.mark.parametrize(
    ("says", "kind", "version"),
    [
        ("apptainer version 1.4.5-1.el9\n", "apptainer", "1.4.5-1.el9"),
        ("singularity-ce version 3.11.4\n", "singularity", "3.11.4"),
        ("singularity-pro version 3.9.4\n", "singularity", "3.9.4"),
        ("singularity version 3.8.7-1.el7\n", "singularity", "3.8.7-1.el7"),
        ("WARNING: noise\napptainer version 1.3.0\n", "apptainer", "1.3.0"),
    ],
)
def test_versions(says: str, kind: str, version: str) -> None:
    found = parse_version("x", Completed(("x",), 0, says, ""))
    assert (found.kind, found.version) == (kind, version)
