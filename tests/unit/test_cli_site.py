"""`kernelkit paths`, `config` and `completion`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from command_line import PROGRAM, kernelkit
from shelf import put

from kernelkit import site


@pytest.fixture
def settings(home: Path) -> Path:
    """The user's settings file."""
    path = Path(os.environ["JUPYTER_CONFIG_DIR"]) / "jupyter_kernelkit_config.json"
    path.write_text(
        json.dumps(
            {"KernelkitSite": {"cache_root": "~/scratch", "module_init": ["/opt/lmod/init/bash"]}}
        )
    )
    return path


def test_a_setting_tells_its_origin(settings: Path) -> None:
    found = {s["name"]: s for s in kernelkit("config", "--json").json["settings"]}
    assert found["cache_root"]["value"] == "~/scratch"
    assert found["cache_root"]["origin"] == str(settings)
    assert found["module_init"]["value"] == ["/opt/lmod/init/bash"]
    assert found["install_scope"] == {
        **found["install_scope"],
        "value": "user",
        "origin": "default",
    }
    assert found["base_path"]["origin"] == "detected"


def test_config_for_people(settings: Path) -> None:
    done = kernelkit("config")
    line = next(line for line in done.out.splitlines() if line.startswith("cache_root "))
    assert "~/scratch" in line
    assert str(settings) in line
    assert "c.KernelkitSite.NAME" in done.err


def test_one_setting(settings: Path) -> None:
    assert [s["name"] for s in kernelkit("config", "cache_root", "--json").json["settings"]] == [
        "cache_root"
    ]
    done = kernelkit("config", "cache_rot")
    assert done.code == 4
    assert "`cache_root`" in done.err


def test_a_broken_settings_file_is_named(settings: Path) -> None:
    settings.write_text("{")
    done = kernelkit("config")
    assert done.code == 1
    assert f"`{settings}`" in done.err


def test_paths(settings: Path, tmp_path: Path) -> None:
    root = os.environ["JUPYTER_DATA_DIR"]
    put(Path(root), "tool")
    places = kernelkit("paths", "--json").json["paths"]
    found = {(p["purpose"], p["path"]): p for p in places}
    assert found["kernels", f"{root}/kernels"]["exists"]
    assert found["records and previous versions (user)", f"{root}/kernelkit"]["writable"]
    assert found["settings", str(settings)]["exists"]
    assert found["module system", "/opt/lmod/init/bash"]["exists"] is False
    assert found["caches of kernels", f"{os.environ['HOME']}/scratch"]["exists"] is False
    assert any(purpose.startswith("catalog") for purpose, _ in found)
    text = kernelkit("paths").out
    assert all(place["path"] in text for place in places)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(shell: str) -> None:
    done = kernelkit("completion", shell)
    assert done.code == 0
    assert "_KERNELKIT_COMPLETE=" in done.out
    assert kernelkit("completion", shell, "--json").json["script"] in done.out


def complete(words: str) -> list[str]:
    """What the shell offers after `words`, through the protocol the bash script speaks."""
    done = subprocess.run(
        PROGRAM,
        env={
            **os.environ,
            "_KERNELKIT_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.split()]


def test_completing(home: Path) -> None:
    put(Path(os.environ["JUPYTER_DATA_DIR"]), "tool")
    assert "list" in complete("kernelkit ")
    assert complete("kernelkit li") == ["list"]
    assert complete("kernelkit remove to") == ["tool"]
    assert complete("kernelkit remove python") == []
    offered = complete("kernelkit info pytorch/2.7")
    assert offered
    assert all(word.startswith("pytorch/2.7") for word in offered)


def test_the_bash_script_is_bash(home: Path) -> None:
    script = kernelkit("completion", "bash").out
    done = subprocess.run(["/bin/bash", "-n"], input=script, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("how", ["sources it", "is a link into it", "is of another"])
def test_the_profile_file_of_the_module_system_in_use(
    how: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only it sets MODULEPATH, and a node may have another one; a user's own system has none."""
    package, profile = tmp_path / "lmod", tmp_path / "profile.d/lmod.sh"
    (package / "init").mkdir(parents=True)
    profile.parent.mkdir()
    for name in ("bash", "profile"):
        (package / "init" / name).touch()
    if how == "sources it":
        profile.write_text(f". {package}/init/$my_shell >/dev/null\n")
    elif how == "is a link into it":
        profile.symlink_to(package / "init/profile")
    else:
        profile.write_text(f". {package}-of-the-system/init/bash\n")
    monkeypatch.setitem(site.MODULE_INIT_CANDIDATES, "lmod", (str(profile),))
    monkeypatch.setenv("LMOD_PKG", str(package))
    expected = package / "init/bash" if how == "is of another" else profile
    assert site.detect_module_init("auto") == ("lmod", [str(expected)])
    monkeypatch.delenv("LMOD_PKG")
    monkeypatch.setenv("MODULESHOME", str(package))
    monkeypatch.setenv("LMOD_VERSION", "8.7")
    assert site.detect_module_init("auto") == ("lmod", [str(expected)])
