"""The frame of the command line: verbs, help, errors, exit codes, terminals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from command_line import PROGRAM, kernelkit, kernelkit_process, on_terminal
from shelf import put, put_foreign

import kernelkit as package
from kernelkit import errors
from kernelkit.cli import main, output


@pytest.mark.parametrize("verb", list(main.VERBS))
def test_every_verb_explains_itself_and_takes_json(verb: str) -> None:
    done = kernelkit(verb, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: kernelkit {verb} ")
    assert "--json" in done.out or isinstance(
        main.cli.get_command(click.Context(main.cli), verb), click.Group
    )


def test_help_shows_every_verb_below_its_purpose() -> None:
    text = kernelkit("--help").out
    for section, verbs in main._SECTIONS.items():
        assert f"\n{section}:\n" in text
        for verb, summary in verbs.items():
            assert any(line.split()[:1] == [verb] for line in text.splitlines())
            assert summary in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80
    assert kernelkit("-h").out == text


def test_only_the_verb_that_is_used_is_imported() -> None:
    program = (
        "import sys; from kernelkit.cli.main import run; run(['completion', 'fish']);"
        "print(*(m for m in sys.modules if m.startswith('kernelkit.cli.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert set(done.stderr.split()) == {
        f"kernelkit.cli.{name}" for name in ("main", "output", "completion")
    }


def test_version() -> None:
    assert kernelkit("--version").out == f"kernelkit {package.__version__}\n"


def test_the_jupyter_script_is_the_same_program() -> None:
    from importlib.metadata import entry_points

    scripts = {
        point.name: point.value
        for point in entry_points(group="console_scripts")
        if point.name.endswith("kernelkit")
    }
    assert scripts == {
        "kernelkit": "kernelkit.cli:main",
        "jupyter-kernelkit": "kernelkit.cli:main",
    }


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("lst",), "There is no verb `lst`. Did you mean `list`?", ""),
        (("zzz",), "`kernelkit --help` lists the verbs", ""),
        (("list", "--nope"), "--nope", "See `kernelkit list --help`"),
        (("list", "--state", "fine"), "'fine'", "See `kernelkit list --help`"),
        (("info",), "Missing argument", "See `kernelkit info --help`"),
    ],
)
def test_a_request_that_is_not_understood(
    arguments: tuple[str, ...], message: str, hint: str
) -> None:
    done = kernelkit(*arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert hint in done.err
    with_json = kernelkit(*arguments, "--json")
    assert with_json.code == 2
    assert with_json.json["error"]["code"] == "usage"
    assert with_json.err == ""


def test_no_verb_shows_help_and_is_a_usage_error() -> None:
    done = kernelkit()
    assert done.code == 2
    assert "Find software:" in done.out + done.err


# --- errors ---------------------------------------------------------------------------------------


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make `kernelkit list` end with `error`."""

    @output.verb("list", show=lambda data: None)
    def command() -> None:
        raise error

    monkeypatch.setattr("kernelkit.cli.list.command", command)


def test_an_error_says_what_and_what_next(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, errors.ModuleError("`a/1` did not load.", hint="Ask.", detail="x\ny"))
    done = kernelkit("list")
    assert (done.code, done.out) == (1, "")
    assert done.err == "error: `a/1` did not load.\n  x\n  y\nhint: Ask.\n"
    with_json = kernelkit("list", "--json")
    assert (with_json.code, with_json.err) == (1, "")
    assert with_json.json == {
        "error": {
            "code": "module",
            "message": "`a/1` did not load.",
            "hint": "Ask.",
            "detail": "x\ny",
        }
    }


EXIT_CODES = [
    (errors.KernelkitError, 1),
    (errors.UsageError, 2),
    (errors.InvalidName, 2),
    (errors.Stale, 3),
    (errors.NotFound, 4),
    (errors.NotPermitted, 5),
    (errors.Unmanaged, 5),
    (errors.AlreadyExists, 1),
]


@pytest.mark.parametrize(("kind", "code"), EXIT_CODES)
def test_exit_codes(
    monkeypatch: pytest.MonkeyPatch, kind: type[errors.KernelkitError], code: int
) -> None:
    raising(monkeypatch, kind("It failed."))
    assert kernelkit("list").code == code


def test_what_fits_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, errors.Ambiguous("`a` fits 2.", matches=["a/1", "a/2"], hint="More."))
    done = kernelkit("list")
    assert done.code == 2
    assert done.err.splitlines()[1:] == ["  a/1", "  a/2", "hint: More."]
    assert kernelkit("list", "--json").json["error"]["matches"] == ["a/1", "a/2"]


def test_a_message_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(
        monkeypatch, errors.ModuleError("`\x1b[2J`", hint="\u202ehint", detail="\x1b]0;title\x07")
    )
    done = kernelkit("list")
    assert all(line.isprintable() for line in done.err.splitlines())


def test_a_bug_is_called_one_and_the_traceback_is_for_those_who_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raising(monkeypatch, ZeroDivisionError("oops"))
    monkeypatch.delenv(main.DEBUG_VARIABLE, raising=False)
    done = kernelkit("list")
    assert done.code == 1
    assert "This is a bug in kernelkit. ZeroDivisionError: oops" in done.err
    assert "Traceback" not in done.err
    assert kernelkit("list", "--json").json["error"]["code"] == "bug"
    monkeypatch.setenv(main.DEBUG_VARIABLE, "1")
    assert "Traceback" in kernelkit("list").err


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, KeyboardInterrupt())
    done = kernelkit("list")
    assert (done.code, done.err.strip()) == (130, "Interrupted.")


def test_a_reader_that_leaves_is_no_error(home: Path) -> None:
    root = Path(os.environ["JUPYTER_DATA_DIR"])
    for number in range(300):
        put_foreign(root, f"kernel-{number:080}")
    # More than the 64 kB that a pipe holds, and nobody reads more than a line.
    process = subprocess.Popen(
        [*PROGRAM, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith("NAME")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 128 + signal.SIGPIPE


def test_json_after_the_double_dash_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    done = kernelkit("lst", "--", "--json")
    assert done.out == ""
    assert done.code == 2


# --- terminals ------------------------------------------------------------------------------------


def test_colours_on_a_terminal_only(home: Path) -> None:
    put(Path(os.environ["JUPYTER_DATA_DIR"]), "tool")
    code, seen = on_terminal("list")
    assert code == 0
    assert "\x1b[32mready" in seen
    code, seen = on_terminal("list", NO_COLOR="1")
    assert "ready" in seen
    assert "\x1b[3" not in seen
    code, seen = on_terminal("list", TERM="dumb")
    assert "\x1b" not in seen
    assert "\x1b" not in kernelkit_process("list").out


def test_errors_on_a_terminal(home: Path) -> None:
    code, seen = on_terminal("remove", "nope")
    assert code == 4
    assert "\x1b[31merror:\x1b[0m There is no kernel named `nope`" in seen


# --- data -----------------------------------------------------------------------------------------


def test_json_of_everything_that_verbs_return(capsys: pytest.CaptureFixture[str]) -> None:
    from kernelkit.model import FileMark, Recipe
    from kernelkit.specs.locations import SCOPES

    output.print_json(
        {
            "path": Path("/a"),
            "struct": Recipe(name="a", version="1"),
            "nested": [FileMark(path="/b", size=1, mtime_ns=2)],
            "set": {"b", "a"},
            "tuple": SCOPES,
            "hostile": "\x1b\u202e\ud800",
        }
    )
    text = capsys.readouterr().out
    assert text.isascii()
    found = json.loads(text)
    assert found["path"] == "/a"
    assert found["struct"] == {"name": "a", "version": "1"}
    assert found["nested"] == [{"path": "/b", "size": 1, "mtime_ns": 2}]
    assert found["set"] == ["a", "b"]


def test_an_outcome_carries_an_exit_code() -> None:
    @output.verb("x", show=lambda data: output.print_text(data["a"]))
    def command() -> output.Outcome:
        return output.Outcome({"a": "shown"}, 3)

    assert command.main([], standalone_mode=False) == 3
