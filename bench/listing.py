"""`kernelkit list` against `jupyter kernelspec list`, over kernelspecs made by the store."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import msgspec
from canned import LMOD_INIT, draft, modules, python
from measure import Samples, show_progress, side_by_side

from kernelkit.files import digest, mark_file
from kernelkit.model import LoadedModule, Plan
from kernelkit.specs import store
from kernelkit.specs.script import render_script
from kernelkit.specs.spec import render_kernel_json, render_record

HEAVY = ("zmq", "traitlets", "jupyter_client", "jsonschema")
BIN = Path(sys.executable).parent
COMMANDS = {
    "kernelkit list": [str(BIN / "kernelkit"), "list"],
    "jupyter kernelspec list": [str(BIN / "jupyter"), "kernelspec", "list"],
}


def fill(data: Path, count: int, files: list[Path]) -> None:
    """`count` kernelspecs: every other one managed, with `files` as its modules' and Python's."""
    for number in range(count):
        show_progress("making kernelspecs", number + 1, count)
        name = f"bench-{number:04}"
        if number % 2:
            _foreign(data / "kernels" / name)
        else:
            _managed(data, name, files, number)


def _managed(data: Path, name: str, files: list[Path], number: int) -> None:
    plan = _plan(files, number)
    script = render_script(plan)
    kernel = render_kernel_json(
        plan,
        directory=data / "kernels" / name,
        installed="2026-01-01T00:00:00+00:00",
        digests={"launch.sh": digest(script)},
    )
    content = {"launch.sh": (script, 0o755), "kernel.json": (kernel, 0o644)}
    store.commit(store.stage(data, name, content, render_record(plan, ())), replace=False)


def _plan(files: list[Path], number: int) -> Plan:
    """Three modules and an interpreter, which is what a usual kernel depends on."""
    chosen = [files[(number + offset) % len(files)] for offset in range(3)]
    init = LMOD_INIT if Path(LMOD_INIT).exists() else "/bin/bash"
    loads = tuple(
        LoadedModule(name=f"module/{path.stem}", file=mark_file(path, hashed=True))
        for path in chosen
    )
    facts = python(sys.executable, mark=mark_file(Path(sys.executable), hashed=False))
    loaded = msgspec.structs.replace(modules(init=(init,)), loads=loads)
    return draft(modules=loaded, python=facts)


def _foreign(directory: Path) -> None:
    """As `python -m ipykernel install` writes it."""
    directory.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": directory.name, "language": "python",
            "metadata": {"debugger": True}}  # fmt: skip
    (directory / "kernel.json").write_text(json.dumps(spec, indent=1))


def compare(count: int, env: dict[str, str], *, rounds: int) -> dict[str, Samples]:
    """Seconds from start to end of both commands, printing to a pipe."""

    def timer(argv: list[str]) -> float:
        start = time.perf_counter()
        done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True)
        seconds = time.perf_counter() - start
        # Not only fast: every kernel is in the output.
        listed = sum(b"bench-" in line for line in (done.stdout + done.stderr).splitlines())
        if done.returncode or listed != count:
            raise SystemExit(f"{argv}: {listed} kernels, exit code {done.returncode}")
        return seconds

    timers = {name: partial(timer, argv) for name, argv in COMMANDS.items()}
    return side_by_side(timers, rounds=rounds, title=f"list {count} kernels")


def heavy_imports(env: dict[str, str]) -> list[str]:
    """Which of the modules that a listing must do without were imported by it all the same."""
    program = (
        "import json, sys\nfrom kernelkit.cli.main import run\nrun(['list', '--json'])\n"
        f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    found = json.loads(done.stderr.splitlines()[-1])
    assert isinstance(found, list)
    return found
