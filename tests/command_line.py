"""Runs kernelkit's command line: in this process, as a process, or on a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kernelkit.cli.main import run

PROGRAM = [sys.executable, "-c", "from kernelkit.cli import main; main()"]


@dataclass(frozen=True)
class Answer:
    """What one command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def kernelkit(*arguments: str) -> Answer:
    """Run in this process, with stdout and stderr that are no terminal and an empty stdin."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.stdin = sys.stdin, io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(arguments)
    finally:
        sys.stdin = before
    return Answer(code, out.getvalue(), err.getvalue())


def kernelkit_process(*arguments: str, **variables: str) -> Answer:
    """Run as a process of its own."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def on_terminal(
    *arguments: str, answer: bytes = b"", columns: int = 100, **variables: str
) -> tuple[int, str]:
    """Run with a terminal as stdin, stdout and stderr; the exit code and all that appeared."""
    environment = {**os.environ, "TERM": "xterm-256color", **variables}
    return _in_pty([*PROGRAM, *arguments], environment, answer, columns)


def _in_pty(
    argv: Sequence[str], environment: dict[str, str], answer: bytes, columns: int
) -> tuple[int, str]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        argv, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    os.write(ours, answer)
    found = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # EIO: the other side is closed
            break
        if not chunk:
            break
        found += chunk
    os.close(ours)
    return process.wait(), found.decode().replace("\r\n", "\n")
