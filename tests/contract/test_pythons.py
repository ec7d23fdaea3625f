"""Interpreters of every kind asked what they are, through nothing and through Apptainer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from real import Parts
from runners import apptainer_runner, host_runner

from kernelkit.environment.pythons import describe, probe_python
from kernelkit.errors import EnvironmentBroken

# What an interpreter says of itself without our probe.
ASK = """
import importlib.metadata, json, re, sys, sysconfig
names = {}
for found in importlib.metadata.distributions():
    name = re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower()
    names.setdefault(name, found.version)
print(json.dumps([sys.executable, sys.prefix, sys.implementation.cache_tag,
                  sysconfig.get_platform(), names]))
"""


def own_words(python: str) -> list[object]:
    # -P is not in 3.10; a script file keeps the working directory off sys.path as well.
    done = subprocess.run([python, "-c", "import sys; sys.path.remove('')\n" + ASK],
                          capture_output=True, text=True, check=True)  # fmt: skip
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def test_our_own_interpreter() -> None:
    facts = probe_python(host_runner(), ["no-such-python", sys.executable])
    found = [facts.executable, facts.prefix, facts.cache_tag, facts.platform, facts.distributions]
    assert found == own_words(sys.executable)
    assert (facts.command, facts.found_as, facts.container) == (sys.executable, "file", "")
    assert facts.ipykernel == facts.distributions["ipykernel"]
    assert facts.debugger
    assert facts.mark
    assert facts.mark.path == str(Path(sys.executable).resolve())


def test_files_in_the_working_directory_are_not_imported(tmp_path: Path) -> None:
    for name in ("json", "re", "os", "typing", "sysconfig", "importlib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')\n")
    facts = probe_python(host_runner(cwd=tmp_path), [sys.executable])
    assert facts.executable == sys.executable


def test_noise_on_every_channel(tmp_path: Path) -> None:
    noise = "import sys, atexit\nprint('<<<kernelkit:{', 'noise')\nprint('x', file=sys.stderr)\n"
    (tmp_path / "sitecustomize.py").write_text(noise + "atexit.register(print, 'goodbye')\n")
    facts = probe_python(host_runner(PYTHONPATH=str(tmp_path)), [sys.executable])
    assert facts.executable == sys.executable
    assert facts.pythonpath == str(tmp_path)


def test_a_name_that_modules_defined_as_a_function() -> None:
    facts = probe_python(host_runner(), ["python3"], functions=["python3", "pip"])
    assert facts.found_as == "function"


def test_what_was_tried_stands_in_the_error() -> None:
    with pytest.raises(EnvironmentBroken, match="tried `no-such-python`, `false`") as caught:
        probe_python(host_runner(), ["no-such-python", "false"])
    assert "`no-such-python` cannot be run" in caught.value.detail
    assert "`false` ended with code 1" in caught.value.detail


def test_a_python_that_is_broken_says_so_itself() -> None:
    with pytest.raises(EnvironmentBroken) as caught:
        probe_python(host_runner(PYTHONHOME="/nowhere"), [sys.executable])
    assert "encodings" in caught.value.detail


def test_a_bare_prefix(need: Callable[..., None], parts: Parts, home: Path) -> None:
    need("python")
    facts = probe_python(host_runner(), [str(parts.python_bare)])
    assert (facts.ipykernel, facts.pip, facts.debugger) == ("", "", False)
    assert facts.distributions == {"layer-bare": "1.0"}


@pytest.mark.parametrize("name", ["demo.sif", "demo"])
def test_an_image(need: Callable[..., None], parts: Parts, home: Path, name: str) -> None:
    need("apptainer", "image-demo")
    runner = apptainer_runner(parts.apptainer_bin / "apptainer", parts.image(name))
    facts = probe_python(runner, ["python3"])
    assert facts.container == str(parts.image(name))
    assert facts.mark is None
    assert facts.executable == "/usr/bin/python3"
    assert facts.distributions["numpy"] == "1.26.4"
    assert facts.libc.startswith("glibc ")
    assert str(parts.image(name)) in describe(facts)


def test_an_image_with_ipykernel_6(need: Callable[..., None], parts: Parts, home: Path) -> None:
    need("apptainer", "image-ipykernel6")
    image = parts.image("ipykernel6.sif")
    facts = probe_python(apptainer_runner(parts.apptainer_bin / "apptainer", image), ["python3"])
    assert facts.ipykernel.startswith("6.")
    assert not facts.curve, "an older ipykernel crashes when it is given Curve keys"


def test_an_image_without_python(need: Callable[..., None], parts: Parts, home: Path) -> None:
    need("apptainer", "image-demo")
    runner = apptainer_runner(parts.apptainer_bin / "apptainer", parts.image("demo.sif"))
    with pytest.raises(EnvironmentBroken) as caught:
        probe_python(runner, ["python9"])
    assert "python9" in caught.value.detail
    assert "not found" in caught.value.detail
