"""The labextension, where a test may build it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from real import SYSTEM_PATH, Parts

SOURCES = Path(__file__).parents[1] / "labextension"


@dataclass(frozen=True)
class FrontEnd:
    """A copy of labextension/ that a test may build in, with the packages of yarn.lock."""

    root: Path
    parts: Parts

    def jlpm(self, *arguments: str) -> str:
        """What the command says; a test fails with that when the command does."""
        environment = {
            "PATH": f"{self.parts.node_bin}:{SYSTEM_PATH}",
            "HOME": str(self.root.parent),
            "TMPDIR": str(self.root.parent),
            "YARN_ENABLE_TELEMETRY": "0",
            "CI": "1",
        }
        done = subprocess.run(
            ["jlpm", *arguments],
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
        )
        if done.returncode != 0:
            pytest.fail(f"jlpm {' '.join(arguments)}\n{done.stdout}", pytrace=False)
        return done.stdout
