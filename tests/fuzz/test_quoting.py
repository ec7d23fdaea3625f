"""Whatever a text holds, bash gets it as text: values come back as they were, and nothing runs."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from canned import draft, modules, venv
from hypothesis import given, settings
from hypothesis import strategies as st
from scripts import ATTACKS, environment_of, launch, run_env, write_script

from kernelkit.errors import InvalidName
from kernelkit.names import DANGEROUS_VARIABLES, env_variable
from kernelkit.specs.quoting import comment, quote, quote_with_variables

FEW = settings(max_examples=60, deadline=None)


def _usable(name: str) -> bool:
    try:
        return env_variable(name) not in DANGEROUS_VARIABLES
    except InvalidName:
        return False


# Any bytes a process can be given, as Python sees them; text; and what has been tried before.
TEXT = st.one_of(
    st.sampled_from(ATTACKS),
    st.binary(max_size=40).map(lambda data: os.fsdecode(data.replace(b"\0", b""))),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
    st.text("'\"\\$`!#~*?[](){}<>|&;=-\n\t ab", max_size=20),
)
# A shell's own, and those that change what it prints or reads (LC_ALL, POSIXLY_CORRECT), are few.
NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{3,12}|[a-z][A-Za-z0-9]{3,8}", fullmatch=True).filter(_usable)
FILE_NAMES = TEXT.map(lambda text: text.replace("/", "")).filter(
    lambda text: text not in ("", ".", "..") and len(os.fsencode(text)) <= 200
)


@pytest.fixture(scope="module")
def place() -> Iterator[Callable[[], Path]]:
    """A new empty directory for each example."""
    with tempfile.TemporaryDirectory(prefix="kernelkit-quoting-") as directory:
        yield lambda: Path(tempfile.mkdtemp(dir=directory))


def nothing_ran(directory: Path) -> None:
    """`launch.sh` is all there is, wherever a marker could have been made."""
    assert [path.name for path in directory.rglob("marker")] == []


@FEW
@given(st.lists(TEXT, min_size=1, max_size=80))
def test_words(texts: list[str]) -> None:
    program = "printf '%s\\0' " + " ".join(map(quote, texts))
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            ["/bin/bash", "-c", os.fsencode(program)], cwd=directory, capture_output=True
        )
        assert done.stderr == b""
        assert done.stdout == b"".join(os.fsencode(text) + b"\0" for text in texts)
        assert list(Path(directory).iterdir()) == []


@FEW
@given(st.lists(TEXT.filter(lambda text: "$" not in text and text[:1] != "~"), min_size=1))
def test_words_with_variables_leave_the_rest_alone(texts: list[str]) -> None:
    words = [quote_with_variables(f"/x/${{WHO}}{text}$WHO") for text in texts]
    program = "printf '%s\\0' " + " ".join(words)
    done = subprocess.run(
        ["/bin/bash", "-c", os.fsencode(program)], env={"WHO": "a b*"}, capture_output=True
    )
    expected = [os.fsencode(f"/x/a b*{text}a b*") + b"\0" for text in texts]
    assert (done.stdout, done.stderr) == (b"".join(expected), b"")


@FEW
@given(TEXT)
def test_a_comment_ends_where_it_should(text: str) -> None:
    lines = comment(text, bullet="- ")
    assert all(line.startswith("#") and len(line.splitlines()) == 1 for line in lines)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in "".join(lines))


@FEW
@given(st.dictionaries(NAMES, TEXT, min_size=1, max_size=12))
def test_values_of_variables(place: Callable[[], Path], values: dict[str, str]) -> None:
    here = place()
    plan = msgspec.structs.replace(draft(), env=values)
    found = run_env(write_script(plan, here), cwd=here)
    assert {name: found.get(name) for name in values} == values
    nothing_ran(here)


@FEW
@given(TEXT, TEXT, TEXT)
def test_texts_for_people(place: Callable[[], Path], first: str, second: str, third: str) -> None:
    here = place()
    plan = msgspec.structs.replace(
        draft(), display_name=first, description=second, troubleshoot=third, identity=second
    )
    done = launch(write_script(plan, here), "--run", "printf", "%s", "fine", cwd=here)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"fine", b"")
    nothing_ran(here)


@FEW
@given(FILE_NAMES, FILE_NAMES)
def test_paths_of_layers(place: Callable[[], Path], name: str, packages: str) -> None:
    here = place()
    prefix = here / name
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin/python").symlink_to("/bin/true")
    plan = draft(environment=venv(str(prefix)), packages_dir=str(here / packages))
    found = run_env(write_script(plan, work_directory(here)), cwd=work_directory(here))
    assert found["VIRTUAL_ENV"] == str(prefix)
    assert found["PATH"] == f"{prefix}/bin:{plan.path}"
    assert found["PYTHONPATH"] == f"{here}/{packages}"
    nothing_ran(work_directory(here))


def work_directory(here: Path) -> Path:
    directory = here / "work directory of this test"
    directory.mkdir(exist_ok=True)
    return directory


@FEW
@given(FILE_NAMES)
def test_paths_that_are_gone(place: Callable[[], Path], name: str) -> None:
    here = place()
    plan = draft(environment=venv(str(here / name)))
    done = launch(write_script(plan, here), "--run", "true", cwd=here)
    sentence = f"kernelkit: the environment `{here}/{name}/bin/python` is gone"
    assert done.returncode == 66
    assert done.stderr.startswith(os.fsencode(sentence))
    nothing_ran(here)


# Prints every word it is given, the connection file first.
COUNT = msgspec.structs.replace(
    draft(), command=("/usr/bin/printf", "%s\\0", "{connection_file}", "it's $HOME")
)
OTHERS = TEXT.filter(lambda word: word != "-f" and not word.startswith(("-f=", "--f=")))
FORMS: dict[str, Callable[[str], list[str]]] = {
    "-f X": lambda path: ["-f", path],
    "-f=X": lambda path: [f"-f={path}"],
    "--f=X": lambda path: [f"--f={path}"],
}


@pytest.mark.parametrize("form", FORMS)
@FEW
@given(FILE_NAMES, st.lists(OTHERS, max_size=3), st.lists(OTHERS, max_size=3))
def test_the_connection_file_in_any_form_and_position(
    place: Callable[[], Path], form: str, name: str, before: list[str], after: list[str]
) -> None:
    if before[:1] == ["--run"]:
        before = []
    here = place()
    file = here / name
    file.write_text("{}")
    script = write_script(COUNT, work_directory(here))
    words = [*before, *FORMS[form](str(file)), *after]
    done = launch(script, *words, cwd=work_directory(here))
    assert (done.returncode, done.stderr) == (0, b"")
    expected = [str(file), "it's $HOME", *before, *after]
    assert done.stdout == b"".join(os.fsencode(word) + b"\0" for word in expected)
    nothing_ran(work_directory(here))


@FEW
@given(st.lists(OTHERS | st.just("-f"), max_size=5))
def test_words_of_a_command(place: Callable[[], Path], words: list[str]) -> None:
    here = place()
    script = write_script(COUNT, here)
    done = launch(script, "--run", "/usr/bin/printf", "%s\\0", "", *words, cwd=here)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"".join(os.fsencode(word) + b"\0" for word in ["", *words])
    nothing_ran(here)


@FEW
@given(st.lists(TEXT.filter(bool), min_size=1, max_size=6), st.lists(TEXT, max_size=2))
def test_names_of_modules(place: Callable[[], Path], names: list[str], use: list[str]) -> None:
    here = place()
    init = here / "init 'file'"
    init.write_text("module() { printf '%s\\0' \"$@\" >words; }\n")
    plan = draft(modules=modules(*names, init=(str(init),), use=tuple(use)))
    done = launch(write_script(plan, here), "--run", "true", cwd=here)
    assert done.returncode == 65
    said = os.fsdecode(done.stderr)
    assert said.startswith(f"kernelkit: the module `{names[0]}` did not load on ")
    given_words = (here / "words").read_bytes()
    assert given_words == b"".join(os.fsencode(word) + b"\0" for word in ["load", *names])
    nothing_ran(here)


@FEW
@given(st.dictionaries(NAMES, TEXT, max_size=6))
def test_what_the_user_exported_passes_unchanged(
    place: Callable[[], Path], values: dict[str, str]
) -> None:
    here = place()
    script = write_script(draft(), here)
    done = launch(script, "--run", "/usr/bin/env", "-0", env=values, cwd=here)
    found = environment_of(done.stdout)
    assert {name: found.get(name) for name in values} == values
    nothing_ran(here)
