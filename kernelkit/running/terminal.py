"""A kernel that its server left, for a terminal: a connection file, while this process cares for it.

`kernelkit attach RUN --here` becomes this process. It is to the kernel what a server is: the relay
is before it, the lease is renewed. When the process ends, the kernel lives on for another lease.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import KernelkitError, UsageError
from ..files import replace_file
from .desk import Desk, desk
from .keeper import Keeper
from .local_sockets import LocalSockets
from .options import kernel_info_of
from .records import Run
from .relay import Relay, RelayEvents


def main(argv: Sequence[str] | None = None) -> int:
    """`python -m kernelkit.running.terminal RUN`; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if len(words) != 1:
            raise UsageError("A run's id is needed.", hint="`kernelkit attach RUN --here`.")
        return asyncio.run(_attend(words[0]))
    except KernelkitError as error:
        print(f"kernelkit: {error.message} {error.hint}".strip(), file=sys.stderr)
        return error.exit_code


async def _attend(run_id: str) -> int:
    here = desk()
    run = here.runs.load(run_id)
    here.control.check_free(run)
    seed = here.runs.read_seed(run_id)
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    told_to_end = asyncio.Event()

    def end(restart: bool) -> None:
        loop.call_soon_threadsafe(told_to_end.set)

    def interrupt() -> None:
        here.background.run(keeper.interrupt())

    sockets = LocalSockets()
    sockets.make()
    relay = Relay(
        sockets.of_relay(seed["key"], seed["signature_scheme"]),
        kernel_info_of(Path(run.kernel_dir), _language(run)),
        RelayEvents(interrupted=interrupt, shutdown_requested=end),
    )
    keeper = here.keeper_of(run, seed, relay)
    file = _connection_file(run)
    try:
        relay.start()
        await here.background.call(keeper.adopt(run.kernel_id))
        connection = sockets.of_manager(seed["key"], seed["signature_scheme"])
        _write(file, {**connection, "kernel_name": run.kernel_name})
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, asked.set)
        print(file, flush=True)
        _say(f"run {run.id} in job {keeper.run.job_id}: `jupyter console --existing {file}`")
        _say("the kernel is cared for until you end this (Ctrl-C); it then lives on for a lease")
        return await _until_end(here, keeper, asked, told_to_end)
    finally:
        relay.stop()
        sockets.remove()
        if keeper.run.server != run.server:
            file.unlink(missing_ok=True)


async def _until_end(
    here: Desk, keeper: Keeper, asked: asyncio.Event, told_to_end: asyncio.Event
) -> int:
    ended = asyncio.ensure_future(here.background.call(keeper.until("exited", "ended")))
    waits = [ended, *(asyncio.ensure_future(event.wait()) for event in (asked, told_to_end))]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits[1:]:
        wait.cancel()
    if asked.is_set():
        await here.background.call(keeper.leave())
        _say(f"left; `kernelkit attach {keeper.run.id}` takes it again, `kernelkit cancel` ends it")
        return 0
    if ended.done():
        _say(ended.result().words)
    # As a client's own kernel: nobody else could start it again.
    await here.background.call(here.end(keeper, "its kernel ended in a terminal"))
    return 0


def _language(run: Run) -> str:
    from jupyter_client.kernelspec import KernelSpec

    try:
        return str(KernelSpec.from_resource_dir(run.kernel_dir).language)
    except (OSError, ValueError):  # the kernelspec was removed; the kernel is there all the same
        return ""


def _connection_file(run: Run) -> Path:
    from jupyter_core.paths import jupyter_runtime_dir

    return Path(jupyter_runtime_dir()) / f"kernel-{run.kernel_id}.json"


def _write(file: Path, connection: dict[str, Any]) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(file, json.dumps(connection, indent=1).encode() + b"\n", 0o600)


def _say(text: str) -> None:
    print(f"kernelkit: {text}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
