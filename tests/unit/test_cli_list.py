"""`kernelkit list`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command_line import kernelkit, on_terminal
from shelf import mark, put, put_foreign


@pytest.fixture
def root(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The user's data directory; a few kernels in each state."""
    root, shared = Path(os.environ["JUPYTER_DATA_DIR"]), tmp_path / "shared"
    monkeypatch.setenv("JUPYTER_PATH", str(shared))
    image, modulefile = tmp_path / "image.sif", tmp_path / "gcc.lua"
    image.write_text("")
    modulefile.write_text("")
    put(root, "good", display_name="Good", identity="pytorch/2.7.1")
    put(root, "old", display_name="Old", marks=[mark(modulefile, "module", "gcc/12")])
    put(root, "lost", display_name="Lost", marks=[mark(image, "image")])
    put(root, "twice", display_name="Mine")
    put_foreign(shared, "twice")
    put_foreign(root, "foreign", {"argv": ["/bin/sh"], "display_name": "\x1b[31m<b>\u202eevil\n"})
    image.unlink()
    modulefile.write_text("changed")
    return root


STATES = {
    "good": "ready",
    "old": "stale",
    "lost": "broken",
    "foreign": "unmanaged",
}


def test_every_state_with_its_reason_on_one_line(root: Path) -> None:
    done = kernelkit("list")
    assert (done.code, done.err) == (0, "")
    lines = {tuple(line.split()[:2]): line for line in done.out.splitlines()}
    for pair in STATES.items():
        assert pair in lines
    assert ("twice", "unmanaged") in lines
    assert ("twice", "shadowed") in lines
    assert "module `gcc/12`" in lines["old", "stale"]
    assert "does not exist" in lines["lost", "broken"]
    assert f"{root}/kernels/good" in lines["good", "ready"]
    assert "comes first" in lines["twice", "shadowed"]


def test_text_of_others_is_shown_as_text(root: Path) -> None:
    done = kernelkit("list", "foreign")
    assert all(line.isprintable() for line in done.out.splitlines())
    assert "[31m<b>evil" in done.out


def test_json_has_all_of_it(root: Path) -> None:
    kernels = kernelkit("list", "--json").json["kernels"]
    found = {(k["name"], k["state"]): k for k in kernels}
    assert found["good", "ready"] == {
        "name": "good",
        "state": "ready",
        "reasons": [],
        "display_name": "Good",
        "language": "python",
        "identity": "pytorch/2.7.1",
        "managed": True,
        "directory": f"{root}/kernels/good",
    }
    # What others wrote is cleaned for whoever shows it.
    assert found["foreign", "unmanaged"]["display_name"] == "[31m<b>evil"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("good",), ["good"]),
        (("pytorch/*",), ["good"]),
        (("--state", "broken", "--state", "stale"), ["lost", "old"]),
        (("l*", "--state", "broken"), ["lost"]),
        (("nothing*",), []),
    ],
)
def test_selecting(root: Path, arguments: tuple[str, ...], names: list[str]) -> None:
    assert [k["name"] for k in kernelkit("list", "--json", *arguments).json["kernels"]] == names


def test_nothing_to_list(root: Path) -> None:
    done = kernelkit("list", "nothing*")
    assert (done.code, done.out) == (0, "")
    assert "No kernels found" in done.err


def test_on_a_narrow_terminal_nothing_is_lost(root: Path) -> None:
    code, seen = on_terminal("list", columns=60, NO_COLOR="1")
    assert code == 0
    flat = " ".join(seen.split())
    assert "lost: image" in flat
    for name, state in STATES.items():
        assert f"{name} {state}" in flat
    assert str(root) not in flat
    _, seen = on_terminal("list", "--long", "good", columns=300, NO_COLOR="1")
    assert f"{root}/kernels/good" in seen
