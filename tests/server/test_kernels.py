"""Kernels through the server: made, previewed, told, edited, cloned, renamed, tested, removed."""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from rest import TOKEN, Rest, make, recipe
from shelf import put_foreign
from waiting import wait_until


def test_an_install_is_told_step_by_step_and_tested(rest: Rest, venv: Path) -> None:
    status, answer = rest.do("POST", "kernels", {"recipe": recipe(venv, "stepwise")})
    assert status == 202 and answer["task"]["kind"] == "install"
    task = rest.finish((status, answer))
    assert task["state"] == "done", task
    steps = {step["name"]: step for step in task["steps"]}
    assert {"environment", "python", "test", "install"} <= set(steps)
    assert all(step["state"] == "done" for step in steps.values())
    assert "interrupt a cell" in steps["test"]["detail"]
    assert task["result"]["name"] == "stepwise"
    found = {kernel["name"]: kernel for kernel in rest.ask("kernels")["kernels"]}
    assert found["stepwise"]["state"] == "ready" and found["stepwise"]["managed"]
    # What Jupyter starts is what is listed.
    status, specs = rest.call("GET", "/api/kernelspecs")
    assert specs["kernelspecs"]["stepwise"]["spec"]["display_name"] == "Test stepwise"


def test_a_source_is_installed_as_the_command_line_does(rest: Rest, venv: Path) -> None:
    body = {"source": str(venv), "options": {"as_name": "by-path", "display_name": "By path"}}
    task = rest.finish(rest.do("POST", "kernels", body))
    assert task["state"] == "done", task
    found = rest.ask("kernels/by-path")
    assert found["display_name"] == "By path"
    assert found["recipe"]["venv"]["path"] == str(venv)


def test_a_failed_install_leaves_nothing_and_says_where_it_failed(
    rest: Rest, tmp_path: Path
) -> None:
    broken = recipe(tmp_path / "absent", "never-made")
    task = rest.finish(rest.do("POST", "kernels", {"recipe": broken}))
    assert task["state"] == "failed"
    assert task["error"]["step"] == "environment"
    assert str(tmp_path / "absent") in task["error"]["message"]
    assert task["steps"][-1] == {**task["steps"][-1], "name": "environment", "state": "failed"}
    assert rest.do("GET", "kernels/never-made")[0] == 404
    assert not list((rest.data / "kernelkit/staging").glob("never-made*"))


def test_a_taken_name_is_refused_at_once(rest: Rest, venv: Path) -> None:
    make(rest, venv, "taken")
    body = {"recipe": recipe(venv, "taken"), "options": {"no_test": True}}
    status, answer = rest.do("POST", "kernels", body)
    assert (status, answer["error"]["code"]) == (409, "exists")
    task = rest.finish(rest.do("POST", "kernels", {**body, "replace": True}))
    assert task["state"] == "done", task


def test_a_preview_writes_nothing_and_tells_what_would_differ(rest: Rest, venv: Path) -> None:
    body: dict[str, Any] = {"recipe": recipe(venv, "previewed")}
    status, found = rest.do("POST", "preview", body)
    assert status == 200 and not found["problems"], found
    assert json.loads(found["files"]["kernel.json"]["text"])["display_name"] == "Test previewed"
    assert found["files"]["launch.sh"]["diff"] == ""
    assert found["sbatch"] is None
    assert not (rest.data / "kernels/previewed").exists()
    make(rest, venv, "previewed")
    body["kernel"] = "previewed"
    assert rest.do("POST", "preview", body)[1]["files"]["launch.sh"]["diff"] == ""
    body["recipe"]["env"] = {"OMP_NUM_THREADS": "7"}
    diff = rest.do("POST", "preview", body)[1]["files"]["launch.sh"]["diff"]
    assert "+export OMP_NUM_THREADS=7" in diff and "\n-export" not in diff


def test_a_preview_of_a_job_has_its_command(rest: Rest, venv: Path) -> None:
    resources = {"partition": "gpu", "time": "1:00:00", "extra": ["--comment=two words"]}
    body = {
        "recipe": recipe(venv, "in-a-job", resources=resources),
        "options": {"on_slurm": True, "keep": True},
    }
    found = rest.do("POST", "preview", body)[1]
    text = found["sbatch"]["text"]
    assert text.startswith("sbatch ") and "--partition=gpu" in text
    assert "'--comment=two words'" in text
    stanza = json.loads(found["files"]["kernel.json"]["text"])["metadata"]["kernel_provisioner"]
    assert stanza["config"]["keep"] is True


def test_a_kernel_that_nothing_encrypts_is_refused_or_warned_of(tmp_path: Path) -> None:
    plain = {
        "name": "speaks",
        "language": "sh",
        "kernel": {"command": ["/bin/sh", "{connection_file}"]},
    }
    body = {"recipe": plain, "options": {"on_slurm": True, "no_test": True}}
    for allowed in (False, True):
        settings = {"node_python": "", "allow_plain": allowed}
        rest = Rest(tmp_path / str(allowed), settings=settings)
        try:
            problems = rest.do("POST", "preview", body)[1]["problems"]
            task = rest.finish(rest.do("POST", "kernels", body))
        finally:
            rest.stop()
        said = task["result"]["notices"] if allowed else [task["error"]["message"]]
        assert [problem["message"] for problem in problems] == said
        assert [problem["severity"] for problem in problems] == ["warning" if allowed else "error"]
        assert ("unencrypted" in said[0], "Nothing can encrypt" in said[0]) == (
            allowed,
            not allowed,
        )
        assert task["state"] == ("done" if allowed else "failed")


def test_a_request_that_is_new_to_a_kernel_is_a_difference(rest: Rest, venv: Path) -> None:
    make(rest, venv, "to-a-job")
    body = {
        "kernel": "to-a-job",
        "recipe": recipe(venv, "to-a-job", resources={"partition": "gpu"}),
        "options": {"on_slurm": True, "no_test": True},
    }
    shown = rest.do("POST", "preview", body)[1]["sbatch"]
    asked = shown["text"]
    assert asked.startswith("sbatch --partition=gpu ")
    assert f"+{asked}" in shown["diff"].splitlines()
    body["fingerprint"] = rest.ask("kernels/to-a-job")["fingerprint"]
    del body["kernel"]
    task = rest.finish(rest.do("PUT", "kernels/to-a-job", body))
    assert task["state"] == "done", task
    del body["fingerprint"]
    body["kernel"] = "to-a-job"
    assert rest.do("POST", "preview", body)[1]["sbatch"]["diff"] == ""
    body["recipe"] = recipe(venv, "to-a-job", resources={"partition": "cpu"})
    diff = rest.do("POST", "preview", body)[1]["sbatch"]["diff"].splitlines()
    assert f"-{asked}" in diff and f"+{asked.replace('gpu', 'cpu')}" in diff


def test_what_is_wrong_with_a_form_is_told_by_key(rest: Rest, venv: Path) -> None:
    wrong = recipe(venv, "two words", env={"1X": ""}, modules={"load": ["a b"]})
    status, found = rest.do("POST", "validate", {"recipe": wrong})
    assert status == 200
    paths = {tuple(problem["path"]) for problem in found["problems"]}
    assert paths == {("name",), ("modules", "load"), ("env", "1X")}
    assert all("the form" not in problem["message"] for problem in found["problems"])
    assert rest.do("POST", "preview", {"recipe": wrong})[1]["problems"][0]["path"] == ["name"]
    right = rest.do("POST", "validate", {"recipe": recipe(venv, "right")})[1]
    assert right["problems"] == []


def test_a_registry_image_is_not_pulled_for_a_preview(rest: Rest) -> None:
    image = {"image": "docker://example.invalid/nothing:1"}
    found = rest.do("POST", "preview", {"recipe": {"name": "pulled", "container": image}})[1]
    assert found["files"] == {}
    [problem] = found["problems"]
    assert problem["severity"] == "warning" and problem["path"] == ["container", "image"]


def test_an_edit_is_made_whole_and_only_on_what_was_seen(rest: Rest, venv: Path) -> None:
    before = make(rest, venv, "edited")
    assert before["recipe"]["venv"]["path"] == str(venv)
    body = {
        "recipe": {**before["recipe"], "display_name": "Edited", "env": {"SEEN": "1"}},
        "options": {**before["options"], "no_test": True},
        "fingerprint": before["fingerprint"],
    }
    task = rest.finish(rest.do("PUT", "kernels/edited", body))
    assert task["state"] == "done" and task["kind"] == "edit", task
    after = rest.ask("kernels/edited")
    assert after["display_name"] == "Edited" and after["recipe"]["env"] == {"SEEN": "1"}
    status, answer = rest.do("PUT", "kernels/edited", body)
    assert (status, answer["error"]["code"]) == (409, "changed")
    body["fingerprint"] = after["fingerprint"]
    body["options"]["as_name"] = "another"
    assert rest.do("PUT", "kernels/edited", body)[0] == 400


def test_clone_rename_export(rest: Rest, venv: Path) -> None:
    make(rest, venv, "first")
    status, clone = rest.do("POST", "kernels/first/clone", {"name": "second"})
    assert status == 201 and clone["name"] == "second"
    assert clone["display_name"] != rest.ask("kernels/first")["display_name"]
    assert rest.do("POST", "kernels/first/clone", {"name": "second"})[0] == 409
    assert rest.do("POST", "kernels/first/clone", {"name": "no good"})[0] == 400
    status, renamed = rest.do(
        "POST", "kernels/second/rename", {"name": "third", "display_name": "Third"}
    )
    assert status == 200 and (renamed["name"], renamed["display_name"]) == ("third", "Third")
    assert rest.do("GET", "kernels/second")[0] == 404
    exported = rest.ask("kernels/third/export")
    assert exported["filename"].endswith(".toml") and str(venv) in exported["text"]


def test_packages_are_told_and_changed(rest: Rest, venv: Path, tmp_path: Path) -> None:
    make(rest, venv, "packed")
    assert rest.ask("kernels/packed/packages") == {"dir": "", "distributions": [], "problems": []}
    for wrong in (
        {},
        {"install": ["a"], "rollback": True},
        {"install": ["--index-url=x"]},
        {"install": ["git+https://example.invalid/a"]},
    ):
        assert rest.do("POST", "kernels/packed/packages", wrong)[0] == 400
    task = rest.finish(rest.do("POST", "kernels/packed/packages", {"install": ["msgspec"]}))
    assert (task["state"], task["kind"]) == ("done", "packages"), task
    assert task["result"]["notices"] == ["The kernel has it already."]
    task = rest.finish(rest.do("POST", "kernels/packed/packages", {"rollback": True}))
    assert task["state"] == "failed" and task["error"]["code"] == "not_found"


def test_a_hand_made_kernel_is_adopted(rest: Rest, venv: Path) -> None:
    argv = [str(venv / "bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "By hand", "language": "python"}
    put_foreign(rest.data, "handmade", spec)
    task = rest.finish(rest.do("POST", "kernels/handmade/adopt", {}))
    assert task["state"] == "done" and task["kind"] == "adopt", task
    found = rest.ask("kernels/handmade")
    assert found["managed"] and found["display_name"] == "By hand"
    assert rest.do("POST", "kernels/handmade/adopt", {})[0] == 400


def test_a_hand_made_kernel_is_adopted_under_another_name(rest: Rest, venv: Path) -> None:
    argv = [str(venv / "bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "By hand", "language": "python"}
    directory = put_foreign(rest.data, "left-alone", spec)
    before = (directory / "kernel.json").read_bytes()
    make(rest, venv, "in-the-way")
    status, refused = rest.do("POST", "kernels/left-alone/adopt", {"name": "in-the-way"})
    assert (status, refused["error"]["code"]) == (409, "exists")
    status, refused = rest.do("POST", "kernels/left-alone/adopt", {"name": "two words"})
    assert (status, refused["error"]["code"]) == (400, "invalid_name")
    body = {"name": "adopted-anew", "display_name": "Adopted anew"}
    task = rest.finish(rest.do("POST", "kernels/left-alone/adopt", body))
    assert task["state"] == "done" and task["result"]["name"] == "adopted-anew", task
    found = rest.ask("kernels/adopted-anew")
    assert found["managed"] and found["display_name"] == "Adopted anew"
    assert not rest.ask("kernels/left-alone")["managed"]
    assert (directory / "kernel.json").read_bytes() == before


def test_a_kernel_is_tested_as_it_is(rest: Rest, venv: Path) -> None:
    make(rest, venv, "tried")
    task = rest.finish(rest.do("POST", "kernels/tried/test", {}))
    assert task["state"] == "done" and task["kind"] == "test", task
    status, answer = rest.do("POST", "kernels/tried/test", {"on_slurm": True})
    assert (status, answer["error"]["code"]) == (400, "usage")
    # The interpreter goes away: the task says why, in words.
    (venv / "bin/python").unlink()
    task = rest.finish(rest.do("POST", "kernels/tried/test"))
    assert task["state"] == "failed" and task["error"]["code"] == "kernel_failed"


def test_only_what_kernelkit_made_is_removed(rest: Rest, venv: Path) -> None:
    make(rest, venv, "gone-soon")
    assert rest.do("DELETE", "kernels/gone-soon")[0] == 204
    assert rest.do("DELETE", "kernels/gone-soon")[0] == 404
    put_foreign(rest.data, "foreign")
    status, answer = rest.do("DELETE", "kernels/foreign")
    assert (status, answer["error"]["code"]) == (403, "unmanaged")
    for verb, path, body in (
        ("PUT", "kernels/foreign", {"recipe": recipe(venv, "foreign")}),
        ("POST", "kernels/foreign/clone", {"name": "mine"}),
        ("GET", "kernels/foreign/export", None),
    ):
        assert rest.do(verb, path, body)[0] == 403
    launch = rest.data / "kernels" / make(rest, venv, "by-hand")["name"] / "launch.sh"
    launch.write_text(launch.read_text() + "# by hand\n")
    assert rest.do("DELETE", "kernels/by-hand")[0] == 403
    assert rest.do("DELETE", "kernels/by-hand?force=1")[0] == 204


def test_a_cancelled_task_leaves_nothing(rest: Rest, venv: Path) -> None:
    # The trial waits for a kernel that never answers.
    (venv / "bin/python").unlink()
    (venv / "bin/python").write_text("#!/bin/bash\nsleep 600\n")
    (venv / "bin/python").chmod(0o755)
    status, answer = rest.do("POST", "kernels", {"recipe": recipe(venv, "endless")})
    assert status == 202
    assert rest.do("DELETE", f"tasks/{answer['task']['id']}")[0] == 204
    task = rest.finish((status, answer), timeout=60)
    assert task["state"] == "cancelled" and task["error"]["code"] == "cancelled"
    assert rest.do("GET", "kernels/endless")[0] == 404
    assert rest.do("DELETE", f"tasks/{task['id']}")[0] == 204


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("\u202egpj.exe", "gpj.exe"),
        ("a\x1b[31mb\r\nc\u2066", "a[31mb c"),
        ("long " * 2000, "long " * 23 + "long…"),
        ("\u200b\x00", ""),
    ],
    ids=["html", "bidi", "control", "10kB", "nothing"],
)
def test_hostile_texts_are_only_text_stripped_and_capped(
    rest: Rest, hostile: str, shown: str
) -> None:
    spec = {
        "argv": ["/bin/sh", "{connection_file}"], "display_name": hostile, "language": hostile,
    }  # fmt: skip
    name = f"hostile-{abs(hash(hostile))}"
    put_foreign(rest.data, name, spec)
    (found,) = (kernel for kernel in rest.ask("kernels")["kernels"] if kernel["name"] == name)
    detail = rest.ask(f"kernels/{name}")
    for each in (found, detail):
        assert (each["display_name"], each["language"]) == (shown, shown)
    task = rest.do("POST", f"kernels/{name}/test", {})[1]["task"]
    assert task["title"] == f"Testing {shown or name}"
    assert rest.do("DELETE", f"tasks/{task['id']}")[0] == 204


def test_a_listing_survives_what_stands_in_a_kernels_directory(rest: Rest) -> None:
    for number, spec in enumerate(
        (
            "not json",
            "[]",
            {"argv": 1, "metadata": {"kernelkit": {"format": 1, "layers": 3, "resources": []}}},
            {"argv": ["x"], "metadata": {"kernel_provisioner": {"provisioner_name": []}}},
            {"argv": ["x"], "display_name": {"a": "\udc80"}, "metadata": []},
        )
    ):
        put_foreign(rest.data, f"odd-{number}", spec)
    found = {kernel["name"]: kernel for kernel in rest.ask("kernels")["kernels"]}
    assert {f"odd-{number}" for number in range(5)} <= set(found)
    for number in range(5):
        assert rest.do("GET", f"kernels/odd-{number}")[0] == 200


def test_a_kernel_is_launched_beside_its_notebook(rest: Rest, venv: Path) -> None:
    make(rest, venv, "launched")
    (rest.home / "work").mkdir()
    asked = {"path": "work/a.ipynb"}
    status, started = rest.do("POST", "kernels/launched/launch", asked)
    assert status == 201 and started["kernel_name"] == "launched", started
    kernel = f"/api/kernels/{started['kernel_id']}"
    assert rest.call("GET", kernel)[1]["name"] == "launched"
    [process] = [p for p in Path("/proc").glob("[0-9]*") if started["kernel_id"] in command(p)]
    assert (process / "cwd").readlink() == rest.home / "work"
    assert rest.call("DELETE", kernel)[0] == 204
    asked["resources"] = {"time": "5"}
    status, answer = rest.do("POST", "kernels/launched/launch", asked)
    assert (status, answer["error"]["code"]) == (400, "usage")
    assert rest.do("POST", "kernels/nowhere/launch", {})[0] == 404


def command(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""


def test_a_preview_that_nobody_waits_for_ends_and_holds_up_nobody(
    rest: Rest, venv: Path, tmp_path: Path
) -> None:
    python = venv / "bin/python"
    python.unlink()
    python.write_text(f"#!/bin/bash\nexec sleep 600.{os.getpid()}\n")
    python.chmod(0o755)
    body = json.dumps({"recipe": recipe(venv, "endless")}).encode()
    headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
    connection = HTTPConnection(rest.url.removeprefix("http://"))
    connection.request("POST", "/kernelkit/preview", body, headers)

    def sleeping() -> bool:
        return any(f"600.{os.getpid()}" in command(p) for p in Path("/proc").glob("[0-9]*"))

    wait_until(sleeping)
    for path in ("kernels", "status", "tasks", "catalog?q=python"):
        rest.ask(path)
    assert sleeping()
    connection.close()
    wait_until(lambda: not sleeping())


@pytest.mark.parametrize("how", ["session", "launch"])
def test_a_kernel_that_did_not_start_keeps_no_server_from_stopping(
    tmp_path: Path, how: str
) -> None:
    running = Rest(tmp_path)
    try:
        broken = running.data / "kernels/broken/kernel.json"
        broken.parent.mkdir(parents=True)
        stanza = {"provisioner_name": "kernelkit-slurm", "config": {"partitoin": "gpu"}}
        spec = {
            "argv": ["true"], "display_name": "B", "language": "python",
            "metadata": {"kernel_provisioner": stanza},
        }  # fmt: skip
        broken.write_text(json.dumps(spec))
        assert running.call("POST", "/api/kernels", {"name": "python3"})[0] == 201
        session = {"path": "a.ipynb", "type": "notebook", "name": "", "kernel": {"name": "broken"}}
        if how == "session":
            status, said = running.call("POST", "/api/sessions", session)
        else:
            status, said = running.do("POST", "kernels/broken/launch", {})
        assert status >= 400 and "partitoin" in json.dumps(said), said
    finally:
        # jupyter_client keeps it among those that start, and jupyter_server then ends none.
        running.stop()
