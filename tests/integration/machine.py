"""A user's machine for a test: home, site settings, a project, and what to put into them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from real import Parts

Need = Callable[..., None]
Kernelkit = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Machine:
    """Where things are; `words` fills them into text."""

    parts: Parts
    home: Path
    project: Path
    shared: Path

    def words(self, texts: Sequence[str]) -> list[str]:
        """`texts` with {home}, {project}, {parts}, {images}, {software} and {conda} filled in."""
        places = {
            "home": self.home,
            "project": self.project,
            "parts": self.parts.root,
            "images": self.parts.root / "images",
            "software": self.parts.software,
            "conda": self.parts.conda_root,
        }
        return [text.format(**places) for text in texts]

    def configure(self, system: str = "lmod", **settings: Any) -> None:
        """Write the site's settings; `detected` leaves the module system to be found."""
        parts = self.parts
        given: dict[str, Any] = {"packages_root": str(self.shared / "packages")}
        if system == "environment-modules":
            given |= {
                "module_system": system,
                "module_init": [str(parts.environment_modules_init)],
                "module_paths": [str(parts.tcl_tree)],
            }
        elif system == "lmod-new":
            given |= {
                "module_system": "lmod",
                "module_init": [str(parts.lmod_new_init)],
                "module_paths": [str(parts.lmod_new_tree), str(parts.lmod_tree)],
            }
        elif system == "lmod":
            given |= {
                "module_system": "lmod",
                "module_init": [str(parts.lmod_init)],
                "module_paths": [str(parts.lmod_tree)],
            }
        elif system == "apptainer":
            given["container_runtime"] = str(parts.apptainer_bin / "apptainer")
        else:
            assert system in ("detected", "none"), system
        file = Path(os.environ["JUPYTER_CONFIG_DIR"]) / "jupyter_kernelkit_config.json"
        file.write_text(json.dumps({"KernelkitSite": {**given, **settings}}))

    def venv(self, path: Path | None = None, *options: str) -> Path:
        """A virtual environment of the python module, with a package `layer_venv` in it."""
        path = path or self.project / ".venv"
        subprocess.run(
            [str(self.parts.python), "-m", "venv", "--without-pip", *options, str(path)], check=True
        )
        (site,) = path.glob("lib/python3.*/site-packages")
        write_layer(site, "layer_venv")
        return path


def write_layer(directory: Path, name: str) -> Path:
    """A package of one line in `directory`, which only that directory has."""
    (directory / name).mkdir(parents=True, exist_ok=True)
    (directory / name / "__init__.py").write_text(f"WHERE = {str(directory)!r}\n")
    return directory
