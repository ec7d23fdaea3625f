"""supervisor.sh with real processes and real kernels, and a job that is not Slurm's."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from supervised import (
    KEY,
    Supervised,
    connected,
    is_alive,
    make_run,
    run_cell,
    write_kernel,
)
from waiting import wait_until

from kernelkit.running.gpu_use import GpuUse, read_gpu_use
from kernelkit.running.records import Run
from kernelkit.running.runs import Runs

# Ends with 0 when it is asked nicely.
QUIET = """
    trap 'exit 0' TERM
    while :; do sleep 0.05; done
"""
# Ignores everything that can be ignored.
DEAF = """
    trap '' TERM INT HUP
    echo deaf
    while :; do sleep 0.05; done
"""


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs")


Job = Callable[..., Supervised]
Node = Callable[..., list[str]]


@pytest.fixture
def job(runs: Runs) -> Iterator[Job]:
    """`job(run, another)` starts a job of these runs; afterwards nothing of it is left."""
    started: list[Supervised] = []

    def start(
        *members: Run,
        env: dict[str, str] | None = None,
        sys: Path = Path("/sys"),
        inside: Sequence[str] = (),
        **settings: Any,
    ) -> Supervised:
        for run in members:
            assert runs.allocations.join(run, members[0].job_name)
        started.append(Supervised(runs, members[0].job_name, settings, env or {}, sys, inside))
        return started[-1]

    yield start
    for each in started:
        printed = each.end()
        assert printed == "", "the supervisor has nothing to say on its own output"
    for path in runs.root.glob("[0-9a-f]*/status"):
        status = runs.read_status(path.parent.name)
        assert status and status.phase == "ended" and not status.pid


def relaunch(runs: Runs, supervised: Supervised, run: Run, start: int, grace: int = 0) -> None:
    runs.request(run.id, "relaunch", start, grace)
    supervised.wake()


# --- one kernel ---------------------------------------------------------------------------------


def test_a_kernel_starts_with_what_its_run_holds(runs: Runs, job: Job, tmp_path: Path) -> None:
    variables = {"TWO_LINES": "a b\n'c' $HOME `id` \\", "root": "mine", "pid": "also"}
    run = make_run(runs, write_kernel(tmp_path / "kernel"), variables=variables)
    supervised = job(run, env={"CUDA_VISIBLE_DEVICES": "2,3"})
    status = supervised.status(run)
    assert (status.phase, status.start, status.job, status.ip) == ("running", 1, "77", "127.0.0.1")
    with connected(supervised.connection(run, 1)) as client:
        shown = run_cell(
            client,
            "import os, json\n"
            "print(json.dumps([dict(os.environ), os.getcwd(), os.getpid(), os.getpgrp()]))",
        )
    environment, directory, pid, group = json.loads(shown)
    assert {name: environment.get(name) for name in variables} == variables
    assert environment["CUDA_VISIBLE_DEVICES"] == "2,3"
    assert environment["JPY_PARENT_PID"] == "1"
    assert directory == run.cwd
    assert pid == group == status.pid


def test_nothing_secret_is_in_argv_environment_or_script(
    runs: Runs, job: Job, tmp_path: Path
) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel"), variables={"HF_TOKEN": "very-secret"})
    supervised = job(run)
    pid = supervised.status(run).pid
    with connected(supervised.connection(run, 1)):
        for each in (pid, supervised.process.pid):
            for file in ("cmdline", "environ"):
                text = Path(f"/proc/{each}/{file}").read_bytes()
                assert run.id.encode() in text or file == "environ" or each != pid
                assert b"a-key-that" not in text
        assert b"very-secret" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert b"very-secret" not in Path(f"/proc/{supervised.process.pid}/environ").read_bytes()
    log = runs.read_log(run.id)
    assert "a-key-that" not in log and "very-secret" not in log
    for path in runs.directory(run.id).iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_restart_stays_in_the_job(runs: Runs, job: Job, tmp_path: Path) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel"))
    supervised = job(run)
    before = supervised.connection(run, 1)
    first = supervised.status(run)
    relaunch(runs, supervised, run, 2)
    after = supervised.connection(run, 2)
    second = supervised.status(run, lambda status: status.start == 2)
    assert second.pid != first.pid and not is_alive(first.pid)
    assert second.serial == 1
    assert {**before, **after} == after and before != after
    with connected(after) as client:
        assert run_cell(client, "print(6 * 7)") == "42\n"
    # To ask for the same start again changes nothing.
    relaunch(runs, supervised, run, 2)
    assert supervised.status(run, lambda status: status.serial == 2).pid == second.pid
    assert runs.read_connection(run.id, 1) is None
    assert supervised.process.poll() is None


def test_a_kernel_that_ends_by_itself_is_followed_at_once(
    runs: Runs, job: Job, tmp_path: Path
) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel"))
    supervised = job(run)
    with connected(supervised.connection(run, 1)) as client:
        relaunch(runs, supervised, run, 2, grace=60)
        supervised.status(run, lambda status: status.serial == 1)
        client.shutdown(restart=True)
        assert supervised.status(run, lambda status: status.start == 2).phase == "running"
    assert "exit code" not in runs.read_log(run.id)


def test_a_crash_waits_for_word(runs: Runs, job: Job, tmp_path: Path) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    supervised = job(run)
    os.kill(supervised.status(run).pid, signal.SIGKILL)
    status = supervised.status(run, lambda status: status.phase == "exited")
    assert (status.exit, status.start, status.pid) == (137, 1, 0)
    assert "the kernel ended with exit code 137" in runs.read_log(run.id)
    relaunch(runs, supervised, run, 2)
    assert supervised.status(run, lambda status: status.start == 2).phase == "running"


def test_what_ignores_everything_is_killed_and_followed(
    runs: Runs, job: Job, tmp_path: Path
) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", DEAF))
    supervised = job(run, grace=300)
    wait_until(lambda: "deaf" in runs.read_log(run.id))
    first = supervised.status(run)
    relaunch(runs, supervised, run, 2)
    assert supervised.status(run, lambda status: status.start == 2).pid != first.pid
    assert not is_alive(first.pid)
    os.kill(supervised.status(run).pid, signal.SIGKILL)  # so that the end need not wait for it
    supervised.status(run, lambda status: status.phase == "exited")


def test_a_signal_reaches_the_whole_group(runs: Runs, job: Job, tmp_path: Path) -> None:
    body = """
        trap : INT  # bash stays, as a module's wrapper does
        python3 -c '
        import time
        try:
            print("here", flush=True)
            time.sleep(600)
        except KeyboardInterrupt:
            print("interrupted", flush=True)'
        echo after
        sleep 600
    """
    run = make_run(runs, write_kernel(tmp_path / "kernel", body.replace("\n        ", "\n")))
    supervised = job(run)
    wait_until(lambda: "here" in runs.read_log(run.id), what=lambda: runs.read_log(run.id))
    runs.request(run.id, "signal", "INT", 1)
    supervised.wake()
    wait_until(lambda: "interrupted\nafter" in runs.read_log(run.id))
    assert supervised.status(run, lambda status: status.serial == 1).phase == "running"


def test_requests_that_follow_closely_are_all_met(runs: Runs, job: Job, tmp_path: Path) -> None:
    body = """
        trap 'count=$((count + 1)); echo "signal $count"' INT
        echo ready
        while :; do sleep 0.02; done
    """
    run = make_run(runs, write_kernel(tmp_path / "kernel", body))
    supervised = job(run)
    wait_until(lambda: "ready" in runs.read_log(run.id))
    for number in range(1, 6):
        runs.request(run.id, "signal", "INT", 1)
        supervised.wake()
        wait_until(lambda n=number: f"signal {n}" in runs.read_log(run.id))
    for _ in range(20):
        runs.request(run.id, "signal", "INT", 1)
    relaunch(runs, supervised, run, 2)
    status = supervised.status(run, lambda status: status.start == 2)
    assert status.serial == 26


def test_a_signal_for_a_kernel_never_reaches_the_next_one(
    runs: Runs, job: Job, tmp_path: Path
) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    supervised = job(run)
    supervised.status(run)
    relaunch(runs, supervised, run, 2)
    pid = supervised.status(run, lambda status: status.start == 2).pid
    runs.request(run.id, "signal", "KILL", 1)
    runs.request(run.id, "signal", "KILL")
    status = supervised.status_soon(run, lambda status: status.serial == 3)
    assert (status.phase, status.pid) == ("running", pid)
    assert is_alive(pid)


def test_a_storm_of_signals_loses_nothing(runs: Runs, job: Job, tmp_path: Path) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    supervised = job(run)
    pid = supervised.status(run).pid
    for _ in range(300):
        supervised.wake()
    relaunch(runs, supervised, run, 2)
    assert supervised.status(run, lambda status: status.start == 2).pid != pid


def test_what_a_dead_kernel_left_in_its_group_is_ended(
    runs: Runs, job: Job, tmp_path: Path
) -> None:
    body = """
        sleep 600 &
        echo "child $!"
        wait
    """
    run = make_run(runs, write_kernel(tmp_path / "kernel", body))
    supervised = job(run)
    child = wait_until(
        lambda: int((runs.read_log(run.id).partition("child ")[2].split() or ["0"])[0])
    )
    os.kill(supervised.status(run).pid, signal.SIGKILL)
    supervised.status(run, lambda status: status.phase == "exited")
    wait_until(lambda: not is_alive(child))


# --- addresses, ports, GPUs ------------------------------------------------------------------------


def test_ports_for_kernels_that_cannot_choose(runs: Runs, job: Job, tmp_path: Path) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET), picks_ports=False)
    found = job(run).connection(run, 1)
    ports = {found[name] for name in found if name.endswith("_port")}
    assert len(ports) == 5 and all(20000 <= port < 32000 for port in ports)


def test_a_node_without_an_address_in_the_network(runs: Runs, job: Job, tmp_path: Path) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    supervised = job(run, network="203.0.113.0/24")
    status = supervised.status(run)
    assert (status.phase, status.reason, status.start) == ("ended", "address", 0)
    assert "no address in the network that is set for kernels; it has" in runs.read_log(run.id)
    assert supervised.wait() == 0


def test_an_interface_is_chosen_by_name(runs: Runs, job: Job, tmp_path: Path) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    assert job(run, network="", interface="lo").status(run).ip == "127.0.0.1"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Words that run what follows on a node with these interfaces and this /etc/hosts."""

    def words(hosts: str, **addresses: str) -> list[str]:
        file = tmp_path / "hosts"
        file.write_text(hosts)
        lines = [f"mount --bind '{file}' /etc/hosts", "ip link set lo up"]
        for number, (device, address) in enumerate(addresses.items()):
            lines += [
                f"ip link add name {device} type veth peer name far{number}",
                f"ip link set far{number} up",
                f"ip address add {address} dev {device}",
                f"ip link set {device} up",
            ]
        script = " && ".join([*lines, 'exec "$@"'])
        inside = ["unshare", "--user", "--map-root-user", "--net", "--mount", "bash", "-c", script]
        if not shutil.which("unshare") or subprocess.run([*inside, "", "true"]).returncode:
            pytest.skip("no namespaces here")
        return [*inside, ""]

    return words


DEBIAN = "127.0.0.1 localhost\n127.0.1.1 node7\n10.1.0.1 login\n"
TWO = {"eth0": "10.1.0.7/24", "docker0": "172.17.0.1/16"}


@pytest.mark.parametrize(
    ("hosts", "addresses", "ip"),
    [
        ("172.17.0.1 node7", TWO, "172.17.0.1"),
        (DEBIAN, {"eth0": "10.1.0.7/24"}, "10.1.0.7"),
        ("127.0.0.1 localhost", {"eth0": "10.1.0.7/24"}, "10.1.0.7"),
        (DEBIAN, TWO, "10.1.0.7"),
        ("10.1.0.1 login", TWO, "10.1.0.7"),
        # The node is the host of the server, too.
        ("127.0.1.1 node7 login", TWO, "127.0.0.1"),
    ],
    ids=["name", "loopback-one", "nothing-one", "loopback-two", "nothing-two", "same"],
)
def test_without_settings_a_node_is_found_by_its_name_or_the_way_to_the_server(
    runs: Runs,
    job: Job,
    node: Node,
    tmp_path: Path,
    hosts: str,
    addresses: dict[str, str],
    ip: str,
) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    env = {"SLURMD_NODENAME": "node7", "SLURM_SUBMIT_HOST": "login"}
    status = job(run, network="", env=env, inside=node(hosts, **addresses)).status(run)
    assert (status.phase, status.ip, status.node) == ("running", ip, "node7")


@pytest.mark.parametrize("name", ["127.0.1.1", ""])
def test_a_node_that_is_not_found_so_says_what_there_is(
    runs: Runs, job: Job, node: Node, tmp_path: Path, name: str
) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    env = {"SLURMD_NODENAME": "node7", "SLURM_SUBMIT_HOST": "elsewhere"}
    hosts = f"127.0.0.1 localhost\n{name and name + ' node7'}\n"
    supervised = job(run, network="", env=env, inside=node(hosts, **TWO))
    status = supervised.status(run)
    assert (status.phase, status.reason, status.start) == ("ended", "address", 0)
    assert runs.read_log(run.id) == (
        f"kernelkit: the name node7 leads to {name or 'no address'}, and this node has 10.1.0.7 "
        "172.17.0.1: set run_interface or run_network to say where kernels listen."
    )
    assert supervised.wait() == 0


@pytest.mark.parametrize(("positions", "seen"), [("1", "5"), ("0,2", "GPU-a1,6")])
def test_a_run_may_get_some_of_the_gpus(
    runs: Runs, job: Job, tmp_path: Path, positions: str, seen: str
) -> None:
    kernel = write_kernel(tmp_path / "kernel", 'echo "gpus:$CUDA_VISIBLE_DEVICES:"' + QUIET)
    run = make_run(runs, kernel, gpus=positions)
    job(run, env={"CUDA_VISIBLE_DEVICES": "GPU-a1,5,6"})
    wait_until(lambda: f"gpus:{seen}:" in runs.read_log(run.id))


def test_a_gpu_that_is_not_there(runs: Runs, job: Job, tmp_path: Path) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET), gpus="7")
    supervised = job(run, env={"CUDA_VISIBLE_DEVICES": "0"})
    assert supervised.status(run, lambda status: status.phase == "exited").exit == 1
    assert "there is no GPU 7 here" in runs.read_log(run.id)


# --- what the GPUs do ------------------------------------------------------------------------------


class NvidiaSmi:
    """A program of that name on nodes, and the process ids of its calls."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, body: str, node: str = "node") -> dict[str, str]:
        """What a job on that node has as environment; its GPUs are still to be named."""
        program = self._directory / node / "nvidia-smi"
        program.parent.mkdir()
        (program.parent / "called").touch()
        text = f"#!/bin/bash\necho $$ >>{program.parent}/called\n{textwrap.dedent(body)}\n"
        program.write_text(text)
        program.chmod(0o755)
        return {"PATH": f"{program.parent}:/usr/bin:/bin", "SLURM_GPUS_ON_NODE": "2"}

    def calls(self, node: str = "node") -> list[int]:
        return [int(pid) for pid in (self._directory / node / "called").read_text().split()]


@pytest.fixture
def nvidia_smi(tmp_path: Path) -> NvidiaSmi:
    return NvidiaSmi(tmp_path)


@pytest.fixture
def several_looks(
    runs: Runs, job: Job, tmp_path: Path, nvidia_smi: NvidiaSmi
) -> Callable[[], None]:
    """Waits for as long as a job elsewhere takes to look at its GPUs every second a few times."""

    def wait_for_them(*others: Supervised) -> None:
        run = make_run(runs, write_kernel(tmp_path / "elsewhere-kernel", QUIET))
        env = {**nvidia_smi.put(PRINTS, "elsewhere"), "CUDA_VISIBLE_DEVICES": "0"}
        supervised = job(run, env=env, gpu_interval=1)
        supervised.status(run)

        def looked() -> bool:
            for each in (supervised, *others):
                each.wake_if_alive()
            return len(nvidia_smi.calls("elsewhere")) > 2

        wait_until(looked)

    return wait_for_them


def use_of(runs: Runs, supervised: Supervised, run: Run) -> list[tuple[int | None, int | None]]:
    """(percent, memory in use) of a run's GPUs, once that was measured."""

    def look() -> GpuUse | None:
        supervised.wake_if_alive()
        return read_gpu_use(runs, run, time.time)

    return [(gpu.busy, gpu.memory_used) for gpu in wait_until(look).gpus]


# As two GPUs of an otherwise busy node.
PRINTS = """
    asked=index,uuid,mig.mode.current,utilization.gpu,memory.used,memory.total,name
    [ "$*" = "--format=csv,noheader,nounits --query-gpu=$asked" ] || exit 2
    echo "0, GPU-aa, Disabled, 90, 70000, 81920, NVIDIA A100-SXM4-80GB"
    echo "1, GPU-bb, Disabled, 37, 1024, 81920, NVIDIA A100-SXM4-80GB"
    echo "2, GPU-cc, Disabled, 5, 20, 81920, NVIDIA A100-SXM4-80GB"
"""


def test_each_run_is_told_what_its_own_gpus_do(
    runs: Runs, job: Job, tmp_path: Path, nvidia_smi: NvidiaSmi
) -> None:
    kernel = write_kernel(tmp_path / "kernel", QUIET)
    both, second = make_run(runs, kernel), make_run(runs, kernel, gpus="1")
    second = runs.update(second.id, job_name=both.job_name)
    env = {**nvidia_smi.put(PRINTS), "CUDA_VISIBLE_DEVICES": "1,2"}
    supervised = job(both, second, env=env, gpu_interval=3)
    supervised.status(both)
    assert nvidia_smi.calls() == [], "not while kernels start"
    assert use_of(runs, supervised, both) == [(37, 1024), (5, 20)]
    assert use_of(runs, supervised, second) == [(5, 20)]
    file = runs.allocations.directory(both.job_name) / "gpu-use"
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.stat().st_ino, file.stat().st_mtime_ns

    def is_newer() -> bool:
        supervised.wake()
        return (file.stat().st_ino, file.stat().st_mtime_ns) != before

    wait_until(is_newer)


@pytest.mark.parametrize(
    ("env", "settings"),
    [
        ({}, {"gpu_interval": 1}),
        ({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, {"gpu_interval": 1}),
        ({"CUDA_VISIBLE_DEVICES": "0,1"}, {}),
    ],
)
def test_nothing_is_measured_without_gpus_or_where_the_site_says_so(
    runs: Runs, job: Job, tmp_path: Path, env: dict[str, str], settings: dict[str, Any],
    nvidia_smi: NvidiaSmi, several_looks: Callable[..., None],
) -> None:  # fmt: skip
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    supervised = job(run, env={**nvidia_smi.put(PRINTS), **env}, **settings)
    supervised.status(run)
    several_looks(supervised)
    assert nvidia_smi.calls() == []


def test_an_nvidia_smi_that_hangs_harms_nobody_and_is_not_asked_again(
    runs: Runs, job: Job, tmp_path: Path, nvidia_smi: NvidiaSmi,
    several_looks: Callable[..., None],
) -> None:  # fmt: skip
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    env = nvidia_smi.put("trap '' TERM INT HUP\necho 0, GPU-aa\nsleep 600 & wait\nsleep 600")
    supervised = job(run, env={**env, "CUDA_VISIBLE_DEVICES": "0"}, gpu_interval=3)
    first = supervised.status(run)
    (hanging,) = wait_until(lambda: supervised.wake() or nvidia_smi.calls())
    relaunch(runs, supervised, run, 2)
    assert supervised.status(run, lambda status: status.start == 2).pid != first.pid
    wait_until(lambda: supervised.wake() or not is_alive(hanging))
    several_looks(supervised)
    assert nvidia_smi.calls() == [hanging]
    assert _files_of_job(runs, run) == [run.id]


def _files_of_job(runs: Runs, run: Run) -> list[str]:
    return [path.name for path in runs.allocations.directory(run.job_name).iterdir()]


def test_the_job_does_not_wait_for_a_measurement(
    runs: Runs, job: Job, tmp_path: Path, nvidia_smi: NvidiaSmi
) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    env = nvidia_smi.put("trap '' TERM\nsleep 600 & wait\nsleep 600")
    supervised = job(run, env={**env, "CUDA_VISIBLE_DEVICES": "0"}, gpu_interval=9)
    supervised.status(run)
    (hanging,) = wait_until(lambda: supervised.wake() or nvidia_smi.calls())
    runs.request(run.id, "stop")
    supervised.wake()
    assert supervised.wait() == 0
    wait_until(lambda: not is_alive(hanging))


@pytest.mark.parametrize("body", ["echo 'No devices were found'; exit 6", "exit 127"])
def test_an_nvidia_smi_that_fails_tells_nothing(
    runs: Runs, job: Job, tmp_path: Path, body: str, nvidia_smi: NvidiaSmi
) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    env = nvidia_smi.put(body)
    supervised = job(run, env={**env, "CUDA_VISIBLE_DEVICES": "0"}, gpu_interval=1)
    supervised.status(run)
    wait_until(lambda: supervised.wake() or nvidia_smi.calls())
    wait_until(lambda: supervised.wake() or _files_of_job(runs, run) == [run.id])


def test_a_node_without_any_such_program(
    runs: Runs, job: Job, tmp_path: Path, several_looks: Callable[..., None]
) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    supervised = job(run, env={"CUDA_VISIBLE_DEVICES": "0"}, gpu_interval=1)
    supervised.status(run)
    several_looks(supervised)
    assert _files_of_job(runs, run) == [run.id]


def test_amd_gpus_are_asked_through_sysfs(runs: Runs, job: Job, tmp_path: Path) -> None:
    # As the kernel documents it (Documentation/gpu/amdgpu) and /sys/class/kfd shows it on a node with
    # an MI250X: CPUs first, and GPUs of other jobs unreadable where devices are constrained.
    def node(number: int, name: str, **properties: int) -> Path:
        path = tmp_path / "sys/class/kfd/kfd/topology/nodes" / str(number)
        path.mkdir(parents=True)
        (path / "name").write_text(f"{name}\n")
        text = "".join(f"{key} {value}\n" for key, value in properties.items())
        (path / "properties").write_text(text)
        return path / "properties"

    def card(minor: int, **files: str) -> None:
        path = tmp_path / f"sys/class/drm/renderD{minor}/device"
        path.mkdir(parents=True)
        for key, value in files.items():
            (path / key).write_text(f"{value}\n")

    node(0, "", cpu_cores_count=64, simd_count=0, drm_render_minor=0)
    # What is kept from the job: here a directory, which cannot be read as a file either.
    denied = node(1, "aldebaran", simd_count=440, drm_render_minor=128)
    denied.unlink()
    denied.mkdir()
    for number in range(2, 12):
        minor = 127 + number
        unique = 5752170827923136638 + number
        node(number, "aldebaran", simd_count=440, drm_render_minor=minor, unique_id=unique)
    card(
        129, gpu_busy_percent="98", mem_info_vram_used="63050874880",
        mem_info_vram_total="68702699520", product_name="AMD INSTINCT MI250 (MCM) OAM AC MBA",
    )  # fmt: skip
    card(
        138, gpu_busy_percent="0", mem_info_vram_used="10960896", mem_info_vram_total="68702699520"
    )
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    env = {"ROCR_VISIBLE_DEVICES": "0,9", "SLURM_GPUS_ON_NODE": "2"}
    supervised = job(run, env=env, sys=tmp_path / "sys", gpu_interval=1)
    assert use_of(runs, supervised, run) == [(98, 60130), (0, 10)]
    text = (runs.allocations.directory(run.job_name) / "gpu-use").read_text()
    assert "0, GPU-4fd3d0e445b92080, , 98, 60130, 65520, AMD INSTINCT MI250" in text
    assert "9, GPU-4fd3d0e445b92089, , 0, 10, 65520, AMD aldebaran" in text


# --- several runs ----------------------------------------------------------------------------------


def test_runs_of_one_job_have_their_own_log_restart_and_end(
    runs: Runs, job: Job, tmp_path: Path
) -> None:
    kernel = write_kernel(tmp_path / "kernel", 'echo "this is $NAME"' + QUIET)
    one = make_run(runs, kernel, variables={"NAME": "one"})
    two = make_run(runs, kernel, variables={"NAME": "two"})
    supervised = job(one)
    supervised.status(one)
    assert runs.allocations.join(two, one.job_name)
    supervised.wake()
    wait_until(lambda: "this is two" in runs.read_log(two.id))
    wait_until(lambda: "this is one" in runs.read_log(one.id))
    assert "two" not in runs.read_log(one.id)
    before = supervised.status(one)
    relaunch(runs, supervised, two, 2)
    supervised.status(two, lambda status: status.start == 2)
    assert supervised.status(one) == before
    runs.request(two.id, "stop")
    supervised.wake()
    assert supervised.status(two, lambda s: s.phase == "ended").reason == "asked"
    wait_until(lambda: runs.allocations.members(one.job_name) == {one.id})
    assert supervised.status(one) == before and supervised.process.poll() is None
    runs.request(one.id, "stop")
    supervised.wake()
    assert supervised.wait() == 0, "the job ends with its last run"


def test_a_job_may_stay_without_a_run(runs: Runs, job: Job, tmp_path: Path) -> None:
    kernel = write_kernel(tmp_path / "kernel", QUIET)
    one, two = make_run(runs, kernel), make_run(runs, kernel)
    assert runs.allocations.join(one, one.job_name, idle=600)
    supervised = job(one)
    supervised.status(one)
    runs.request(one.id, "stop")
    supervised.status_soon(one, lambda status: status.phase == "ended")
    assert runs.allocations.join(two, one.job_name)
    assert supervised.status_soon(two, lambda status: status.phase == "running")
    (runs.allocations.directory(one.job_name) / "idle").write_text("0\n")
    runs.request(two.id, "stop")
    supervised.wake()
    assert supervised.wait() == 0
    late = make_run(runs, kernel)
    assert not runs.allocations.join(late, one.job_name), "it takes no more"
    runs.remove(late.id)


def test_what_is_no_run_of_ours_is_passed_by(runs: Runs, job: Job, tmp_path: Path) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    assert runs.allocations.join(run, run.job_name)
    (tmp_path / "elsewhere").mkdir()
    (runs.root / "aaaaaaaaaaaa").symlink_to(tmp_path / "elsewhere")
    for name in ("aaaaaaaaaaaa", "bbbbbbbbbbbb", "$(touch x)", "..a", "idle2"):
        (runs.allocations.directory(run.job_name) / name).write_text("")
    supervised = job(run)
    supervised.status(run)
    runs.request(run.id, "stop")
    supervised.wake()
    assert supervised.wait() == 0
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (runs.root / "aaaaaaaaaaaa").unlink()


# --- the end -----------------------------------------------------------------------------------


def test_a_signal_to_all_processes_of_the_job_at_once(runs: Runs, job: Job, tmp_path: Path) -> None:
    # So Slurm does it. bash loses a child that ends while a signal cuts its `wait` short.
    kernel = write_kernel(tmp_path / "kernel", DEAF)
    for number in range(6):
        run = make_run(runs, kernel)
        supervised = job(run)
        wait_until(lambda run=run: "deaf" in runs.read_log(run.id))
        children = [supervised.status(run).pid, *supervised.children()]
        for pid in [supervised.process.pid, *children][:: 1 if number % 2 else -1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        assert supervised.wait() == 0
        status = supervised.status(run)
        assert (status.phase, status.reason, status.exit) == ("ended", "slurm", 137)


def test_the_end_of_the_job_ends_kernels_first_politely_then_not(
    runs: Runs, job: Job, tmp_path: Path
) -> None:
    polite = """
        trap 'echo saved; exit 0' TERM
        echo polite
        while :; do sleep 0.05; done
    """
    one = make_run(runs, write_kernel(tmp_path / "polite", polite))
    two = make_run(runs, write_kernel(tmp_path / "deaf", DEAF))
    supervised = job(one, two)
    wait_until(lambda: "polite" in runs.read_log(one.id) and "deaf" in runs.read_log(two.id))
    supervised.process.terminate()
    assert supervised.wait() == 0
    ended = [supervised.status(run) for run in (one, two)]
    assert [(s.phase, s.exit, s.reason) for s in ended] == [
        ("ended", 0, "slurm"), ("ended", 137, "slurm"),
    ]  # fmt: skip
    assert "saved" in runs.read_log(one.id)


def test_a_run_that_no_server_cares_for_ends(runs: Runs, job: Job, tmp_path: Path) -> None:
    kernel = write_kernel(tmp_path / "kernel", QUIET)
    alone = make_run(runs, kernel, lease=1)
    kept = make_run(runs, kernel, lease=1, keep=True)
    supervised = job(alone, kept)
    assert supervised.status_soon(alone, lambda s: s.phase == "ended").reason == "lease"
    assert supervised.status(kept).phase == "running"
    runs.set_keep(kept.id, False)
    assert supervised.status_soon(kept, lambda s: s.phase == "ended").reason == "lease"
    assert supervised.wait() == 0


def test_a_renewed_lease_keeps_the_kernel(runs: Runs, job: Job, tmp_path: Path) -> None:
    kernel = write_kernel(tmp_path / "kernel", QUIET)
    cared_for, alone = make_run(runs, kernel, lease=2), make_run(runs, kernel, lease=2)
    supervised = job(cared_for, alone)

    def alone_has_ended() -> bool:
        runs.renew_lease(cared_for)
        supervised.wake_if_alive()
        status = runs.read_status(alone.id)
        return status is not None and status.phase == "ended"

    wait_until(alone_has_ended)
    assert supervised.status(cared_for).phase == "running"


def test_a_dead_kernel_without_a_word_does_not_hold_the_gpu(
    runs: Runs, job: Job, tmp_path: Path
) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", "exit 3"), lease=1, keep=True)
    supervised = job(run)
    status = supervised.status_soon(run, lambda status: status.phase == "ended")
    assert (status.reason, status.exit) == ("exited", 3)
    assert supervised.wait() == 0


def test_a_job_that_was_requeued_starts_nothing(runs: Runs, job: Job, tmp_path: Path) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", "echo started"))
    supervised = job(run, env={"SLURM_RESTART_COUNT": "1"})
    assert supervised.wait() == 0
    status = supervised.status(run)
    assert (status.phase, status.reason, status.start) == ("ended", "requeued", 0)
    assert "started" not in runs.read_log(run.id)


def test_a_run_that_was_stopped_while_it_waited_never_starts(
    runs: Runs, job: Job, tmp_path: Path
) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", "echo started"))
    runs.request(run.id, "relaunch", 1, 0)
    runs.request(run.id, "stop")
    supervised = job(run)
    assert supervised.wait() == 0
    assert supervised.status(run).start == 0
    assert "started" not in runs.read_log(run.id)


def test_the_kernels_files_are_as_open_as_the_users_are(
    runs: Runs, job: Job, tmp_path: Path
) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", "umask; trap -p INT" + QUIET))
    job(run)
    wait_until(lambda: "00" in runs.read_log(run.id))
    mask = os.umask(0)
    os.umask(mask)
    assert f"{mask:04o}" in runs.read_log(run.id)
    assert "SIGINT" not in runs.read_log(run.id), "SIGINT is not ignored from the start"


def test_a_forwarder_stands_before_the_kernel(runs: Runs, job: Job, tmp_path: Path) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel"))
    runs.set_forwarder(run.id, ["printf", "<%s>", "a b"])
    job(run).status(run, lambda status: status.phase == "exited")
    directory = runs.directory(run.id)
    assert runs.read_log(run.id).startswith(
        f"<a b><{directory}/connection-1.json><--></bin/bash><-p><{directory}/launch.sh>"
        "<-f><{connection_file}>"
    )


# --- disks that are full, and what is left after an end -------------------------------------------


def test_a_lease_whose_time_alone_is_new_keeps_the_kernel(
    runs: Runs, job: Job, tmp_path: Path
) -> None:
    """As a disk that is full takes it, where it never writes in place."""
    kernel = write_kernel(tmp_path / "kernel", QUIET)
    cared_for, alone = make_run(runs, kernel, lease=2), make_run(runs, kernel, lease=2)
    supervised = job(cared_for, alone)
    later = make_run(runs, kernel, lease=4)
    assert runs.allocations.join(later, cared_for.job_name)

    def both_have_ended() -> bool:
        (runs.directory(cared_for.id) / "lease").touch()
        supervised.wake_if_alive()
        found = [runs.read_status(run.id) for run in (alone, later)]
        return all(status is not None and status.phase == "ended" for status in found)

    wait_until(both_have_ended)
    assert supervised.status(cared_for).phase == "running"
    assert supervised.status_soon(cared_for, lambda s: s.phase == "ended").reason == "lease"


def test_what_could_not_be_told_is_told_later(runs: Runs, tmp_path: Path) -> None:
    run = make_run(runs, write_kernel(tmp_path / "kernel", QUIET))
    directory = runs.directory(run.id)
    runs.allocations.join(run, run.job_name)
    supervised = Supervised(runs, run.job_name, {}, {})
    try:
        supervised.status(run, lambda status: status.phase == "running")
        obstacle = directory / "status.new"
        obstacle.mkdir()
        for start in (2, 3):
            relaunch(runs, supervised, run, start)
            wait_until((directory / f"connection-{start}.json").exists, what=f"kernel {start}")
        assert supervised.status(run).start == 1
        obstacle.rmdir()
        supervised.status_soon(run, lambda status: status.start == 3)
    finally:
        printed = supervised.end()
    assert printed.count("status.new: Is a directory") == 1, "it is complained of once"
    status = runs.read_status(run.id)
    assert status and status.phase == "ended" and not status.pid


@pytest.mark.parametrize("verb", ["stop", "lease"])
def test_keys_and_variables_do_not_outlive_the_run(
    runs: Runs, job: Job, tmp_path: Path, verb: str
) -> None:
    variables = {"HF_TOKEN": "very-secret"}
    lease = 1 if verb == "lease" else 900
    kernel = write_kernel(tmp_path / "kernel", "echo ${HF_TOKEN#*-}" + QUIET)
    run = make_run(runs, kernel, variables=variables, lease=lease)
    directory = runs.directory(run.id)
    supervised = job(run)
    if verb == "stop":
        wait_until(lambda: "secret" in runs.read_log(run.id), what="the kernel")
        assert (directory / "connection-1.json").exists()
        runs.request(run.id, "stop")
    supervised.status_soon(run, lambda status: status.phase == "ended")
    assert supervised.wait() == 0
    left = b"".join(path.read_bytes() for path in directory.iterdir())
    assert KEY.encode() not in left and b"very-secret" not in left
    assert {"log", "run.json", "status"} <= {path.name for path in directory.iterdir()}
