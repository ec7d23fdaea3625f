"""The relay as a process of its own: argv of a Slurm kernelspec, for front ends without provisioners.

VS Code runs argv, with ports already chosen and `--f=FILE` appended. This process is the kernel as
far as it can tell: it submits the job, answers meanwhile, and ends with it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import KernelkitError, UsageError
from .desk import Desk, desk
from .front import new_seed
from .keeper import Keeper
from .options import kernel_info_of, parse_options
from .relay import Relay, RelayEvents


def main(argv: Sequence[str] | None = None) -> int:
    """`python -m kernelkit.running.launcher KERNEL_DIR -f CONNECTION_FILE`; the exit code."""
    try:
        directory, file = parse_arguments(sys.argv[1:] if argv is None else argv)
        return asyncio.run(_Launch(directory, file).run())
    except KernelkitError as error:
        print(f"kernelkit: {error.message} {error.hint}".strip(), file=sys.stderr)
        return error.exit_code


def parse_arguments(argv: Sequence[str]) -> tuple[Path, Path]:
    """The kernel's directory and the connection file: `-f X`, `-f=X` or `--f=X` at any position."""
    directory, file, words = "", "", list(argv)
    while words:
        word = words.pop(0)
        if word == "-f" and words:
            file = words.pop(0)
        elif word.startswith(("-f=", "--f=")):
            file = word.partition("=")[2]
        elif not directory:
            directory = word
    if not directory or not file:
        raise UsageError(
            "The launcher needs a kernel's directory and a connection file.",
            hint="Jupyter starts it; by hand: `launcher KERNEL_DIR -f CONNECTION_FILE`.",
        )
    return Path(directory), Path(file)


class _Launch:
    def __init__(self, directory: Path, file: Path) -> None:
        from jupyter_client.kernelspec import KernelSpec

        self._spec = KernelSpec.from_resource_dir(str(directory))
        self._file = file
        self._done = asyncio.Event()

    async def run(self) -> int:
        """Until the kernel has ended or is to end."""
        loop = asyncio.get_running_loop()
        connection: dict[str, Any] = json.loads(self._file.read_text())
        options = parse_options(self._spec)
        here = desk()

        def interrupt() -> None:
            here.background.run(keeper.signal("INT"))

        def interrupt_kernel() -> None:
            here.background.run(keeper.interrupt())

        def end(restart: bool) -> None:
            loop.call_soon_threadsafe(self._done.set)

        relay = Relay(
            connection,
            kernel_info_of(Path(self._spec.resource_dir), self._spec.language),
            RelayEvents(interrupted=interrupt_kernel, shutdown_requested=end),
        )
        relay.start()
        seed = new_seed(
            connection["key"],
            connection["signature_scheme"],
            connection.get("kernel_name", ""),
            encrypted=options.wire != "plain",
        )
        run = here.make_run(self._spec, str(uuid.uuid4()), seed, options, str(Path.cwd()), {}, True)
        keeper = here.keeper_of(run, seed, relay)
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._done.set)
        loop.add_signal_handler(signal.SIGINT, interrupt)
        try:
            await here.background.call(keeper.submit(options.in_job))
            return await self._until_end(here, keeper)
        finally:
            await here.background.call(here.end(keeper, "its front end ended"))
            relay.stop()

    async def _until_end(self, here: Desk, keeper: Keeper) -> int:
        ended = asyncio.ensure_future(here.background.call(keeper.until("exited", "ended")))
        asked = asyncio.ensure_future(self._done.wait())
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not ended.done():
            return 0
        state = ended.result()
        print(f"kernelkit: {state.why()}", file=sys.stderr)
        return state.exit or 0


if __name__ == "__main__":
    raise SystemExit(main())
