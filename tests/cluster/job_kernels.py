"""Kernelspecs for the cluster's tests: what is under a kernel, and what its job asks for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from command_line import PROGRAM
from machine import write_layer
from real import SYSTEM_PATH, Parts

LMOD = ("lmod", "modules", "python")
IMAGES = ("apptainer", "image-demo")

# kind -> how it is installed and what that needs.
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "module": (("install", "python/3.11"), LMOD),
    "portable": (("install", "python/3.11", "--portable"), LMOD),
    "environment-modules": (
        ("install", "python/3.11"), ("environment-modules", "modules", "python"),
    ),
    "mpi": (("install", "mpich-mpi4py"), (*LMOD, "mpi")),
    "venv": (("install", "{shelf}/venv"), ("python",)),
    # Of the tests' own environment, which has everything that front ends speak to.
    "own": (("create", "--python", sys.executable), ()),
    "conda": (("install", "{conda}/envs/science"), ("conda",)),
    "image": (("install", "{images}/demo.sif"), IMAGES),
    "folder": (("install", "{images}/demo", "--packages", "{shelf}/extra"), IMAGES),
    "wrapper": (("install", "pytorch/2.7.1"), (*LMOD, *IMAGES)),
    "function": (("create", "--module", "tensorflow/2.15"), (*LMOD, *IMAGES)),
    "r": (("install", "r/4.2"), (*LMOD, "r")),
    "bash": (("create", "--module", "bash_kernel/0.10", "--language", "bash"), (*LMOD, "bash-kernel")),
    "ipykernel6": (("install", "{images}/ipykernel6.sif"), ("apptainer", "image-ipykernel6")),
    # Of a site whose nodes see no Python of kernelkit's.
    "own-pyzmq": (("install", "{images}/ipykernel6.sif"), ("apptainer", "image-ipykernel6")),
    "unencrypted": (("install", "r/4.2"), (*LMOD, "r")),
}  # fmt: skip

UNSEEN = {"node_python": "", "allow_plain": True}
SITES = {
    "environment-modules": "environment-modules", "own-pyzmq": "unseen", "unencrypted": "unseen",
}  # fmt: skip


class Shelf:
    """Kernelspecs that tests copy from."""

    def __init__(self, parts: Parts, directory: Path) -> None:
        self.parts, self.directory = parts, directory
        self._made: dict[str, Path] = {}
        self._configure("lmod", parts.lmod_init, parts.lmod_tree)
        self._configure("environment-modules", parts.environment_modules_init, parts.tcl_tree)
        self._configure("lmod", parts.lmod_init, parts.lmod_tree, "unseen", **UNSEEN)

    def _configure(self, system: str, init: Path, tree: Path, site: str = "", **more: Any) -> None:
        settings = {
            **more,
            "module_system": system,
            "module_init": [str(init)],
            "module_paths": [str(tree)],
            "container_runtime": str(self.parts.apptainer_bin / "apptainer"),
            "packages_root": str(self.directory / "packages"),
        }
        directory = self.directory / (site or system)
        directory.mkdir()
        file = directory / "jupyter_kernelkit_config.json"
        file.write_text(json.dumps({"KernelkitSite": settings}))

    def kernel(self, kind: str) -> Path:
        """The directory of a kernel that asks for nothing in particular."""
        if kind not in self._made:
            command, needs = KINDS[kind]
            self.parts.need(*needs)
            if kind == "venv":
                self._make_venv(self.directory / "venv")
            elif kind == "folder":
                write_layer(self.directory / "extra", "layer_packages")
            site = SITES.get(kind, "lmod")
            self._made[kind] = self.install(f"a-{kind}", *command, site=site)
        return self._made[kind]

    def install(self, name: str, *command: str, site: str = "lmod") -> Path:
        """Install by the command line, as a user does; the kernel's directory."""
        places = {
            "shelf": self.directory,
            "images": self.parts.root / "images",
            "conda": self.parts.conda_root,
        }
        words = [word.format(**places) for word in command]
        options = [
            "--as",
            name,
            "--on-slurm",
            "--no-check",
            "--no-test",
            "--prefix",
            str(self.directory),
        ]
        done = subprocess.run(
            [*PROGRAM, words[0], "--json", *words[1:], *options],
            env={
                "PATH": SYSTEM_PATH,
                "HOME": str(self.directory),
                "JUPYTER_CONFIG_DIR": str(self.directory / site),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return Path(json.loads(done.stdout)["directory"])

    def _make_venv(self, path: Path) -> None:
        argv = [str(self.parts.python), "-m", "venv", "--without-pip", str(path)]
        subprocess.run(argv, check=True)
        (site,) = path.glob("lib/python3.*/site-packages")
        write_layer(site, "layer_venv")


@dataclass
class Kernels:
    """The kernels of one test."""

    shelf: Shelf
    home: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def put(
        self,
        kind: str,
        name: str = "",
        *,
        config: dict[str, Any] | None = None,
        **resources: Any,
    ) -> str:
        """Have a kernel of this kind that asks for `resources` (partition cpu when not said).

        `config` is added to the provisioner's.
        """
        name = name or kind
        source = self.shelf.kernel(kind)
        target = Path(os.environ["JUPYTER_DATA_DIR"]) / "kernels" / name
        shutil.copytree(source, target)
        file = target / "kernel.json"
        spec = json.loads(file.read_text())
        spec["argv"] = [str(target) if w == str(source) else w for w in spec["argv"]]
        asked = {"partition": "cpu", **resources}
        metadata = spec["metadata"]
        stanza = metadata.get("kernel_provisioner")
        found = stanza["config"] if stanza else metadata["kernelkit_job"]
        found |= {"resources": asked, **(config or {})}
        file.write_text(json.dumps(spec))
        return name

    def configure(self, **settings: Any) -> None:
        """Set the site's settings."""
        self.settings |= settings
        file = Path(os.environ["JUPYTER_CONFIG_DIR"]) / "jupyter_kernelkit_config.json"
        file.write_text(json.dumps({"KernelkitSite": self.settings}))

    def directory(self, name: str) -> Path:
        """Where a kernel that was put is."""
        return Path(os.environ["JUPYTER_DATA_DIR"]) / "kernels" / name

    @property
    def runs(self) -> list[Path]:
        """The directories of the runs, oldest first."""
        root = self.home / ".local/share/kernelkit/runs"
        return sorted(root.glob("????????????"), key=lambda path: path.stat().st_mtime)
