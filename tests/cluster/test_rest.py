"""What the sidebar asks of its server about kernels in jobs: launch, watch, more time, take over."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from command_line import kernelkit_process
from hearing import Event, Events, hearing
from job_kernels import Kernels
from serving import TOKEN, Server
from slurm import Cluster, wait_for
from supervised import make_queued_runs, write_kernel

from kernelkit.running.runs import Runs
from kernelkit.site import load_site


def listening(server: Server) -> AbstractContextManager[Events]:
    """Events from now on; nobody has asked for runs before."""
    return hearing(f"http://127.0.0.1:{server.port}", TOKEN)


def ask(server: Server, path: str) -> Any:
    status, found = server.call("GET", f"/kernelkit/{path}")
    assert status == 200, found
    return found


def act(server: Server, path: str, body: Any = None) -> Any:
    """A POST that must not be refused."""
    status, found = server.call("POST", f"/kernelkit/{path}", body or {})
    assert status < 300, found
    return found


def the_run(server: Server) -> dict[str, Any]:
    (run,) = ask(server, "jobs")["runs"]
    return dict(run)


def run_is(state: str) -> Callable[[Event], bool]:
    return lambda event: event["run"]["state"] == state


def test_a_kernel_is_launched_watched_given_more_time_and_cancelled(
    server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    name = kernels.put("own", "busy", time="5")
    with listening(server) as events:
        with cluster.filled():
            asked = {"resources": {"partition": "full", "time": "10"}}
            started = act(server, f"kernels/{name}/launch", {"path": "a.ipynb", **asked})
            events.until("run", lambda e: run_is("queued")(e) and e["run"]["job"])
            run = the_run(server)
            assert run["kernel_id"] == started["kernel_id"] and run["mine"]
            assert (run["partition"], run["resources"]["time"]) == ("full", "10")
            wait_for("a reason", lambda: "waiting" in the_run(server)["reason"])
            assert run["ends"] is None and run["state"] == "queued"
        told = events.until("run", run_is("running"))
        assert told["run"]["job_stays"] is the_run(server)["job_stays"] is False
        assert told["previous_state"] in ("queued", "starting") and told["run"]["node"]
        # The supervisor says that it runs before Slurm is asked again.
        wait_for("the time limit", lambda: the_run(server)["ends"])
        run = the_run(server)
        assert 0 < run["seconds_left"] <= 600 and run["ends"] > run["started"]
        page = server.page(started["kernel_id"])
        assert page.run("print(40 + 2)") == "42\n"
        # The same kernel with more time is in another job.
        again = act(server, f"jobs/{run['run']}/more-time", {"time": "20"})
        assert again["kernel_id"] == started["kernel_id"]
        longer = events.until(
            "run", lambda e: run_is("running")(e) and e["run"]["run"] != run["run"]
        )["run"]
        assert cluster.show(longer["job"])["TimeLimit"] == "00:20:00"
        assert longer["node"]
        # By the kernel's name it is that of its last run.
        log = ask(server, f"jobs/{name}/log")
        assert (log["run"], log["job"]) == (longer["run"], longer["job"])
        assert log["text"] == ask(server, f"jobs/{longer['run']}/log")["text"]
        act(server, f"jobs/{longer['run']}/cancel")
        ended = events.until(
            "run", lambda e: run_is("ended")(e) and e["run"]["run"] == longer["run"]
        )["run"]
        assert ended["end"]["words"] and not ended["mine"]
        assert ended["ends"] is ended["seconds_left"] is None
        page.close()
        serials = [event["serial"] for event in events.of("run")]
        assert serials == list(range(serials[0], serials[0] + len(serials)))
    server.delete(started["kernel_id"])


def test_two_hundred_jobs_are_one_question_to_slurm(
    server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    runs = Runs(load_site().run_dir)
    make_queued_runs(runs, write_kernel(kernels.home / "kernel"), cluster, 200)
    before = server.calls("squeue")
    found = ask(server, "jobs")
    assert server.calls("squeue") == before + 1
    by_age = sorted(runs.listing().runs, key=lambda run: run.created)
    assert [run["run"] for run in found["runs"]] == [run.id for run in by_age]
    assert {(run["state"], run["mine"]) for run in found["runs"]} == {("queued", False)}
    assert not found["jobs_without_run"] and not found["problems"]
    cluster.cancel()


def test_a_kernel_that_jupyter_started_is_told_of_though_nobody_asked_for_runs(
    server: Server, kernels: Kernels
) -> None:
    with listening(server) as events:
        kernel_id = server.start(kernels.put("own"))
        told = events.until("run", run_is("running"))["run"]
        assert told["kernel_id"] == kernel_id and told["mine"] and not told["job_stays"]
        server.delete(kernel_id)
        events.until("run", run_is("ended"))


def test_what_another_server_and_a_command_do_to_runs_is_told(
    server: Server, kernels: Kernels, cluster: Cluster, tmp_path: Path
) -> None:
    second = Server(kernels.home, cluster, tmp_path / "second")
    try:
        with listening(second) as events:
            ask(second, "status")
            kernel_id = server.start(kernels.put("own"))
            run = events.until("run", run_is("running"))["run"]
            assert run["kernel_id"] == kernel_id and run["node"] and not run["mine"]
            assert kernelkit_process("cancel", run["run"]).code == 0
            ended = events.until("run", run_is("ended"))
            assert ended["previous_state"] and ended["run"]["run"] == run["run"]
            assert ended["run"]["end"]["words"]
        server.delete(kernel_id)
    finally:
        second.stop()


def test_a_job_that_waits_for_its_next_kernel_is_listed_and_takes_it(
    server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    name = kernels.put("own", config={"idle": 600}, partition="gpu", gres="gpu:2")
    first = act(server, f"kernels/{name}/launch")["kernel_id"]
    wait_for("the kernel", lambda: the_run(server)["state"] == "running")
    wait_for("its job to be kept", lambda: the_run(server)["job_stays"])
    job = the_run(server)["job"]
    server.delete(first)

    def idle() -> list[dict[str, Any]]:
        found = ask(server, "jobs")
        # It has been asked to stay: at no time is it one that nobody knows of.
        assert found["jobs_without_run"] == []
        return list(found["jobs_idle"])

    wait_for("the idle job", idle)
    (found,) = idle()
    assert (found["id"], found["node"]) == (job, "node1") and "gpu" in found["gres"]
    assert found["ends"]
    second = act(server, f"kernels/{name}/launch", {"in_job": job, "gpus": "1"})["kernel_id"]
    wait_for("the second kernel", lambda: the_living(server) == [(second, job, "1")])
    assert idle() == []
    server.delete(second)
    wait_for("the idle job", idle)
    act(server, f"jobs/{job}/cancel")
    wait_for("its end", lambda: not idle())


def the_living(server: Server) -> list[tuple[str, str, str]]:
    runs = ask(server, "jobs")["runs"]
    return [(r["kernel_id"], r["job"], r["gpus"]) for r in runs if r["state"] == "running"]


def test_what_a_killed_server_left_is_taken_over(
    server: Server, kernels: Kernels, cluster: Cluster, tmp_path: Path
) -> None:
    notebook = kernels.home / "work/a b.ipynb"
    notebook.parent.mkdir()
    notebook.write_text("{}")
    path = "work/a b.ipynb"
    kernel_id = act(server, f"kernels/{kernels.put('own')}/launch", {"path": path})["kernel_id"]
    page = server.page(kernel_id)
    assert page.run("x = 42; print(x)") == "42\n"
    run = the_run(server)
    assert run["mine"] and not run["attachable"]
    server.stop(signal.SIGKILL)
    page.close()
    second = Server(kernels.home, cluster, tmp_path / "second")
    try:
        left = the_run(second)
        assert left["run"] == run["run"] and left["state"] == "running"
        assert left["attachable"] and not left["mine"]
        attached = act(second, f"jobs/{run['run']}/attach")
        assert (attached["kernel_id"], attached["path"]) == (kernel_id, path)
        assert the_run(second)["mine"]
        page = second.page(kernel_id)
        assert page.run("print(x)") == "42\n"
        page.close()
        status, refused = second.call("POST", f"/kernelkit/jobs/{run['run']}/attach", {})
        assert (status, refused["error"]["code"]) == (403, "not_permitted")
        second.delete(kernel_id)
        again = act(second, f"jobs/{run['run']}/more-time", {"time": "20"})
        assert again["path"] == path
        (later,) = [each for each in ask(second, "jobs")["runs"] if each["state"] != "ended"]
        notebook.unlink()
        longer = act(second, f"jobs/{later['run']}/more-time", {"time": "30"})
        assert longer["path"] == "", "what is gone is not opened"
        second.delete(again["kernel_id"])
    finally:
        second.stop()


def test_a_form_for_jobs_is_checked_by_slurm_and_installed_with_a_test_in_a_job(
    server: Server, cluster: Cluster
) -> None:
    found = ask(server, "inventory")
    assert {"cpu", "gpu", "full"} <= {partition["name"] for partition in found["partitions"]}
    recipe = {"name": "formed", "python": {"interpreter": sys.executable}}
    body: dict[str, Any] = {"recipe": recipe, "options": {"on_slurm": True}, "slurm": True}
    recipe["resources"] = {"partition": "cpu", "time": "30-00:00:00", "gres": "gpu:nothing:1"}
    problems = act(server, "validate", body)["problems"]
    assert {tuple(problem["path"]) for problem in problems} == {
        ("resources", "time"),
        ("resources", "gres"),
    }
    recipe["resources"] = {"partition": "cpu", "time": "5"}
    checked = act(server, "validate", body)
    assert checked["problems"] == [] and checked["words"]
    with listening(server) as events:
        options = {"on_slurm": True, "test_on_slurm": True}
        task = act(server, "kernels", {"recipe": recipe, "options": options})["task"]
        done = events.until("task", lambda e: e["id"] == task["id"] and e["state"] != "running")
        assert done["state"] == "done", done
        assert "test-on-slurm" in [step["name"] for step in done["steps"]]
        assert events.until("kernels", lambda e: e["name"] == "formed")["action"] == "installed"
    assert ask(server, "kernels/formed")["sbatch"].startswith("sbatch --partition=cpu --time=5")


def test_what_could_never_run_is_refused_at_its_key_before_a_kernel_is_made(
    server: Server, kernels: Kernels
) -> None:
    recipe: dict[str, Any] = {"name": "refused", "python": {"interpreter": sys.executable}}
    options = {"on_slurm": True, "no_test": True}
    body: dict[str, Any] = {"recipe": recipe, "options": options}

    def ended(method: str, path: str, **more: Any) -> dict[str, Any]:
        status, found = server.call(method, f"/kernelkit/{path}", {**body, **more})
        assert status == 202, found
        task: dict[str, Any] = found["task"]

        def done() -> bool:
            task.update(ask(server, f"tasks/{task['id']}"))
            return task["state"] != "running"

        wait_for("the end of the task", done)
        return task

    # Slurm itself would take this (EnforcePartLimits=NO), to wait for ever.
    beyond = {"partition": "short", "time": "20"}
    recipe["resources"] = beyond
    task = ended("POST", "kernels")
    assert [step["name"] for step in task["steps"]] == ["request"], task
    error = task["error"]
    assert (error["code"], error["field"]) == ("submit_rejected", "time")
    assert "`short`" in error["message"] and error["step"] == "request"
    assert server.call("GET", "/kernelkit/kernels/refused")[0] == 404
    recipe["resources"] = {"partition": "short", "time": "5"}
    task = ended("POST", "kernels")
    assert task["state"] == "done" and task["steps"][0]["name"] == "request", task
    recipe["resources"] = beyond
    assert ended("PUT", "kernels/refused")["error"]["field"] == "time"
    assert ask(server, "kernels/refused")["resources"]["time"] == "5"
    assert ended("PUT", "kernels/refused", no_check=True)["state"] == "done"
    assert ask(server, "kernels/refused")["resources"]["time"] == "20"


def test_what_a_source_asks_for_is_held_against_the_cluster(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "hungry.toml"
    head = f'name = "hungry"\n[python]\ninterpreter = "{sys.executable}"\n[resources]\n'
    file.write_text(head + 'partition = "short"\ntime = "20"\n')
    body: dict[str, Any] = {"source": str(file), "options": {"on_slurm": True}}
    (problem,) = act(server, "validate", body)["problems"]
    assert problem["path"] == ["resources", "time"]
    assert act(server, "validate", {"source": str(file)})["problems"] == []
    body["resources"] = {"partition": "short", "time": "5"}
    assert act(server, "validate", body)["problems"] == []


def test_a_launch_beyond_the_limits_is_refused_at_its_key(server: Server, kernels: Kernels) -> None:
    name = kernels.put("own", partition="short", time="5")
    asked = {"resources": {"time": "20"}}
    status, found = server.call("POST", f"/kernelkit/kernels/{name}/launch", asked)
    error = found["error"]
    assert (error["code"], error["field"]) == ("submit_rejected", "time"), (status, found)
    assert status < 500 and ask(server, "jobs")["runs"] == []
    asked["resources"] = {"time": "20", "partition": "cpu"}
    started = act(server, f"kernels/{name}/launch", asked)
    server.delete(started["kernel_id"])
