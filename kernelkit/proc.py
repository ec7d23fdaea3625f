"""Running external commands: the only module that imports subprocess."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from .errors import Cancelled, CommandFailed, TimedOut

DETAIL_LIMIT = 4000
_is_unwanted: ContextVar[Callable[[], bool] | None] = ContextVar("is_unwanted", default=None)


@contextmanager
def interruptible(is_unwanted: Callable[[], bool]) -> Iterator[None]:
    """Within, `run` ends its command and raises Cancelled once `is_unwanted` says so.

    Holds for this thread and the work that it does itself; `check_wanted` asks between commands.
    """
    token = _is_unwanted.set(is_unwanted)
    try:
        yield
    finally:
        _is_unwanted.reset(token)


def check_wanted() -> None:
    """Raise Cancelled if nobody wants the work of this thread any more."""
    is_unwanted = _is_unwanted.get()
    if is_unwanted is not None and is_unwanted():
        raise Cancelled("It was cancelled.", hint="Nothing was changed.")


@dataclass(frozen=True)
class Completed:
    """What a command printed and how it ended; text decoded as UTF-8 with replacement."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    fd3: bytes = b""

    @property
    def tail(self) -> str:
        """The last lines of stderr (or else of stdout), for a message's detail."""
        return tail(self.stderr.strip() or self.stdout.strip())


def tail(text: str, limit: int = DETAIL_LIMIT) -> str:
    """The end of `text`, at most `limit` characters, cut at a line."""
    text = text.strip()
    if len(text) <= limit:
        return text
    cut = text[-limit:]
    return "…\n" + cut[cut.find("\n") + 1 :]


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    input: str | bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    want_fd3: bool = False,
    on_line: Callable[[str], None] | None = None,
    check: bool = False,
) -> Completed:
    """Run `argv` in a session of its own and wait at most `timeout` seconds.

    `env` is the whole environment (None inherits ours). With `want_fd3` the child finds
    descriptor 3 open for writing and what it wrote there comes back as bytes: module systems
    print on stdout and stderr at will, so data needs a channel of its own. `on_line` receives
    each line of stderr as it comes. The whole process group is killed at the time limit.

    Raises CommandFailed if the command does not exist, TimedOut if the time is up, Cancelled
    within `interruptible`, and with `check` CommandFailed if it ends with anything but 0.
    """
    data = input.encode() if isinstance(input, str) else input
    read_fd, write_fd = os.pipe() if want_fd3 else (-1, -1)
    command: Sequence[str] = argv
    if want_fd3:
        # pass_fds keeps the number, and the number is only known here: bash moves it to 3.
        command = ["/bin/bash", "-c", f'exec 3>&{write_fd} {write_fd}>&-; exec "$@"', "fd3", *argv]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            pass_fds=(write_fd,) if want_fd3 else (),
            start_new_session=True,
        )
    except OSError as error:
        if want_fd3:
            os.close(read_fd)
            os.close(write_fd)
        raise _cannot_run(argv, error) from error
    if want_fd3:
        os.close(write_fd)
    try:
        stdout, stderr, fd3 = _drain(process, data, read_fd, timeout, on_line)
    except subprocess.TimeoutExpired as error:
        raise _out_of_time(argv, timeout) from error
    finally:
        if process.poll() is None:
            kill_group(process.pid)
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        if want_fd3:
            os.close(read_fd)
    done = Completed(
        tuple(argv),
        process.returncode,
        stdout.decode("utf-8", "replace"),
        stderr.decode("utf-8", "replace"),
        fd3,
    )
    if check and done.returncode:
        raise CommandFailed(
            f"`{argv[0]}` failed with exit code {done.returncode}.",
            returncode=done.returncode,
            detail=done.tail,
        )
    return done


async def run_async(
    argv: Sequence[str],
    *,
    timeout: float,
    input: str | bytes = b"",
    env: Mapping[str, str] | None = None,
) -> Completed:
    """`run` for an event loop: never blocks it, and ends the process when it is cancelled.

    Raises CommandFailed as `run` does.
    """
    import asyncio

    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(env) if env is not None else None,
            start_new_session=True,
        )
    except OSError as error:
        raise _cannot_run(argv, error) from error
    data = input.encode() if isinstance(input, str) else input
    try:
        stdout, stderr = await asyncio.wait_for(process.communicate(data), timeout)
    except asyncio.TimeoutError as error:
        raise _out_of_time(argv, timeout) from error
    finally:
        if process.returncode is None:
            kill_group(process.pid)
            await process.wait()
    return Completed(
        tuple(argv),
        process.returncode or 0,
        stdout.decode("utf-8", "replace"),
        stderr.decode("utf-8", "replace"),
    )


def _cannot_run(argv: Sequence[str], error: OSError) -> CommandFailed:
    return CommandFailed(
        f"`{argv[0]}` cannot be run: {error.strerror}.", hint="Check that it is installed."
    )


def _out_of_time(argv: Sequence[str], timeout: float) -> TimedOut:
    return TimedOut(
        f"`{argv[0]}` did not finish within {timeout:g} s and was ended.",
        hint="Run it by hand to see what it waits for.",
        detail=" ".join(argv),
    )


def _drain(
    process: subprocess.Popen[bytes],
    data: bytes,
    fd3: int,
    timeout: float,
    on_line: Callable[[str], None] | None,
) -> tuple[bytes, bytes, bytes]:
    """Feed stdin and read every channel until the process has ended and all are closed.

    A background process that a module started may hold a channel open for ever, so once the
    process itself has ended the rest gets half a second.
    """
    import selectors
    import time

    assert process.stdin and process.stdout and process.stderr
    found: dict[int, bytearray] = {}
    out, err = process.stdout.fileno(), process.stderr.fileno()
    deadline = time.monotonic() + timeout
    pending = memoryview(data)
    shown = 0
    with selectors.DefaultSelector() as selector:
        for fd in (out, err, fd3):
            if fd >= 0:
                found[fd] = bytearray()
                selector.register(fd, selectors.EVENT_READ)
        os.set_blocking(process.stdin.fileno(), False)
        if pending:
            selector.register(process.stdin, selectors.EVENT_WRITE)
        else:
            process.stdin.close()
        open_fds = set(found)
        grace: float | None = None
        while open_fds or not process.stdin.closed:
            check_wanted()
            now = time.monotonic()
            if process.poll() is not None and grace is None:
                grace = now + 0.5
            limit = deadline if grace is None else grace
            if now >= limit:
                if grace is not None:
                    break
                raise subprocess.TimeoutExpired(process.args, timeout)
            for key, _ in selector.select(min(limit - now, 0.2)):
                if key.fileobj is process.stdin:
                    try:
                        pending = pending[os.write(process.stdin.fileno(), pending[:65536]) :]
                    except BrokenPipeError:
                        pending = memoryview(b"")
                    if not pending:
                        selector.unregister(process.stdin)
                        process.stdin.close()
                    continue
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fd)
                    open_fds.discard(key.fd)
                found[key.fd] += chunk
                if on_line and key.fd == err:
                    shown = _report_lines(found[err], shown, on_line)
        process.wait(max(0.0, deadline - time.monotonic()))
    return bytes(found[out]), bytes(found[err]), bytes(found.get(fd3, b""))


def _report_lines(buffer: bytearray, shown: int, on_line: Callable[[str], None]) -> int:
    # Progress bars end their lines with a carriage return.
    while True:
        ends = [i for i in (buffer.find(b"\n", shown), buffer.find(b"\r", shown)) if i >= 0]
        if not ends:
            return shown
        line = bytes(buffer[shown : min(ends)]).decode("utf-8", "replace").strip()
        shown = min(ends) + 1
        if line:
            on_line(line)


def exec_replace(argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
    """Replace this process by `argv` (used by `kernelkit run` and `shell`); returns only by error."""
    try:
        if env is None:
            os.execvp(argv[0], list(argv))
        else:
            os.execvpe(argv[0], list(argv), dict(env))
    except OSError as error:
        raise CommandFailed(
            f"`{argv[0]}` cannot be run: {error.strerror}.",
            hint="See `kernelkit list` for what is wrong with the kernel.",
        ) from error


def kill_group(pid: int) -> None:
    """Kill the process group of a process started by `run`; one that is gone is fine."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
