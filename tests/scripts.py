"""Runs a rendered launch.sh as a person or a Jupyter server would."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from real import SYSTEM_PATH

from kernelkit.model import Plan
from kernelkit.specs.script import render_script

# Texts that make a file `marker` in the working directory if they get anywhere as code.
ATTACKS = (
    "$(touch marker)",
    "`touch marker`",
    "; touch marker",
    "\ntouch marker\n",
    "# \ntouch marker",
    "' ; touch marker; '",
    '" ; touch marker; "',
    "'\"$(touch marker)\"'",
    "| touch marker &",
    "&& touch marker",
    "\\'; touch marker #",
    "a\\\ntouch marker",
    "\r touch marker \r",
    "\u2028touch marker",
    "x=y touch marker",
    "(){ :;}; touch marker",
    "--run\ntouch marker",
    "-f",
    "<(touch marker)",
    "{touch,marker}",
    "*",
    "~",
    "$HOME",
    "!!",
)


def write_script(plan: Plan, directory: Path, name: str = "launch.sh") -> Path:
    script = directory / name
    script.write_bytes(render_script(plan))
    script.chmod(0o755)
    return script


def launch(
    script: Path, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run it in an environment of `env` and little else."""
    base = {"PATH": SYSTEM_PATH, "HOME": os.environ["HOME"], "LANG": "C.UTF-8"}
    return subprocess.run(
        [script, *arguments],
        env=base | dict(env or {}),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )


def environment_of(stdout: bytes) -> dict[str, str]:
    """What `env -0` printed."""
    pairs = (entry.partition(b"=") for entry in stdout.split(b"\0") if entry)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def run_env(
    script: Path, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> dict[str, str]:
    """The environment that a command gets; the script must have nothing to say."""
    done = launch(script, "--run", *ENV, env=env, cwd=cwd)
    assert (done.returncode, done.stderr) == (0, b"")
    return environment_of(done.stdout)


ENV: Sequence[str] = ("/usr/bin/env", "-0")
