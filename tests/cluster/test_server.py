"""A Jupyter server without any configuration, and kernels of it that wait, run, restart and end."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from command_line import kernelkit
from job_kernels import Kernels
from serving import Page, Server, is_idle, is_state
from slurm import Cluster, wait_for

LOCAL = {
    "argv": ["{python}", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Local",
    "language": "python",
}


def jobs(cluster: Cluster) -> list[str]:
    """The jobs of kernels that have not ended; a fill job has another name."""
    return [
        row[0]
        for row in cluster.queue()
        if row[1].startswith("kernelkit-") and row[2] != "COMPLETING"
    ]


def the_job(cluster: Cluster) -> str:
    (job,) = jobs(cluster)
    return job


@pytest.fixture
def full(cluster: Cluster) -> Iterator[str]:
    """The partition `full` is; the job that takes its room."""
    with cluster.filled() as job:
        yield job


def start_running(server: Server, kernel: str) -> tuple[str, Page]:
    """A kernel that has run a cell, and its page."""
    kernel_id = server.start(kernel)
    page = server.page(kernel_id)
    assert page.run("print('up')") == "up\n"
    return kernel_id, page


def test_a_kernel_waits_as_a_kernel(
    full: str, server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    queued = kernels.put("module", partition="full")
    local = Path(os.environ["JUPYTER_DATA_DIR"]) / "kernels/local"
    local.mkdir()
    python = str(kernels.shelf.parts.python)
    argv = [
        word.format(python=python, connection_file="{connection_file}") for word in LOCAL["argv"]
    ]
    (local / "kernel.json").write_text(json.dumps({**LOCAL, "argv": argv}))

    # POST is answered and the websocket opens while the job waits; so does every other kernel.
    kernel_id = server.start(queued)
    page = server.page(kernel_id)
    info = page.reply(page.send("kernel_info_request", {}))
    assert info["language_info"]["name"] == "python"
    job = the_job(cluster)
    assert cluster.state(job) == "PENDING"
    other = server.start("local")
    assert server.page(other).run("print(6 * 7)") == "42\n"
    server.delete(other)

    # Cells wait in their order, and the first one says how the job stands.
    cells = [page.execute(f"print({n}); import os") for n in range(5)]
    cells.append(page.execute("print(os.environ['SLURM_JOB_ID'])"))
    shown = page.until(
        "the reason", lambda m: m["msg_type"].endswith("display_data") and "pending" in str(m)
    )
    assert shown["parent_header"]["msg_id"] == cells[0]
    assert f"job {job}" in page.text(cells[0])

    # A page that comes back finds the same kernel, and no second job is submitted.
    page.close()
    again = server.page(kernel_id)
    again.reply(again.send("kernel_info_request", {}))
    last = again.execute("print('last')")
    assert server.open(queued, "same.ipynb")[1]["kernel"]["id"] != kernel_id
    twice = server.open(queued, "same.ipynb")[1]["kernel"]["id"]
    assert server.calls("sbatch") == 2, "one for each notebook"
    server.delete(twice)

    cluster.cancel(full)
    again.reply(last)
    order = [
        m["parent_header"]["msg_id"] for m in again.messages if m["msg_type"] == "execute_reply"
    ]
    assert order == [last], "only this page's"
    texts = {request: again.text(request) for request in cells}
    assert list(texts.values()) == [*(f"{n}\n" for n in range(5)), f"{job}\n"]
    assert server.calls("sbatch") == 2


def test_a_held_cell_shows_its_own_output_alone(
    full: str, server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    page = server.page(server.start(kernels.put("module", partition="full")))
    first = page.execute("print('mine')")
    second = page.execute("print('next')")
    page.until("the text", lambda m: m["msg_type"] == "display_data")
    assert "job" in page.text(first)
    cluster.cancel(full)
    assert page.reply(first)["status"] == page.reply(second)["status"] == "ok"
    assert (page.text(first), page.text(second)) == ("mine\n", "next\n")
    # Nothing that the kernel said while it started is shown under any cell.
    parents = {m["parent_header"].get("msg_id") for m in page.messages if m["msg_type"] == "stream"}
    assert parents == {first, second}


MODES = ("message", "signal")


def put_interrupted_by(kernels: Kernels, mode: str, **resources: str) -> str:
    """A kernel that is interrupted by a message, or as most languages are by a signal."""
    name = kernels.put("module", **resources)
    file = kernels.directory(name) / "kernel.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"interrupt_mode": mode}))
    return name


@pytest.mark.parametrize("mode", MODES)
def test_interrupt_and_shutdown_while_the_job_waits(
    mode: str, full: str, server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    kernel_id = server.start(put_interrupted_by(kernels, mode, partition="full"))
    page = server.page(kernel_id)
    cells = [page.execute("1/0"), page.execute("print('never')")]
    page.until("the text", lambda m: m["msg_type"] == "display_data")
    job = the_job(cluster)
    server.act(kernel_id, "interrupt")
    assert page.reply(cells[0])["ename"] == "KeyboardInterrupt"
    assert page.reply(cells[1])["status"] == "aborted"
    assert cluster.state(job) == "PENDING"

    # A restart keeps the job and its place; a shutdown takes it out of the queue.
    submitted = cluster.show(job)["SubmitTime"]
    server.act(kernel_id, "restart")
    assert (the_job(cluster), cluster.show(job)["SubmitTime"]) == (job, submitted)
    fresh = page.execute("print('held after a restart')")
    page.until("the text", lambda m: m["parent_header"].get("msg_id") == fresh)
    server.delete(kernel_id)
    assert jobs(cluster) == []
    assert (server.calls("sbatch"), server.calls("scancel")) == (1, 1)


@pytest.mark.parametrize("mode", MODES)
def test_an_interrupt_of_a_kernel_that_starts_ends_only_what_waits(
    mode: str, server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    name, go = put_interrupted_by(kernels, mode), kernels.home / "go"
    script = kernels.directory(name) / "launch.sh"
    first, rest = script.read_text().split("\n", 1)
    script.write_text(f"{first}\nuntil [ -e {go} ]; do sleep 0.05; done\n{rest}")
    kernel_id = server.start(name)
    page = server.page(kernel_id)
    cell = page.execute("print('never')")
    wait_for("its launch script", lambda: kernels.runs and has_begun(kernels.runs[0]))
    server.act(kernel_id, "interrupt")
    assert page.reply(cell)["ename"] == "KeyboardInterrupt"
    go.touch()
    assert page.run("print('up')") == "up\n"
    assert server.calls("sbatch") == 1


def has_begun(run: Path) -> bool:
    """Whether the supervisor has started the run's kernel."""
    file = run / "status"
    return file.is_file() and "phase=running\n" in file.read_text()


def test_a_kernel_restarted_while_queued_starts_once(
    full: str, server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    kernel_id = server.start(kernels.put("module", partition="full"))
    job = the_job(cluster)
    for _ in range(2):
        server.act(kernel_id, "restart")
    page = server.page(kernel_id)
    cell = page.execute("print('it runs')")
    cluster.cancel(full)
    assert page.reply(cell)["status"] == "ok"
    assert page.text(cell) == "it runs\n"
    assert (the_job(cluster), server.calls("sbatch")) == (job, 1)


def test_restart_and_crash_stay_in_the_job(
    server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    kernel_id, page = start_running(server, kernels.put("module", partition="gpu", gres="gpu:1"))
    job = the_job(cluster)
    where = "import os; print(os.environ['SLURM_JOB_ID'], os.environ['CUDA_VISIBLE_DEVICES'])"
    assert page.run(f"x = 1; {where}") == f"{job} 0\n"

    server.act(kernel_id, "restart")
    page.close()
    page = server.page(kernel_id)
    assert page.run(f"print('x' in dir()); {where}; x = 1") == f"False\n{job} 0\n"

    page.execute("import os; os.kill(os.getpid(), 9)")
    page.until("a restart", lambda m: is_state(m, "restarting"))
    page.close()
    page = server.page(kernel_id)
    assert page.run(f"print('x' in dir()); {where}") == f"False\n{job} 0\n"

    loop = page.execute("kept = 42\nprint('go', flush=True)\nwhile True: pass")
    page.until("the loop", lambda m: m["msg_type"] == "stream" and "go" in m["content"]["text"])
    server.act(kernel_id, "interrupt")
    assert page.reply(loop)["ename"] == "KeyboardInterrupt"
    assert page.run("print(kept)") == "42\n"
    assert server.calls("sbatch") == 1
    server.delete(kernel_id)
    assert jobs(cluster) == []


def test_a_kernel_that_dies_again_and_again_is_given_up(
    server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    kernel_id, page = start_running(server, kernels.put("module"))
    die = "import os; os.kill(os.getpid(), 9)"
    for _ in range(5):  # as often as Jupyter restarts what dies soon after its start
        page.execute(die)
        page.until("a restart", lambda m: is_state(m, "restarting"))
        page.close()
        page = server.page(kernel_id)
        assert page.run("print('up')") == "up\n"
    cell = page.execute(die)
    page.until("its death", lambda m: is_state(m, "dead"))
    assert "\nkernelkit: the kernel ended with exit code 137." in page.text(cell), "its log's end"
    wait_for("the job to leave the queue", lambda: jobs(cluster) == [], 20)
    (run,) = kernels.runs
    record = json.loads((run / "run.json").read_text())
    assert (record["submits"], server.calls("sbatch")) == (1, 1)
    assert record["end_code"] == "NOT_STARTED" and "exit code 137" in record["reason"]
    status, found = server.call("GET", "/kernelkit/jobs?all=true")
    (told,) = found["runs"]
    assert status == 200 and told["end"]["code"] == "NOT_STARTED", found
    assert "restarted in vain" in told["end"]["words"]
    assert told["end"]["log_tail"].count("ended with exit code 137") == 6
    assert not (run / "seed.json").exists()


def test_what_ignores_everything_is_restarted_in_place(
    server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    kernel_id, page = start_running(server, kernels.put("module"))
    job = the_job(cluster)
    stubborn = (
        "import signal\nfor s in (2, 15): signal.signal(s, signal.SIG_IGN)\n"
        "print('go', flush=True)\nwhile True: pass"
    )
    page.execute(stubborn)
    page.until("the loop", lambda m: m["msg_type"] == "stream" and "go" in m["content"]["text"])
    server.act(kernel_id, "restart")
    assert server.page(kernel_id).run("print('again')") == "again\n"
    assert (the_job(cluster), server.calls("sbatch")) == (job, 1)


@pytest.mark.parametrize("how", ["scancel", "node", "requeue"])
def test_an_ended_job_is_a_dead_kernel_and_no_second_job(
    how: str, server: Server, kernels: Kernels, fragile_cluster: Cluster
) -> None:
    cluster = fragile_cluster
    kernel_id, page = start_running(server, kernels.put("module", partition="gpu"))
    job = the_job(cluster)
    cell = page.execute("import time; print('go', flush=True); time.sleep(600)")
    page.until("the cell", lambda m: m["msg_type"] == "stream" and "go" in m["content"]["text"])
    if how == "scancel":
        cluster.cancel(job)
    elif how == "requeue":  # which our own jobs do not allow, as long as nobody changes them
        cluster.run("scontrol", "update", f"job={job}", "requeue=1")
        cluster.do("requeue", job)
    else:
        cluster.do("node-down", cluster.show(job)["NodeList"])
    word = {"scancel": "CANCELLED", "node": "NODE_FAIL", "requeue": "REQUEUED"}[how]
    dies(server, kernel_id, page, cell, word)
    wait_for("the job to leave the queue", lambda: jobs(cluster) == [], 20)
    assert server.calls("sbatch") == 1


def test_a_controller_that_is_away_ends_no_kernel(
    server: Server, kernels: Kernels, fragile_cluster: Cluster
) -> None:
    cluster = fragile_cluster
    running_id, running = start_running(server, kernels.put("module"))
    with cluster.filled() as filler:
        queued = server.page(server.start(kernels.put("module", "queued", partition="full")))
        held = queued.execute("print('held')")
        queued.until("the text", lambda m: "pending" in str(m["content"]))
        cluster.do("stop-ctld")

        # What runs is used as before, and restarted: none of that needs the controller.
        loop = running.execute("kept = 42\nprint('go', flush=True)\nwhile True: pass")
        running.until("the loop", lambda m: "go" in str(m["content"].get("text")))
        server.act(running_id, "interrupt")
        assert running.reply(loop)["ename"] == "KeyboardInterrupt"
        assert running.run("print(kept)") == "42\n"
        server.act(running_id, "restart")
        again = server.page(running_id)
        assert again.run("print('kept' in dir())") == "False\n"
        # One more is taken, too: it is submitted when that is possible.
        late = server.page(server.start(kernels.put("module", "late")))
        waiting = late.execute("print('late')")

        cluster.do("start-ctld")
        assert late.reply(waiting)["status"] == "ok"
        assert late.text(waiting) == "late\n"
        assert queued.text(held) not in ("held\n", "")
        cluster.cancel(filler)
        assert queued.reply(held)["status"] == "ok"
        assert queued.text(held) == "held\n"
        assert len(jobs(cluster)) == 3


def dies(server: Server, kernel_id: str, page: Page, cell: str, word: str) -> None:
    """The cell that runs says why, the server that the kernel is dead; nothing of it is left."""
    reply = page.reply(cell, timeout=120)
    assert word in reply["evalue"], reply
    assert word in page.text(cell)
    page.until("its death", lambda m: is_state(m, "dead"))
    assert server.state(kernel_id) in ("dead", "")


@pytest.mark.parametrize(
    ("request_of", "says"),
    [
        ({"partition": "nowhere"}, "invalid partition specified: nowhere"),
        ({"partition": "cpu", "gres": "gpu:9"}, "Requested node configuration is not available"),
    ],
)
def test_a_refused_request_answers_with_slurms_sentence(
    request_of: dict[str, Any], says: str, server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    status, said = server.open(kernels.put("module", **request_of))
    assert 400 <= status < 600
    assert says in json.dumps(said), said
    assert f"Change `--{list(request_of)[-1]}`" in json.dumps(said), said
    assert server.call("GET", "/api/kernels") == (200, [])
    assert server.call("GET", "/api/sessions") == (200, [])
    assert cluster.queue() == []


def test_a_module_that_a_node_lacks_is_told(
    server: Server, kernels: Kernels, cluster: Cluster, tmp_path: Path
) -> None:
    name = kernels.put("module")
    script = kernels.directory(name) / "launch.sh"
    text = script.read_text()
    assert text.count("python/3.11") > 1
    script.write_text(text.replace("python/3.11", "python/9.99"))
    kernel_id = server.start(name)
    page = server.page(kernel_id)
    cell = page.execute("print('never')")
    page.until("its death", lambda m: is_state(m, "dead"))
    told = page.until("why", lambda m: m["msg_type"] == "error")["content"]
    assert told["evalue"].count("python/9.99") >= 1, told
    assert "65" in told["evalue"]
    assert page.reply(cell)["status"] == "error"
    wait_for("the job to end", lambda: jobs(cluster) == [])
    assert "the module `python/9.99`" in kernelkit("logs", name).out
    assert server.calls("sbatch") == 1


def test_a_server_that_ends_takes_its_kernels_along(
    full: str, server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    start_running(server, kernels.put("module", "runs"))
    server.start(kernels.put("module", "waits", partition="full"))
    assert len(jobs(cluster)) == 2
    server.stop(signal.SIGTERM)
    assert jobs(cluster) == []


def test_the_lease_of_a_killed_server_and_a_time_limit(
    server: Server, kernels: Kernels, cluster: Cluster, tmp_path: Path
) -> None:
    start_running(server, kernels.put("module", config={"lease": 30}))
    job = the_job(cluster)
    # Slurm looks at time limits twice a minute, so this waits for one meanwhile.
    other = Server(kernels.home, cluster, tmp_path / "other")
    name = kernels.put("module", "limited")
    kernel_id, page = start_running(other, name)
    cell = page.execute("import time; time.sleep(600)")
    (limited,) = set(jobs(cluster)) - {job}
    cluster.do("time-left", limited, "1")

    # Whoever counts from the last renewal ends it within a lease and a look.
    server.stop(signal.SIGKILL)
    killed = time.monotonic()
    assert cluster.state(job) == "RUNNING"
    wait_for("the lease to end", lambda: job not in jobs(cluster), 60)
    assert time.monotonic() - killed > 15, "it was left no time for another server"
    try:
        dies(other, kernel_id, page, cell, "TIMEOUT")
        assert (jobs(cluster), other.calls("sbatch")) == ([], 1)
    finally:
        other.stop()


def test_twenty_kernels_at_once(server: Server, kernels: Kernels, cluster: Cluster) -> None:
    name = kernels.put("module", partition="full")
    before = server.calls("squeue")
    with ThreadPoolExecutor(20) as pages:
        ids = list(pages.map(server.start, [name] * 20))
    assert (server.calls("sbatch"), len(jobs(cluster))) == (20, 20)
    wait_for("one of them to run", lambda: "RUNNING" in [row[2] for row in cluster.queue()])
    for kernel_id in ids:
        server.delete(kernel_id)
    assert jobs(cluster) == []
    # One query an interval for all of them, whatever their number.
    assert server.calls("squeue") - before <= 8
    assert server.calls("sbatch") == 20


SEVERAL = 6


@pytest.mark.parametrize("mode", MODES)
def test_restarts_at_once_and_a_storm_of_interrupts(
    mode: str, server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    name = put_interrupted_by(kernels, mode)
    with ThreadPoolExecutor(20) as clients:
        opened = list(clients.map(lambda _: start_running(server, name), range(SEVERAL)))
        ids, running = [kernel_id for kernel_id, _ in opened], set(jobs(cluster))
        for _, page in opened:
            assert page.run("kept = 'before'") == ""
            page.close()
        began, before = time.monotonic(), server.calls("squeue")

        # `act` sees that each request is answered, and well.
        list(clients.map(lambda kernel_id: server.act(kernel_id, "restart"), ids))
        pages = list(clients.map(server.page, ids))
        fresh = list(clients.map(lambda page: page.run("print('kept' in dir())"), pages))
        assert fresh == ["False\n"] * SEVERAL

        loops = list(clients.map(start_loop, pages, range(SEVERAL)))
        storm = [ids[n % SEVERAL] for n in range(20)]
        list(clients.map(lambda kernel_id: server.act(kernel_id, "interrupt"), storm))
        ended = list(clients.map(Page.reply, pages, loops))
        assert {content["ename"] for content in ended} == {"KeyboardInterrupt"}
        for kernel_id, page in zip(ids, pages, strict=True):
            all_have_come(storm.count(kernel_id), mode, page, kernels)
        kept = list(clients.map(lambda page: page.run("print(kept)"), pages))
        assert kept == [f"{n}\n" for n in range(SEVERAL)]
    assert (set(jobs(cluster)), server.calls("sbatch")) == (running, SEVERAL)
    # One query an interval for all of them, and none for a restart or an interrupt.
    assert server.calls("squeue") - before <= 2 + (time.monotonic() - began) / 5


@pytest.mark.parametrize("mode", MODES)
def test_two_quick_interrupts_end_one_cell(
    mode: str, server: Server, kernels: Kernels, cluster: Cluster
) -> None:
    kernel_id, page = start_running(server, put_interrupted_by(kernels, mode))
    # From the end of a cell to its reply, where a second interrupt would cost it that.
    assert page.run("get_ipython().kernel._execute_sleep = 0.5") == ""
    with ThreadPoolExecutor(2) as clients:
        for number in range(1, 6):
            loop = start_loop(page, number)
            list(clients.map(lambda _: server.act(kernel_id, "interrupt"), range(2)))
            assert page.reply(loop)["ename"] == "KeyboardInterrupt"
            all_have_come(2 * number, mode, page, kernels)
            assert page.run("print(kept)") == f"{number}\n"
    assert server.calls("sbatch") == 1


def start_loop(page: Page, kept: int) -> str:
    """A cell that keeps a number and is busy from then on; its request."""
    loop = page.execute(f"kept = {kept}\nprint('go', flush=True)\nwhile True: pass")
    page.until(
        "the loop",
        lambda m: m["msg_type"] == "stream" and m["parent_header"].get("msg_id") == loop,
    )
    return loop


def all_have_come(count: int, mode: str, page: Page, kernels: Kernels) -> None:
    """Wait until a kernel has had its interrupts: a later one would end the next cell."""

    def heard(_: dict[str, Any]) -> bool:
        parents = (m["parent_header"].get("msg_type") for m in page.messages if is_idle(m))
        return list(parents).count("interrupt_request") >= count

    if mode == "message":
        page.until("its interrupts", heard)
    else:
        for run in kernels.runs:
            wait_for("the supervisor", lambda run=run: all_is_obeyed(run))


def all_is_obeyed(run: Path) -> bool:
    """Whether the supervisor has acted on all that it was asked."""
    asked = (run / "requests").read_text().split("\n")[-2]
    return f"serial={asked.split()[0]}\n" in (run / "status").read_text()


OUTER = {
    "SLURM_JOB_ID": "4711",
    "SLURM_JOBID": "4711",
    "SLURM_EXPORT_ENV": "NONE",
    "SLURM_GET_USER_ENV": "1",
    "SLURM_CPU_BIND": "quiet,mask_cpu:0x1",
    "SLURM_CPU_BIND_TYPE": "mask_cpu:",
    "SLURM_NTASKS": "7",
    "SLURM_NNODES": "3",
    "SLURM_MEM_PER_NODE": "1",
    "SLURM_TASKS_PER_NODE": "7",
    "SBATCH_PARTITION": "closed",
    "SBATCH_TIMELIMIT": "9-00:00:00",
    "SRUN_DEBUG": "9",
    "CUDA_VISIBLE_DEVICES": "3",
    "TMPDIR": "/nowhere/of/the/outer/job",
    "OF_THE_OUTER_JOB": "seen",
}


def test_nothing_of_the_job_that_the_server_runs_in(
    kernels: Kernels, cluster: Cluster, tmp_path: Path
) -> None:
    server = Server(kernels.home, cluster, tmp_path / "server", **OUTER)
    try:
        name = kernels.put("module", partition="gpu", gres="gpu:2", nodes=2)
        page = server.page(server.start(name))
        found = json.loads(page.run("import json, os; print(json.dumps(dict(os.environ)))"))
    finally:
        server.stop()
    same = {key for key, value in OUTER.items() if found.get(key) == value}
    assert same == set()
    assert "OF_THE_OUTER_JOB" not in found and "SLURM_CPU_BIND" not in found
    assert found["SLURM_JOB_NUM_NODES"] == "2"
    assert found["CUDA_VISIBLE_DEVICES"] == "0,1"
