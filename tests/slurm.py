"""The real Slurm of a test session: three nodes that test-run brings up, or one of an ordinary user's own."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from real import MISSING, SYSTEM_PATH, parts_are_required

ONE_NODE = Path(__file__).parent / "parts/cluster/one-node"

ENDED = frozenset(
    [
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "TIMEOUT",
    ]
)

Completed = subprocess.CompletedProcess[str]


class TooLate(AssertionError):
    """What a test waited for did not come."""


def wait_for(what: str, ready: Callable[[], object], timeout: float = 60) -> None:
    """Return once `ready()` is true; TooLate, a failure of the test, when it never is."""
    end = time.monotonic() + timeout
    while not ready():
        if time.monotonic() > end:
            raise TooLate(f"waited {timeout:g} s in vain for {what}")
        time.sleep(0.05)


@dataclass(frozen=True)
class Cluster:
    """Slurm as its ordinary user sees it; `do` is what only an administrator can."""

    directory: Path
    nodes: tuple[str, ...]

    @property
    def conf(self) -> Path:
        return self.directory / "slurm.conf"

    @property
    def version(self) -> str:
        """Slurm's own."""
        return self.run("sinfo", "--version").stdout.split()[-1]

    @property
    def node_local(self) -> Path:
        """A directory that each node, and this host, has for itself alone."""
        return self.directory / "node-local"

    @property
    def logs(self) -> Path:
        """slurmctld.log, node1.log and so on, for when a test is not understood."""
        return self.directory / "log"

    def run(
        self, *argv: str | Path, check: bool = True, input: str = "", timeout: float = 120
    ) -> Completed:
        """Run one of Slurm's commands in a login's environment; it must succeed unless not checked."""
        env = {"PATH": SYSTEM_PATH, "HOME": os.environ["HOME"], "SLURM_CONF": str(self.conf)}
        done = subprocess.run(
            [str(word) for word in argv],
            env=env,
            input=input,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            cwd=env["HOME"],
        )
        assert not check or done.returncode == 0, f"{shlex.join(done.args)}: {done.stderr}"
        return done

    def submit(self, *options: str | Path, script: str = "sleep 600") -> str:
        """Submit a bash script; the job's id. What it writes is thrown away unless options say."""
        script = f"#!/bin/bash\n{script}\n"
        argv = ("sbatch", "--parsable", "--output=/dev/null", *options)
        return self.run(*argv, input=script).stdout.strip().split(";")[0]

    def show(self, job: str) -> dict[str, str]:
        """What `scontrol -d show job` says, by key; of an array or a set of steps the first."""
        text = self.run("scontrol", "--details", "--oneliner", "show", "job", job).stdout
        found: dict[str, str] = {}
        for key, value in re.findall(r"(\S+?)=(\S*)", text):
            found.setdefault(key, value)
        return found

    def state(self, job: str) -> str:
        return self.show(job)["JobState"]

    def wait_for_state(self, job: str, *states: str, timeout: float = 60) -> str:
        """Wait until the job is in one of the states; fail early when it ended in another."""

        def reached() -> bool:
            now = self.state(job)
            assert now in states or now not in ENDED, f"job {job} is {now}: {self.show(job)}"
            return now in states

        wait_for(f"job {job} to be {' or '.join(states)}", reached, timeout)
        return self.state(job)

    def queue(self) -> list[tuple[str, str, str, str]]:
        """(id, name, state, reason) of this user's jobs that have not ended."""
        text = self.run(
            "squeue", "--me", "--all", "--noheader", "--format=%i\x1f%j\x1f%T\x1f%r"
        ).stdout
        rows = (tuple(line.split("\x1f")) for line in text.splitlines())
        return [row for row in rows if len(row) == 4]

    def cancel(self, *jobs: str) -> None:
        self.run("scancel", "--full", *(jobs or ("--me",)))

    @contextmanager
    def filled(self, *options: str) -> Iterator[str]:
        """Have a job that leaves no room for another; by default in the partition `full`."""
        job = self.submit(*(options or ("--partition=full",)))
        try:
            self.wait_for_state(job, "RUNNING")
            yield job
        finally:
            self.cancel(job)

    def do(self, verb: str, *arguments: str) -> str:
        """Have the administrator do something; the head of tests/parts/cluster/do lists the verbs."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(300)
            client.connect(os.fspath(self.directory / "do.socket"))
            client.sendall(json.dumps([verb, *arguments]).encode() + b"\n")
            answer = json.loads(client.makefile().readline())
        assert answer["rc"] == 0, f"{verb} {' '.join(arguments)}: {answer['output']}"
        return str(answer["output"])

    def processes(self) -> list[str]:
        """What jobs have running on the nodes, Slurm's own part of it included."""
        if (self.directory / "do.socket").exists():
            return self.do("processes").splitlines()
        return _processes_of(self.directory)

    def left_over(self, patience: float = 15) -> list[str]:
        """The user's jobs, and the processes of jobs that have ended; those ending are waited for."""
        found: list[str] = []

        def nothing() -> bool:
            found[:] = [" ".join(row) for row in self.queue()]
            found.extend(self.processes())
            return not found

        try:
            wait_for("the cluster to be empty", nothing, patience)
        except TooLate:
            return found
        return []


def _processes_of(directory: Path) -> list[str]:
    """Processes that were started with this SLURM_CONF, but for the daemons and their children."""
    daemons = {path.read_text().split()[0] for path in (directory / "pids").iterdir()}
    mark = os.fsencode(f"SLURM_CONF={directory}/slurm.conf")
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if mark not in (path / "environ").read_bytes().split(b"\0"):
                continue
            # A job's slurmstepd is no child of slurmd.
            parent = (path / "stat").read_text().rpartition(")")[2].split()[1]
            if path.name in daemons or parent in daemons:
                continue
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # another user's, or gone by now
            continue
        found.append(f"{path.name} {command}")
    return found


def _cluster_or_skip() -> Cluster:
    directory = os.environ.get("KERNELKIT_CLUSTER")
    if directory:
        cluster = Cluster(Path(directory), ("node1", "node2", "node3"))
        wait_for("the cluster's administrator", (cluster.directory / "do.socket").exists, 10)
        return cluster
    why = f"{MISSING} the Slurm cluster: `make test`, as root, brings it up"
    if parts_are_required():
        pytest.fail(why)
    pytest.skip(why)


def _must_be_empty(cluster: Cluster, whose: str) -> None:
    left = cluster.left_over()
    if left:
        cluster.do("mend")
        pytest.fail(f"{whose} left in the queue or on the nodes:\n" + "\n".join(left))


@pytest.fixture(scope="session")
def session_cluster() -> Iterator[Cluster]:
    found = _cluster_or_skip()
    yield found
    _must_be_empty(found, "the session")


@pytest.fixture
def cluster(
    session_cluster: Cluster, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    """Three nodes. The test must leave no job and no process there, whatever it did."""
    monkeypatch.setenv("SLURM_CONF", str(session_cluster.conf))
    yield session_cluster
    _must_be_empty(session_cluster, "the test")


@pytest.fixture
def fragile_cluster(cluster: Cluster) -> Iterator[Cluster]:
    """The same for a test that takes nodes, the controller or the configuration away."""
    try:
        yield cluster
    finally:
        cluster.do("restore")


@pytest.fixture
def accounting(fragile_cluster: Cluster) -> Cluster:
    """The same with slurmdbd, accounts and QOS: physics (default) and chemistry, not geology."""
    fragile_cluster.do("variant-on", "accounting")
    return fragile_cluster


@pytest.fixture
def one_node_cluster(
    need: Callable[..., None], home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    """Slurm of the tests' own user on this host, as in the demo; its node is named as the host."""
    need("slurm")
    # Not tmp_path: a socket's path is limited to 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="kk-slurm-"))
    monkeypatch.setenv("SLURM_CONF", str(directory / "slurm.conf"))
    try:
        subprocess.run([ONE_NODE, "up", directory], check=True, stdout=subprocess.DEVNULL)
        cluster = Cluster(directory, (socket.gethostname(),))
        yield cluster
        left = cluster.left_over()
    finally:
        subprocess.run([ONE_NODE, "down", directory], check=True)
        shutil.rmtree(directory)
    assert not left, "the test left behind:\n" + "\n".join(left)
