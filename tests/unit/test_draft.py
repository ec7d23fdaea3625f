"""A draft: commands through the layers of a plan, and what its script says in errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from canned import draft as plan_of
from canned import image, modules, venv

from kernelkit.errors import ContainerError, EnvironmentBroken, KernelkitError, ModuleError
from kernelkit.model import Change, Plan
from kernelkit.proc import Completed
from kernelkit.specs.draft import Draft, parse_trace, raise_for_layers


def done(returncode: int, stderr: str) -> Completed:
    return Completed(("x",), returncode, "", stderr)


@pytest.mark.parametrize(
    ("returncode", "stderr"),
    [
        (0, "kernelkit: the module `a` did not load on n; its own text is above."),
        (1, "kernelkit: the module `a` did not load on n; its own text is above."),
        (65, ""),
        (65, "bash: line 1: no such thing\n"),
        (66, "open failed\n"),
        (64, "kernelkit: give `-f CONNECTION_FILE` or `--run COMMAND`."),
        (67, "kernelkit: this Python is another than at install"),
    ],
)
def test_a_command_may_end_as_it_likes(returncode: int, stderr: str) -> None:
    raise_for_layers(done(returncode, stderr))


@pytest.mark.parametrize(
    ("returncode", "sentence", "error"),
    [
        (65, "the module `a/1` did not load on n; its own text is above.", ModuleError),
        (66, "the image `/i.sif` is gone or cannot be read on n.", ContainerError),
        (66, "the image needs `apptainer`, which n does not have.", ContainerError),
        (66, "the environment `/image/v` is gone or cannot be used on n.", EnvironmentBroken),
    ],
)
def test_a_refusal_is_an_error_of_its_layer(
    returncode: int, sentence: str, error: type[KernelkitError]
) -> None:
    stderr = f"Lmod has detected an error\nwhile loading\nkernelkit: {sentence}\n"
    with pytest.raises(error) as caught:
        raise_for_layers(done(returncode, stderr))
    assert caught.value.message == sentence[0].upper() + sentence[1:]
    assert caught.value.detail == "Lmod has detected an error\nwhile loading"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (plan_of(environment=venv("/gone/image")), EnvironmentBroken),
        (plan_of(container=image("/gone/i.sif", runtime="/bin/true")), ContainerError),
        (plan_of(container=image("/", folder=True, runtime="no-such-runtime")), ContainerError),
        (plan_of(modules=modules("a/1", init=("/gone/init",))), ModuleError),
    ],
)
def test_the_real_script_is_understood(plan: Plan, error: type[KernelkitError]) -> None:
    with Draft(plan, timeout=30) as draft, pytest.raises(error):
        draft(["true"])


def test_a_command_runs_through_the_layers(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to("/bin/true")
    with Draft(plan_of(environment=venv(str(tmp_path))), timeout=30) as draft:
        found = draft(["sh", "-c", 'printf %s "$VIRTUAL_ENV"; cat; exit 65'], input=" in")
    assert (found.returncode, found.stdout) == (65, f"{tmp_path} in")


def test_its_script_is_gone_afterwards() -> None:
    with Draft(plan_of(), timeout=30) as draft:
        where = Path(draft(["pwd"]).stdout.strip())
        assert where.stat().st_mode & 0o077 == 0
    assert not where.exists()


def test_a_trace_tells_what_each_section_changed(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to("/bin/true")
    plan = plan_of(environment=venv(str(tmp_path)), packages_dir="/p")
    with Draft(plan, timeout=30) as draft:
        records = {record.layer: record for record in draft.trace()}
    found = records["Virtual environment"]
    assert found.source == str(tmp_path)
    assert Change(variable="PATH", kind="prepended", value=f"{tmp_path}/bin") in found.changes
    assert Change(variable="VIRTUAL_ENV", kind="set", value=str(tmp_path)) in found.changes
    assert records["Packages dir"].source == "/p"
    assert [c.variable for c in records["Packages dir"].changes] == ["PYTHONPATH"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"A\0X=1\0Y=\0\0B\0X=1=2\n3\0\0", [("A", {"X": "1", "Y": ""}), ("B", {"X": "1=2\n3"})]),
        (b"A\0X=\xff\0\0", [("A", {"X": "\udcff"})]),
        (b"A\0\0", [("A", {})]),
        (b"A\0X=1\0junk\0\0", [("A", {"X": "1"})]),
    ],
)
def test_parse_trace(data: bytes, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_trace(data) == expected
