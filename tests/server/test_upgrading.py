"""A stale kernel through the server: what would differ, the upgrade, and one step back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from rest import Rest, make
from shelf import put_foreign


class Tool:
    """A kernel of a recipe's file, which can be another tomorrow."""

    def __init__(self, rest: Rest, venv: Path, directory: Path, name: str) -> None:
        self.rest, self.name = rest, name
        self.file = directory / f"{name}.toml"
        self._head = f'name = "{name}"\ndisplay_name = "Tool"\n[venv]\npath = "{venv}"\n'
        self.write("first")
        options = {"as_name": name, "no_test": True}
        task = rest.finish(rest.do("POST", "kernels", self._body(options)))
        assert task["state"] == "done", task

    def _body(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"source": str(self.file), "options": options}

    def write(self, spot: str) -> None:
        self.file.write_text(f'{self._head}[env]\nSPOT = "{spot}"\n')

    @property
    def path(self) -> str:
        return f"kernels/{self.name}"

    def ask(self) -> dict[str, Any]:
        found: dict[str, Any] = self.rest.ask(self.path)
        return found

    def do(self, what: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        return self.rest.do("POST", f"{self.path}/{what}", body or {})

    def upgrade(self, **body: Any) -> dict[str, Any]:
        task = self.rest.finish(self.do("upgrade", body))
        assert task["state"] == "done", task
        return task


@pytest.fixture
def tool(rest: Rest, venv: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Tool:
    name = request.node.name.removeprefix("test_").replace("_", "-")[:40].strip("-")
    return Tool(rest, venv, tmp_path, name)


def test_stale_then_upgraded_then_rolled_back(tool: Tool) -> None:
    assert tool.ask()["former"] is None
    tool.write("newer")
    before = tool.ask()
    assert before["state"] == "stale" and str(tool.file) in before["reasons"][0]

    found = tool.rest.ask(f"{tool.path}/diff")
    assert "+export SPOT=newer" in found["files"]["launch.sh"]["diff"]
    assert "-export SPOT=first" in found["files"]["launch.sh"]["diff"]
    assert (found["edited"], found["problems"], found["sbatch"]) == ([], [], None)
    assert found["fingerprint"] == before["fingerprint"]
    assert tool.ask() == before

    task = tool.upgrade(fingerprint=found["fingerprint"])
    assert (task["kind"], task["title"]) == ("upgrade", "Upgrading Tool")
    steps = {step["name"]: step for step in task["steps"]}
    assert "interrupt a cell" in steps["test"]["detail"]
    after = tool.ask()
    assert after["state"] == "ready"
    assert after["former"] == {"name": tool.name, "modified": before["modified"]}
    assert after["recipe"]["env"] == {"SPOT": "newer"}

    status, answer = tool.do("rollback")
    assert (status, answer["redo"]) == (200, tool.name)
    assert (answer["kernel"]["name"], answer["kernel"]["state"]) == (tool.name, "stale")
    assert tool.ask()["recipe"]["env"] == {"SPOT": "first"}
    assert tool.do("rollback")[0] == 200
    assert tool.ask()["state"] == "ready"


def test_nothing_to_undo(tool: Tool) -> None:
    for path in (tool.path, "kernels/never-there"):
        status, answer = tool.rest.do("POST", f"{path}/rollback", {})
        assert (status, answer["error"]["code"]) == (404, "not_found")
        assert "no earlier version" in answer["error"]["message"] and answer["error"]["hint"]
    status, answer = tool.rest.do("POST", "kernels/two%20words/rollback", {})
    assert (status, answer["error"]["code"]) == (400, "invalid_name")


def test_an_upgrade_is_of_what_was_shown(tool: Tool) -> None:
    status, answer = tool.do("upgrade")
    assert (status, answer["error"]["code"]) == (400, "usage")
    assert "up to date" in answer["error"]["message"]
    seen = tool.rest.ask(f"{tool.path}/diff")["fingerprint"]
    tool.write("newer")
    tool.upgrade(no_test=True)
    tool.write("newest")
    status, answer = tool.do("upgrade", {"fingerprint": seen})
    assert (status, answer["error"]["code"]) == (409, "changed")
    assert tool.rest.do("POST", "kernels/never-there/upgrade", {})[0] == 404
    assert tool.rest.do("GET", "kernels/never-there/diff")[0] == 404


def test_what_was_edited_by_hand_goes_by_force_only(tool: Tool) -> None:
    launch = tool.rest.data / "kernels" / tool.name / "launch.sh"
    launch.write_text(launch.read_text() + "# by hand\n")
    found = tool.rest.ask(f"{tool.path}/diff")
    assert found["edited"] == ["`launch.sh` was edited by hand"]
    assert "-# by hand" in found["files"]["launch.sh"]["diff"]
    status, answer = tool.do("upgrade", {"fingerprint": found["fingerprint"]})
    assert (status, answer["error"]["code"]) == (403, "not_permitted")
    tool.upgrade(fingerprint=found["fingerprint"], force=True, no_test=True)
    assert tool.ask()["state"] == "ready"
    assert tool.do("rollback")[0] == 200
    assert "# by hand" in launch.read_text()


def test_a_failed_upgrade_changes_nothing(tool: Tool, venv: Path) -> None:
    tool.write("newer")
    before = tool.ask()
    (venv / "bin/python").unlink()
    status, answer = tool.rest.do("GET", f"{tool.path}/diff")
    assert (status, answer["error"]["step"]) == (422, "environment")
    task = tool.rest.finish(tool.do("upgrade"))
    assert (task["state"], task["error"]["step"]) == ("failed", "environment")
    after = tool.ask()
    assert (after["files"], after["former"]) == (before["files"], None)


def test_a_recipe_that_is_broken_now_is_told(tool: Tool) -> None:
    tool.file.write_text("name = 7\n")
    for verb, what in (("GET", "diff"), ("POST", "upgrade")):
        status, answer = tool.rest.do(verb, f"{tool.path}/{what}", {} if verb == "POST" else None)
        assert (status, answer["error"]["code"]) == (422, "recipe")


def test_a_former_name_comes_back(tool: Tool, venv: Path) -> None:
    assert tool.do("rename", {"name": "better-name"})[0] == 200
    renamed = tool.rest.ask("kernels/better-name")
    assert renamed["former"]["name"] == tool.name
    make(tool.rest, venv, tool.name)
    # Somebody has that name: the server offers nothing that it would refuse.
    assert tool.rest.ask("kernels/better-name")["former"] is None
    status, answer = tool.rest.do("POST", "kernels/better-name/rollback", {})
    assert (status, answer["error"]["code"]) == (409, "exists")
    assert tool.rest.do("DELETE", tool.path)[0] == 204
    status, answer = tool.rest.do("POST", "kernels/better-name/rollback", {})
    assert (status, answer["kernel"]["name"]) == (200, tool.name)
    assert tool.rest.do("GET", "kernels/better-name")[0] == 404


def test_a_removed_kernel_comes_back(tool: Tool) -> None:
    assert tool.rest.do("DELETE", tool.path)[0] == 204
    status, answer = tool.do("rollback")
    assert (status, answer["redo"]) == (200, "")
    assert tool.ask()["state"] == "ready"
    assert tool.do("rollback")[0] == 404


def test_what_others_made_is_left_alone(rest: Rest) -> None:
    put_foreign(rest.data, "of-others")
    for verb, what in (("GET", "diff"), ("POST", "upgrade")):
        body = {} if verb == "POST" else None
        status, answer = rest.do(verb, f"kernels/of-others/{what}", body)
        assert (status, answer["error"]["code"]) == (403, "unmanaged")
    assert rest.do("POST", "kernels/of-others/rollback", {})[0] == 404


@pytest.mark.skipif(os.geteuid() == 0, reason="file modes mean nothing to root")
def test_what_may_not_be_written_is_refused_at_once(tool: Tool) -> None:
    tool.write("newer")
    tool.upgrade(no_test=True)
    tool.write("newest")
    shelf = tool.rest.data / "kernels"
    shelf.chmod(0o555)
    try:
        assert tool.ask()["former"] is None
        for what in ("upgrade", "rollback"):
            status, answer = tool.do(what)
            assert (status, answer["error"]["code"]) == (403, "not_permitted"), answer
    finally:
        shelf.chmod(0o755)
    assert tool.ask()["former"] is not None
