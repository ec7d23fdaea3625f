"""A kernel on Slurm keeps its request through changes, and its jobs are asked for with them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from command_line import kernelkit, kernelkit_process
from real import Parts
from slurm import Cluster


def test_a_changed_and_renamed_kernel_starts_in_its_job(cluster: Cluster, parts: Parts) -> None:
    parts.need("python")
    layers = ("create", "--python", str(parts.python), "--as", "before", "--no-test")
    assert kernelkit(*layers, "--on-slurm", "--time", "10:00", "--keep").code == 0
    changed = kernelkit("set", "before", "resources.time=7:00", "resources.cpus=1", "--json")
    assert "run a cell" in changed.json["tested"]
    assert kernelkit("rename", "before", "after").code == 0
    kernels = Path(os.environ["JUPYTER_DATA_DIR"], "kernels")
    assert not (kernels / "before").exists()
    spec = json.loads((kernels / "after/kernel.json").read_text())
    config = spec["metadata"]["kernel_provisioner"]["config"]
    assert config["resources"] == {"time": "7:00", "cpus": 1}
    assert config["keep"] is True
    assert (kernels / "after/kernel_info.json").is_file()
    done = kernelkit_process("test", "after", "--on-slurm", "--json")
    assert done.code == 0, done.out + done.err
    assert "run a cell" in done.json["steps"]
    undone = kernelkit("rollback", "after")
    assert undone.code == 0 and (kernels / "before").is_dir()
