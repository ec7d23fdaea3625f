"""Commands of Slurm that misbehave as the real ones cannot be made to: small scripts on PATH."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from kernelkit.slurm import client

FIELD, RECORD = "\\037", "\\036"

# What squeue may print that is no whole answer.
TROUBLE = {
    "exit 1": "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1",
    "exit 1 in silence": "exit 1",
    "stderr at exit 0": "echo 'slurm_load_jobs error: Socket timed out on send/recv' >&2; exit 0",
    "rate-limited": "echo 'slurm_load_jobs error: RPC rate limit exceeded' >&2; exit 1",
    "garbage": "head -c 3000 /bin/bash",
    "html": "echo '<html><body>502 Bad Gateway</body></html>'",
    "another format": "echo '17|RUNNING|gpu'",
    "truncated": f"printf '{RECORD}17{FIELD}RUNNI'",
    "truncated at the end": f"printf '{RECORD}17{FIELD}RUNNING{FIELD * 9}x'",
    "killed": "kill -KILL $$",
}


@dataclass(frozen=True)
class Fakes:
    """A directory that is PATH's first; each fake writes a line into `calls` when it is run."""

    directory: Path

    def put(self, name: str, body: str) -> None:
        """Have a command `name` that runs `body` in bash; its arguments are in `"$@"`."""
        path = self.directory / name
        path.write_text(f"#!/bin/bash\necho {name} >>'{self.directory}/calls'\n{body}\n")
        path.chmod(0o755)

    def calls(self, name: str) -> int:
        """How often the command was run."""
        path = self.directory / "calls"
        return path.read_text().split().count(name) if path.exists() else 0

    def queue(self, *jobs: tuple[str, str, str], then: str = "") -> None:
        """A squeue that knows these jobs, each (id, state, name), as ours asks for them.

        The name is printf's: octal escapes make bytes.
        """
        lines = [
            f"printf '{RECORD}{job_id}{FIELD}{state}{FIELD * 10}{name}{FIELD}\\n'"
            for job_id, state, name in jobs
        ]
        # Twelve fields: the id, the state, nine that are empty here, and the name.
        self.put("squeue", "\n".join([*lines, then]))


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    """No real Slurm: only what a test puts there, and what the scripts need."""
    directory, tools = tmp_path / "fakes", tmp_path / "tools"
    for path in (directory, tools):
        path.mkdir()
    for name in ("sleep", "head", "env"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", f"{directory}:{tools}")
    for name in ("sbatch", "squeue", "sacct", "scancel", "sinfo", "scontrol", "sacctmgr"):
        Fakes(directory).put(name, f"echo '{name}: error: this fake does nothing' >&2; exit 1")
    return Fakes(directory)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUBMIT_TIMEOUT", "QUERY_TIMEOUT", "HISTORY_TIMEOUT"):
        monkeypatch.setattr(client, name, 0.5)
