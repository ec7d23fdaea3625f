"""A kernel through launch.sh, the same layers run by hand, and bare ipykernel: Popen to its answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session
from measure import Samples, side_by_side
from real import Parts

LIMIT = 60.0  # seconds after which a kernel that has not answered is a failure
KERNELKIT = str(Path(sys.executable).parent / "kernelkit")
IPYKERNEL = ["-m", "ipykernel_launcher"]

# What a person would write for the same layers: no check, no clean start.
BY_HAND = {
    "module": '{init}\nexport MODULEPATH={tree}\nmodule load python/3.11\nexec "$@"\n',
    "SIF": 'exec {apptainer} exec {image} "$@"\n',
    "venv": 'exec "$@"\n',
}


@dataclass(frozen=True)
class Variants:
    """The argv of each way to start a kernel, and of each way to run a command that does nothing."""

    kernels: dict[str, list[str]]
    commands: dict[str, list[str]]


def prepare(parts: Parts, work: Path, env: dict[str, str]) -> dict[str, Variants]:
    """The variants of each layer; the kernels are installed as a user installs them."""
    venv = work / "venv"
    subprocess.run(["/usr/bin/python3", "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin/pip", "install", "-qq", "ipykernel"], check=True)
    places = {
        "init": _source_init(env),
        "tree": parts.lmod_tree,
        "apptainer": parts.apptainer_bin / "apptainer",
        "image": parts.image("demo.sif"),
        "venv": venv,
    }
    created = {
        "module": ["--module", "python/3.11"],
        "SIF": ["--container", str(parts.image("demo.sif"))],
        "venv": ["--venv", str(venv)],
    }
    bare = {"module": parts.python, "SIF": parts.python, "venv": venv / "bin/python"}
    inside = {"module": "python3", "SIF": "python3", "venv": f"{venv}/bin/python"}
    found = {}
    for layer, options in created.items():
        name = f"start-{layer.lower()}"
        subprocess.run(
            [KERNELKIT, "create", "--as", name, *options], env=env, check=True,
            stdout=sys.stderr, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        by_hand = work / f"{name}.sh"
        by_hand.write_text("#!/bin/bash\n" + BY_HAND[layer].format(**places))
        by_hand.chmod(0o755)
        kernel = Path(env["JUPYTER_DATA_DIR"]) / "kernels" / name
        launch = str(kernel / "launch.sh")
        found[layer] = Variants(
            kernels={
                "launch.sh": [launch],
                "by hand": [str(by_hand), inside[layer], *IPYKERNEL],
                "bare ipykernel": [str(bare[layer]), *IPYKERNEL],
            },
            commands={
                "launch.sh": [launch, "--run", "/bin/true"],
                "by hand": [str(by_hand), "/bin/true"],
            },
        )
    return found


def _source_init(env: dict[str, str]) -> str:
    """The lines that define `module`: of the same files, for both ways to the same layers."""
    program = "from kernelkit.site import load_site; print(*load_site().module_init, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
    )
    return "\n".join(f". {path}" for path in done.stdout.splitlines())


def compare(
    layer: str, variants: Variants, env: dict[str, str], *, rounds: int
) -> tuple[dict[str, Samples], dict[str, Samples]]:
    """Seconds from Popen to the reply to kernel_info_request, and from start to end of `true`."""
    directory = Path(env["JUPYTER_RUNTIME_DIR"])
    kernels = {
        name: partial(time_to_answer, argv, directory, env)
        for name, argv in variants.kernels.items()
    }
    commands = {name: partial(time_to_end, argv, env) for name, argv in variants.commands.items()}
    return (
        side_by_side(kernels, rounds=rounds, title=f"start a kernel ({layer})"),
        side_by_side(commands, rounds=rounds, title=f"run a command ({layer})"),
    )


def time_to_end(argv: Sequence[str], env: dict[str, str]) -> float:
    """Run one command."""
    start = time.perf_counter()
    subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return time.perf_counter() - start


def time_to_answer(argv: Sequence[str], directory: Path, env: dict[str, str]) -> float:
    """Start one kernel, wait for its first reply, and end it again."""
    path = str(directory / f"kernel-{time.monotonic_ns()}.json")
    _, config = write_connection_file(path)
    session = Session(key=config["key"].encode())
    with zmq.Context() as context, context.socket(zmq.DEALER) as shell:
        shell.linger = 0
        # The usual 100 ms between two attempts to connect would hide what is measured.
        shell.setsockopt(zmq.RECONNECT_IVL, 2)
        start = time.perf_counter()
        process = subprocess.Popen(
            [*argv, "-f", path], env=env, cwd=directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        try:
            shell.connect(f"tcp://{config['ip']}:{config['shell_port']}")
            session.send(shell, "kernel_info_request", {})
            if not shell.poll(int(LIMIT * 1000)):
                raise SystemExit(f"{argv} gave no answer")
            seconds = time.perf_counter() - start
        finally:
            _end(process)
            Path(path).unlink(missing_ok=True)
    return seconds


def _end(process: subprocess.Popen[bytes]) -> None:
    # TERM lets Apptainer take its mount down.
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.communicate(timeout=10)
            return
        except subprocess.TimeoutExpired:
            continue
