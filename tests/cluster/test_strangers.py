"""Another user of the login node, against a kernel in a job: its sockets, files, ports and names."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from job_kernels import Kernels
from serving import Page, Server
from slurm import Cluster

# What the stranger runs: it tries all paths, and listens to the kernel while that prints.
PROGRAM = """
import json, os, socket, sys
import zmq

asked = json.load(open(sys.argv[1]))
found = {"user": os.getuid(), "opened": [], "connected": [], "heard": 0}
for path in asked["files"]:
    try:
        os.listdir(path) if os.path.isdir(path) else open(path).close()
        found["opened"].append(path)
    except PermissionError:
        pass
for path in asked["sockets"]:
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        found["connected"].append(path)
    except PermissionError:
        pass
iopub = zmq.Context().socket(zmq.SUB)
iopub.setsockopt(zmq.SUBSCRIBE, b"")
if asked["keys"] != "none":
    iopub.curve_publickey, iopub.curve_secretkey = zmq.curve_keypair()
    right = asked["keys"] == "right"
    iopub.curve_serverkey = asked["server_key"].encode() if right else zmq.curve_keypair()[0]
iopub.connect(asked["iopub"])
while found["heard"] < 5 and iopub.poll(2000):
    iopub.recv_multipart()
    found["heard"] += 1
print(json.dumps(found))
"""
PRINTS = "import time\nprint('begun', flush=True)\nfor n in range(80): print(n, flush=True); time.sleep(0.1)"


class Stranger:
    """Another user, and what it may try to know of a run."""

    def __init__(self, cluster: Cluster, python: Path, directory: Path) -> None:
        self._cluster, self._python, self._directory = cluster, python, directory

    def tries(self, keys: str, connection: dict[str, Any], **what: list[str]) -> dict[str, Any]:
        """What it opened, connected to and heard; `keys` are none, wrong, or the right ones."""
        file = self._directory / "asked.json"
        address = f"tcp://{connection['ip']}:{connection['iopub_port']}"
        asked = {
            "keys": keys,
            "iopub": address,
            "server_key": connection.get("curve_publickey", ""),
            "files": what.get("files", []),
            "sockets": what.get("sockets", []),
        }
        file.write_text(json.dumps(asked))
        file.chmod(0o644)
        answer = self._cluster.do("as-stranger", str(self._python), "-c", PROGRAM, str(file))
        found = json.loads(answer.strip().rpartition("\n")[2])
        assert found["user"] != file.stat().st_uid
        assert isinstance(found, dict)
        return found


@pytest.fixture
def stranger(cluster: Cluster, kernels: Kernels, tmp_path: Path) -> Stranger:
    # pytest's directories are private; this is the one that the stranger may enter.
    for directory in (tmp_path, *tmp_path.parents):
        if directory.name.startswith("pytest-"):
            directory.chmod(stat.S_IMODE(directory.stat().st_mode) | 0o055)
    tmp_path.chmod(0o755)
    kernels.shelf.parts.need("python")
    return Stranger(cluster, kernels.shelf.parts.python, tmp_path)


def running(server: Server, kernels: Kernels) -> tuple[str, Page, Path, dict[str, Any]]:
    """A kernel that prints from now on; its run's directory and connection."""
    kernel_id = server.start("watched")
    page = server.page(kernel_id)
    assert page.run("print('up')") == "up\n"
    (run,) = kernels.runs
    connection = json.loads((run / "connection-1.json").read_text())
    cell = page.execute(PRINTS)
    page.until("the first line", lambda m: m["parent_header"].get("msg_id") == cell
               and "begun" in str(m["content"].get("text")))  # fmt: skip
    return kernel_id, page, run, connection


@pytest.mark.parametrize("kind", ["module", "ipykernel6"])
def test_another_user_reads_nothing(
    kind: str, server: Server, kernels: Kernels, stranger: Stranger
) -> None:
    kernels.put(kind, "watched", time="10")
    kernel_id, page, run, connection = running(server, kernels)
    assert connection["curve_publickey"]
    local = Path(json.loads(_manager_file(kernel_id).read_text())["ip"] + "-1")
    assert stat.S_ISSOCK(local.stat().st_mode)
    files = [str(run), *map(str, run.iterdir()), str(_manager_file(kernel_id))]
    for keys in ("none", "wrong"):
        found = stranger.tries(keys, connection, files=files, sockets=[str(local)])
        assert (found["opened"], found["connected"], found["heard"]) == ([], [], 0)
    # Whoever has the keys does read: the stranger's program is able to.
    assert stranger.tries("right", connection)["heard"] == 5
    assert page.run("print('still well')") == "still well\n"


def test_without_encryption_another_user_reads_everything(
    server: Server, kernels: Kernels, stranger: Stranger
) -> None:
    kernels.put("module", "watched", time="10", config={"wire": "plain"})
    _, _, _, connection = running(server, kernels)
    assert "curve_publickey" not in connection
    assert stranger.tries("none", connection)["heard"] == 5


def _manager_file(kernel_id: str) -> Path:
    (file,) = Path(os.environ["JUPYTER_RUNTIME_DIR"]).glob(f"kernel-{kernel_id}.json")
    return file
