"""Where kernels in jobs are measured: a real Slurm, kernels installed for it, a Jupyter server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from home import private_home
from loop_probe import PATH
from real import Parts
from serving import Server
from slurm import ONE_NODE, Cluster

KERNELKIT = str(Path(sys.executable).parent / "kernelkit")

# The same layers three times: on this machine, in a job, and in a job of a partition that can be
# filled. What they are does not matter to what is measured.
LOCAL, JOB, FULL = "local", "job", "full"
_OPTIONS = {LOCAL: [], JOB: ["--on-slurm"], FULL: ["--on-slurm", "--partition", "full"]}


@dataclass(frozen=True)
class Place:
    """`many` is how many jobs of one core run at the same time."""

    cluster: Cluster
    home: Path
    parts: Parts
    many: int

    @contextmanager
    def server(self, name: str, *, counted: bool = False) -> Iterator[ProbedServer]:
        """A server of its own; its kernels end with it. `counted` counts the commands of Slurm that
        it runs, each of which takes longer then."""
        running = ProbedServer(
            self.home,
            self.cluster,
            self.home / name,
            counted=counted,
            PYTHONPATH=str(Path(__file__).parent),
        )
        try:
            yield running
        finally:
            running.stop()


@contextmanager
def nodes_apart(place: Place) -> Iterator[None]:
    """The nodes on one processor of this machine, this process and the servers that it starts on
    the others: on a cluster they are hosts of their own, and do not wait for each other's. The
    servers' clients are elsewhere, too: see ProbedServer.prefer.

    Of one processor, or without root, it is not done.
    """
    processors = os.sched_getaffinity(0)
    if len(processors) < 2 or len(place.cluster.nodes) < 2:
        print("nodes and server share their processors", file=sys.stderr)
        yield
        return
    of_nodes = max(processors)
    place.cluster.do("bind-nodes", str(of_nodes))
    os.sched_setaffinity(0, processors - {of_nodes})
    try:
        yield
    finally:
        os.sched_setaffinity(0, processors)
        place.cluster.do("bind-nodes", ",".join(map(str, sorted(processors))))


class ProbedServer(Server):
    """A Jupyter server that tells of its event loop and its memory."""

    def prefer(self, cluster: Cluster) -> None:
        """Serve this server, and what it runs, before all others of its processor, where root can
        say so: those who ask it are at other hosts than it is."""
        if len(cluster.nodes) > 1:
            cluster.do("prefer", str(self.process.pid))

    def probe(self) -> dict[str, Any]:
        """What loop_probe measured since the last time."""
        status, found = self.call("GET", PATH)
        assert status == 200, found
        return dict(found)

    def slurm_calls(self) -> dict[str, int]:
        """How often it has run each of Slurm's commands."""
        return {name: self.calls(name) for name in ("sbatch", "squeue", "scancel", "sacct")}


@contextmanager
def slurm_place(parts: Parts) -> Iterator[Place]:
    """Bring up what is missing of it, and install the kernels."""
    with private_home() as env, _cluster() as (cluster, many):
        env["SLURM_CONF"] = str(cluster.conf)
        with _as_environment(env):
            _write_settings(parts, Path(env["JUPYTER_CONFIG_DIR"]))
            for name, options in _OPTIONS.items():
                argv = [KERNELKIT, "install", "python/3.11", "--as", name, "--no-test", *options]
                subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
            try:
                yield Place(cluster, Path(env["HOME"]), parts, many)
            finally:
                cluster.cancel()


@contextmanager
def _cluster() -> Iterator[tuple[Cluster, int]]:
    if directory := os.environ.get("KERNELKIT_CLUSTER"):
        yield Cluster(Path(directory), ("node1", "node2", "node3")), 20
        return
    # Not below a long path: a socket's is limited to 107 bytes.
    with tempfile.TemporaryDirectory(prefix="kk-slurm-") as made:
        subprocess.run([ONE_NODE, "up", made], check=True, stdout=sys.stderr)
        try:
            yield Cluster(Path(made), (socket.gethostname(),)), 4
        finally:
            subprocess.run([ONE_NODE, "down", made], check=True)


@contextmanager
def _as_environment(env: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _write_settings(parts: Parts, directory: Path) -> None:
    site = {
        "module_system": "lmod",
        "module_init": [str(parts.lmod_init)],
        "module_paths": [str(parts.lmod_tree)],
    }
    settings = {"KernelkitSite": site}
    (directory / "jupyter_kernelkit_config.json").write_text(json.dumps(settings))
    server = {"ServerApp": {"jpserver_extensions": {"loop_probe": True}}}
    (directory / "jupyter_server_config.json").write_text(json.dumps(server))
