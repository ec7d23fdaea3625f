"""launch.sh as people and other front ends start it, where it refuses, and when it must end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from driving import PYTHON_PROOF, TIMEOUT, is_gone, wait_until
from jupyter_client.blocking.client import BlockingKernelClient
from machine import Kernelkit, Machine, Need

ALL = ("lmod", "modules", "python", "apptainer", "image-demo", "conda")

# name -> how it is installed, on which system, and the Python that `--run python3` starts.
KINDS = {
    "module": (("install", "python/3.11"), "lmod", "{software}/python-3.11/bin/python3"),
    "wrapper": (("install", "pytorch/2.7.1"), "lmod", "/usr/bin/python3"),
    "image": (("install", "{images}/demo.sif"), "apptainer", "/usr/bin/python3"),
    "venv": (("install", ".venv"), "none", "{project}/.venv/bin/python3"),
    "function": (("create", "--module", "tensorflow/2.15"), "lmod", "/usr/bin/python3"),
    "conda": (("install", "{conda}/envs/science"), "none", "{conda}/envs/science/bin/python3"),
}


Launcher = Callable[..., Path]


@pytest.fixture
def launcher(machine: Machine, kernelkit: Kernelkit) -> Launcher:
    """Installs by a command, without a test launch, and returns its launch.sh."""

    def install(*command: str) -> Path:
        directory = kernelkit(*machine.words(command), "--no-test")["directory"]
        return Path(directory) / "launch.sh"

    return install


def launcher_of(kind: str, machine: Machine, launcher: Launcher) -> Path:
    """launch.sh of one of the kinds above."""
    command, system, _ = KINDS[kind]
    machine.configure(system)
    if kind == "venv":
        machine.venv()
    return launcher(*command)


def configure_modules(machine: Machine, tree: Path) -> None:
    """Make `tree` the only directory of modules."""
    init = [str(machine.parts.lmod_init)]
    machine.configure("none", module_system="lmod", module_init=init, module_paths=[str(tree)])


def call(script: Path, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run launch.sh with nothing on standard input."""
    return subprocess.run(
        [str(script), *words],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )


def connection_file(path: Path) -> Path:
    """A connection file with ports chosen beforehand, as VS Code writes it."""
    names = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
    with ExitStack() as stack:
        free = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in names]
        ports = {name: s.getsockname()[1] for name, s in zip(names, free, strict=True)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    found = {
        "transport": "tcp",
        "ip": "127.0.0.1",
        "key": str(uuid.uuid4()),
        "signature_scheme": "hmac-sha256",
        "kernel_name": "",
        **ports,
    }
    path.write_text(json.dumps(found))
    return path


@contextmanager
def running(argv: Sequence[str], **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A kernel's process, and nothing left of its group afterwards."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **more,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def client_of(file: Path) -> Iterator[BlockingKernelClient]:
    client = BlockingKernelClient(connection_file=str(file))
    client.load_connection_file()
    # A client of its own takes a kernel for dead that does not beat a second after it has connected.
    wait_until(lambda: listens(client.hb_port), "no kernel listens")
    client.start_channels()
    try:
        client.wait_for_ready(timeout=TIMEOUT)
        yield client
    finally:
        client.stop_channels()


@pytest.mark.parametrize("kind", KINDS)
def test_any_command_runs_in_the_same_environment(
    kind: str, machine: Machine, need: Need, launcher
) -> None:
    need(*ALL)
    script = launcher_of(kind, machine, launcher)
    # A wrapper has only the name that its module gives it.
    python = "python" if kind in ("wrapper", "function") else "python3"
    done = call(script, "--run", python, "-c", PYTHON_PROOF)
    assert done.returncode == 0, done.stderr
    (executable,) = machine.words([KINDS[kind][2]])
    assert json.loads(done.stdout)["executable"] == executable
    # Words arrive as they are, whatever they look like, and the command's own code comes back.
    words = ["a b", "$HOME", "-f", "--f=x", "'", ""]
    done = call(script, "--run", "printf", "%s\\n", *words)
    assert done.stdout.split("\n")[:-1] == words
    assert call(script, "--run", "sh", "-c", "exit 65").returncode == 65


@pytest.mark.parametrize("kind", KINDS)
def test_vs_code_rewrites_the_command(
    kind: str, machine: Machine, need: Need, launcher: Launcher, tmp_path: Path
) -> None:
    need(*ALL)
    script = launcher_of(kind, machine, launcher)
    spec = json.loads((script.parent / "kernel.json").read_text())
    file = connection_file(tmp_path / "run time/kernel-v2-1.json")
    # `-f {connection_file}` is taken out of argv and `--f=PATH` put at its end.
    assert spec["argv"][1:] == ["-f", "{connection_file}"]
    argv = [spec["argv"][0], f"--f={file}"]
    with running(argv, cwd="/", env={**os.environ, **spec.get("env", {})}) as kernel:
        with client_of(file) as client:
            reply = client.execute_interactive("x = 6 * 7", timeout=TIMEOUT)
            assert reply["content"]["status"] == "ok"
            client.shutdown(reply=True, timeout=TIMEOUT)
        assert kernel.wait(TIMEOUT) == 0


# --- refusals ------------------------------------------------------------------------------------


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Ended with `code` and one sentence of ours that holds `words`."""
    said = [line for line in done.stderr.splitlines() if line.startswith("kernelkit: ")]
    assert (done.returncode, len(said)) == (code, 1), done.stderr
    for word in words:
        assert word in said[0]
    assert "Traceback" not in done.stderr


def test_a_module_that_is_gone(
    machine: Machine, need: Need, launcher: Launcher, tmp_path: Path
) -> None:
    need("lmod", "modules", "python")
    tree = tmp_path / "modulefiles"
    shutil.copytree(machine.parts.lmod_tree, tree)
    configure_modules(machine, tree)
    script = launcher("create", "--module", "python/3.11", "--as", "gone")
    (tree / "python/3.11.lua").unlink()
    refused(call(script, "--run", "true"), 65, "`python/3.11`")


def test_an_image_that_is_gone(
    machine: Machine, need: Need, launcher: Launcher, tmp_path: Path
) -> None:
    need("apptainer", "image-demo")
    image = tmp_path / "mine.sif"
    image.symlink_to(machine.parts.image("demo.sif"))
    machine.configure("apptainer")
    script = launcher("install", str(image))
    image.unlink()
    refused(call(script, "--run", "true"), 66, f"`{image}`")


def test_an_environment_that_is_gone(machine: Machine, need: Need, launcher: Launcher) -> None:
    need("python")
    venv = machine.venv()
    machine.configure("none")
    script = launcher("install", ".venv")
    shutil.rmtree(venv)
    refused(call(script, "--run", "true"), 66, str(venv))


def test_a_runtime_that_is_gone(
    machine: Machine, need: Need, launcher: Launcher, tmp_path: Path
) -> None:
    need("apptainer", "image-demo")
    runtime = tmp_path / "bin/apptainer"
    runtime.parent.mkdir()
    runtime.symlink_to(machine.parts.apptainer_bin / "apptainer")
    machine.configure("none", container_runtime=str(runtime))
    image = str(machine.parts.image("demo.sif"))
    script = launcher("install", image, "--as", "runtime")
    runtime.unlink()
    refused(call(script, "--run", "true"), 66, str(runtime))


@pytest.mark.parametrize("kind", KINDS)
def test_no_connection_file(kind: str, machine: Machine, need: Need, launcher: Launcher) -> None:
    need(*ALL)
    script = launcher_of(kind, machine, launcher)
    refused(call(script), 64, "CONNECTION_FILE")
    refused(call(script, "-f", "/no/such file"), 66, "`/no/such file`")


def test_a_connection_file_that_is_not_seen_in_the_wrappers_container(
    machine: Machine, need: Need, launcher: Launcher, tmp_path: Path
) -> None:
    need("lmod", "modules", "apptainer", "image-demo")
    # A site's wrapper that cares for nothing from outside.
    wrapper = tmp_path / "bin/python"
    wrapper.parent.mkdir()
    image = machine.parts.image("demo.sif")
    wrapper.write_text(
        "#!/bin/bash\nunset APPTAINER_BIND SINGULARITY_BIND\n"
        f'exec {machine.parts.apptainer_bin}/apptainer exec --contain {image} python3 "$@"\n'
    )
    wrapper.chmod(0o755)
    module = tmp_path / "modulefiles/contained/1.0"
    module.parent.mkdir(parents=True)
    module.write_text(f"#%Module\nprepend-path PATH {wrapper.parent}\n")
    configure_modules(machine, module.parents[1])
    script = launcher("create", "--module", "contained/1.0", "--as", "c")
    file = connection_file(tmp_path / "runtime/kernel.json")
    refused(call(script, "-f", str(file)), 66, f"`{file}`", "container")


def test_a_contained_image_sees_the_connection_file(
    machine: Machine, need: Need, launcher: Launcher, tmp_path: Path
) -> None:
    need("apptainer", "image-demo")
    recipe = machine.project / "kernelkit.toml"
    image = machine.parts.image("demo.sif")
    recipe.write_text(f'name = "contained"\n[container]\nimage = "{image}"\ncontain = true\n')
    machine.configure("apptainer")
    script = launcher("install", str(recipe))
    file = connection_file(tmp_path / "runtime/kernel.json")
    with running([str(script), "-f", str(file)]) as kernel:
        with client_of(file) as client:
            code = f"import os; assert not os.path.exists({str(machine.home)!r})"
            assert client.execute_interactive(code)["content"]["status"] == "ok"
            client.shutdown(reply=True, timeout=TIMEOUT)
        assert kernel.wait(TIMEOUT) == 0


def test_another_python_than_at_install(
    machine: Machine, need: Need, launcher: Launcher, tmp_path: Path
) -> None:
    need("lmod", "modules", "python")
    tree = tmp_path / "modulefiles/changing"
    tree.mkdir(parents=True)
    (tree / "1.0").write_text(f"#%Module\nprepend-path PATH {machine.parts.python.parent}\n")
    configure_modules(machine, tree.parent)
    script = launcher("create", "--module", "changing/1.0", "--as", "c")
    bare = machine.parts.python_bare.parent
    (tree / "1.0").write_text(f"#%Module\nprepend-path PATH {bare}\n")
    file = connection_file(tmp_path / "runtime/kernel.json")
    refused(
        call(script, "-f", str(file)), 67, f"`{bare}/python3`", str(machine.parts.python.parent)
    )


# --- the server goes away ------------------------------------------------------------------------

# A server of one kernel: starts it as jupyter_client does, and tells the kernel's process id.
SERVER = """
import sys
from jupyter_client.manager import KernelManager
manager = KernelManager(kernel_name=sys.argv[1])
manager.start_kernel()
client = manager.blocking_client()
client.start_channels()
client.wait_for_ready(timeout=60)
client.execute_interactive("import os; print(os.getpid(), flush=True)")
sys.stdout.flush()
sys.stdin.read()
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_kernel_ends_when_its_server_is_killed(
    kind: str, machine: Machine, need: Need, launcher: Launcher, tmp_path: Path
) -> None:
    need(*ALL)
    script = launcher_of(kind, machine, launcher)
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", SERVER, script.parent.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as server,
    ):
        assert server.stdout
        said = server.stdout.readline()
        server.kill()
    assert said, (tmp_path / "log").read_text()
    # Apptainer's processes have the host's ids: it makes no namespace for them.
    wait_until(lambda: is_gone(int(said)), "the kernel lives without its server")
