"""A test launch: start a kernel as Jupyter would, run a cell, interrupt one, shut it down."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

from ..errors import KernelFailed, KernelkitError
from ..files import write_file
from ..proc import tail
from .options import KERNEL_INFO_FILE


@dataclass(frozen=True)
class Cells:
    """What to run in a language: set a variable, loop for ever after printing `go`, show it."""

    remember: str
    loop: str
    recall: str


LANGUAGE_CELLS = {
    "python": Cells(
        "kernelkit_probe = 6 * 7",
        "import time\nprint('go', flush=True)\nwhile True:\n    time.sleep(0.05)",
        "print(kernelkit_probe); del kernelkit_probe",
    ),
    "r": Cells(
        "kernelkit_probe <- 6 * 7",
        "cat('go\\n'); flush.console(); repeat Sys.sleep(0.05)",
        "cat(kernelkit_probe)",
    ),
    "bash": Cells(
        "kernelkit_probe=$((6 * 7))",
        "echo go; while :; do sleep 0.05; done",
        'echo "$kernelkit_probe"',
    ),
    "julia": Cells(
        "kernelkit_probe = 6 * 7;",
        'println("go"); flush(stdout); while true; sleep(0.05); end',
        "print(kernelkit_probe)",
    ),
}


@dataclass(frozen=True)
class Handshake:
    """What a test launch saw: the kernel's own name for itself, and the steps that passed."""

    implementation: str
    steps: tuple[str, ...]
    kernel_info: dict[str, Any]


class _OneSpec(KernelSpecManager):  # type: ignore[misc, unused-ignore]
    """Gives one kernelspec from any directory, without that directory being on Jupyter's path."""

    spec: KernelSpec

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return self.spec


def shake_hands(
    directory: Path,
    *,
    timeout: float,
    cwd: Path | None = None,
    in_job: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
) -> Handshake:
    """Start the kernel in `directory` (installed or staged), and see that it works.

    `timeout` is in seconds and bounds each wait. A kernel for Slurm is started here, on this
    node, unless `in_job` has it started as its kernelspec says. Called by `install` before anything is put in
    place, and by `test`. Raises KernelFailed, with the kernel's own log as detail.
    """
    passed: list[str] = []

    def step(name: str) -> None:
        on_step(name)
        passed.append(name)

    with _started(directory, timeout, cwd, step, in_job) as (client, language):
        cells = LANGUAGE_CELLS.get(language)
        info = _kernel_info(client, timeout)
        if cells:
            step("run a cell")
            _expect(client, cells.remember, timeout)
            step("interrupt a cell")
            _interrupt(client, cells, timeout)
            step("find the variable again")
            found = _expect(client, cells.recall, timeout)
            if "42" not in found:
                raise KernelFailed(
                    f"The kernel answered `{found.strip()[:80]}` where 42 was expected.",
                    hint="The kernel may have restarted when it was interrupted.",
                )
        step("shut down")
    return Handshake(
        implementation=" ".join(
            str(info.get(key, "")) for key in ("implementation", "implementation_version")
        ).strip(),
        steps=tuple(passed),
        kernel_info=info,
    )


def try_staged(
    directory: Path,
    *,
    timeout: float,
    keep_info: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
) -> tuple[str, ...]:
    """The steps that a staged kernel passed, before it is put in place; see `shake_hands`.

    `keep_info` keeps what the kernel says of itself beside it: the relay answers with that while
    the kernel's job waits.
    """
    seen = shake_hands(directory, timeout=timeout, on_step=on_step)
    if keep_info:
        info = json.dumps(seen.kernel_info, default=str).encode()
        write_file(directory / KERNEL_INFO_FILE, info)
    return seen.steps


@contextmanager
def _started(
    directory: Path, timeout: float, cwd: Path | None, step: Callable[[str], None], in_job: bool
) -> Iterator[tuple[_Client, str]]:
    spec = KernelSpec.from_resource_dir(str(directory))
    # A staged kernel.json already names the place where the kernel will be.
    if spec.metadata.get("kernelkit") and not in_job:
        spec.argv = [str(directory / "launch.sh"), "-f", "{connection_file}"]
        spec.metadata.pop("kernel_provisioner", None)
    specs = _OneSpec()
    specs.spec = spec
    with tempfile.TemporaryFile() as log:
        manager = KernelManager(kernel_name=directory.name, kernel_spec_manager=specs)
        client: BlockingKernelClient | None = None
        try:
            step("start")
            manager.start_kernel(stdout=log, stderr=log, cwd=str(cwd) if cwd else None)
            client = manager.blocking_client()
            # No heartbeat: its thread does not stop where it is told to before it is under way
            # (jupyter_client 8.10), and opens sockets until this process has no descriptors left.
            client.start_channels(hb=False)
            step("answer")
            client.wait_for_ready(timeout=timeout)
            yield _Client(client, manager), spec.language.lower()
            manager.shutdown_kernel()
        except KernelFailed as error:
            error.detail = error.detail or _tail(log)
            raise
        except KernelkitError:
            raise
        except Exception as error:  # noqa: BLE001 - jupyter_client raises RuntimeError, Empty, OSError …
            raise KernelFailed(
                _in_words(error, timeout),
                hint="The kernel's own words stand above; `kernelkit doctor` has more checks.",
                detail=_tail(log),
            ) from error
        finally:
            if client is not None:
                client.stop_channels()
            with suppress(Exception):
                if manager.is_alive():
                    manager.shutdown_kernel(now=True)
            manager.cleanup_resources()


@dataclass(frozen=True)
class _Client:
    client: BlockingKernelClient
    manager: KernelManager


def _in_words(error: Exception, timeout: float) -> str:
    text = str(error).strip().rstrip(".") or type(error).__name__
    if "died before replying" in text:
        return "The kernel ended before it answered."
    if "didn't respond" in text:
        return f"The kernel did not answer within {timeout:g} s."
    return f"The kernel could not be used: {text}."


def _tail(log: Any) -> str:
    log.seek(0)
    return tail(log.read().decode("utf-8", "replace"))


def _kernel_info(kernel: _Client, timeout: float) -> dict[str, Any]:
    reply = kernel.client.kernel_info(reply=True, timeout=timeout)
    return dict(reply["content"])


def _expect(kernel: _Client, code: str, timeout: float) -> str:
    """Run `code`, which must succeed; what it printed."""
    printed: list[str] = []

    def collect(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "stream":
            printed.append(content["text"])
        elif message["msg_type"] in ("execute_result", "display_data"):
            printed.append(content["data"].get("text/plain", ""))

    reply = kernel.client.execute_interactive(code, timeout=timeout, output_hook=collect)
    content = reply["content"]
    if content["status"] != "ok":
        raise KernelFailed(
            f"A test cell failed: {content.get('ename', '')}: {content.get('evalue', '')}."
        )
    return "".join(printed)


def _interrupt(kernel: _Client, cells: Cells, timeout: float) -> None:
    """Start the endless cell, interrupt it once it says `go`, and see it end with an error."""
    sent = False

    def when_running(message: dict[str, Any]) -> None:
        nonlocal sent
        if not sent and message["msg_type"] == "stream" and "go" in message["content"]["text"]:
            sent = True
            kernel.manager.interrupt_kernel()

    reply = kernel.client.execute_interactive(cells.loop, timeout=timeout, output_hook=when_running)
    if not sent:
        raise KernelFailed(f"The endless cell ended by itself: {reply['content']}.")
