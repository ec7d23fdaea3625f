"""Files and answers that other programs write: any content gives a value or a KernelkitError."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kernelkit.environment.conda_places import parse_rc
from kernelkit.environment.condas import parse_variables
from kernelkit.environment.containers.digests import parse_reference
from kernelkit.environment.containers.sif import parse_elf, parse_image
from kernelkit.environment.package_checks import fits
from kernelkit.environment.pip_settings import parse_config_list
from kernelkit.environment.programs import FENCE_END, FENCE_START, fenced, with_arguments
from kernelkit.environment.pythons import parse_facts, probe_python
from kernelkit.environment.venvs import parse_settings
from kernelkit.errors import KernelkitError
from kernelkit.model import PythonFacts
from kernelkit.names import is_image_reference
from kernelkit.proc import Completed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
PYTHON = PythonFacts(
    command="python3",
    found_as="file",
    executable="/usr/bin/python3",
    prefix="/usr",
    version="3.11.2",
    implementation="cpython",
    cache_tag="cpython-311",
    platform="linux-x86_64",
    machine="x86_64",
)


@given(st.text())
def test_pyvenv_settings(text: str) -> None:
    assert all(key == key.strip().lower() for key in parse_settings(text))


@given(st.text(), st.text(alphabet=" -[],'\"#:/ab\nenvs_dirs"))
def test_condarc(any_text: str, near: str) -> None:
    parse_rc(any_text)
    assert all(parse_rc(f"envs_dirs:\n{near}"))


@given(st.lists(st.text(alphabet="abc/ ~$_-.", min_size=1).filter(str.strip), min_size=1))
def test_condarc_as_conda_writes_it(directories: list[str]) -> None:
    wanted = [directory.strip() for directory in directories]
    text = "channels:\n  - x\nenvs_dirs:\n" + "".join(f"  - '{d}'\n" for d in wanted)
    assert parse_rc(text) == wanted


@given(st.binary() | JSON.map(lambda value: json.dumps({"env_vars": value}).encode()))
def test_conda_variables(data: bytes) -> None:
    with suppress(ValueError, KernelkitError):
        assert all("\0" not in value for value in parse_variables(data).values())


@given(st.binary(max_size=200))
def test_image_headers(tail: bytes) -> None:
    for data in (tail, b"#!/x\n".ljust(32, b"\0") + b"SIF_MAGIC\0" + tail.ljust(86, b"\xff")):
        facts = parse_image(io.BytesIO(data), len(data))
        assert facts.kind != "sif" or facts.machine or not facts.why or "cut short" in facts.why
    parse_elf(tail)
    parse_elf(b"\x7fELF" + tail)


@given(
    st.from_regex(r"(docker|oras|library)://[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,60}", fullmatch=True)
)
def test_references(text: str) -> None:
    assert is_image_reference(text)
    found = parse_reference(text)
    assert found.pinned("") == text


@given(st.text(), st.text())
def test_wheel_tags(text: str, other: str) -> None:
    fits(text, PYTHON)
    fits(f"{text}-{other}-any", PYTHON)


@given(st.text() | st.text().map(lambda text: f"global.index-url={text}"))
def test_pip_settings(text: str) -> None:
    assert all(isinstance(value, str) for value in parse_config_list(text).values())


@given(st.text(), JSON, st.text())
def test_an_answer_between_noise(before: str, value: object, after: str) -> None:
    answer = json.dumps(value)
    if FENCE_END in after or FENCE_START in answer or FENCE_END in answer:
        return
    found = fenced(f"{before}\n{FENCE_START}{answer}{FENCE_END}\n{after}")
    assert json.dumps(found) == answer


@given(st.text(), JSON)
def test_any_answer_of_an_interpreter(noise: str, value: object) -> None:
    answers = [
        value,
        {"executable": value},
        {"executable": "/x", "version": "3.11", "prefix": value},
    ]
    answers.append({"executable": "/x", "version": "3.11.1", "distributions": value})
    for answer in answers:
        said = f"{noise}{FENCE_START}{json.dumps(answer)}{FENCE_END}"

        def runner(
            argv: object, *, input: str = "", timeout: float = 1, said: str = said
        ) -> Completed:
            return Completed(("python3",), 0, said, "")

        with suppress(KernelkitError):
            facts = probe_python(runner, ["python3"])
            json.dumps(facts.distributions).encode()
            facts.prefix.encode()
    parse_facts(noise)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(), max_size=3))
def test_arguments_reach_a_program_unchanged(arguments: list[str]) -> None:
    source = with_arguments("RESULT.append(ARGUMENTS)", *arguments)
    result: list[list[str]] = []
    # The text holds ASCII only: it is read with whatever encoding a site's locale has.
    assert source.isascii()
    import sys

    before = list(sys.path)
    try:
        exec(compile(source, "-", "exec"), {"RESULT": result})
    finally:
        sys.path[:] = before
    assert result == [arguments]


@settings(max_examples=30)
@given(st.binary(max_size=300))
def test_any_file_as_an_image(data: bytes) -> None:
    import tempfile

    from kernelkit.environment.containers import Runtime, inspect_image

    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "a.sif")
        file.write_bytes(data)
        with suppress(KernelkitError):
            inspect_image(file, runtime=Runtime("/usr/bin/apptainer", "apptainer", "1"))
