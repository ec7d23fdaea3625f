"""The kernel's first lines: any Python that an ipykernel exists for reads them, and they refuse."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernelkit.specs.guard import render_guard

PYTHON = "/usr/bin/python3"
WATCHES = pytest.mark.parametrize("watch", [False, True])
TAG = subprocess.run(
    [PYTHON, "-c", "import sys; print(sys.implementation.cache_tag)"],
    capture_output=True, text=True,
).stdout.strip()  # fmt: skip

# Stands for ipykernel: says how it was started instead of starting a kernel.
KERNELAPP = """
import sys
def launch_new_instance():
    print(sys.argv)
    print([path for path in sys.path if path in ("", {cwd!r})])
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kernel.json"
    path.write_text("{}")
    return path


def start(
    file: Path,
    *arguments: str,
    tag: str = TAG,
    executable: str = PYTHON,
    place: str = "host",
    ipykernel: str = "",
    watch: bool = False,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    facts = [str(file), tag, executable, place, ipykernel]
    return subprocess.run(
        [PYTHON, "-c", render_guard(watch=watch), *facts, *arguments],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} | (env or {}),
        cwd=file.parent, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.fixture
def ipykernel(tmp_path: Path) -> str:
    package = tmp_path / "added" / "ipykernel"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "kernelapp.py").write_text(KERNELAPP.format(cwd=str(tmp_path)))
    return str(tmp_path / "added")


@WATCHES
def test_python_3_6_reads_it(watch: bool) -> None:
    ast.parse(render_guard(watch=watch), feature_version=(3, 6))


@WATCHES
def test_it_stands_between_single_quotes(watch: bool) -> None:
    assert "'" not in render_guard(watch=watch)
    assert max(map(len, render_guard(watch=watch).splitlines())) <= 100


@WATCHES
def test_it_starts_ipykernel_with_what_jupyter_gave(
    watch: bool, file: Path, ipykernel: str
) -> None:
    # In an environment without site-packages, the added one is all there is.
    done = start(file, "--debug", "a b", ipykernel=ipykernel, watch=watch)
    assert done.returncode == 0, done.stderr
    argv, here = map(ast.literal_eval, done.stdout.splitlines())
    assert argv == ["ipykernel_launcher", "-f", str(file), "--debug", "a b"]
    assert here == [], "files beside the notebook shadow the kernel's"


def test_the_environments_own_ipykernel_wins(file: Path, ipykernel: str, tmp_path: Path) -> None:
    own = tmp_path / "own" / "ipykernel"
    own.mkdir(parents=True)
    (own / "__init__.py").touch()
    (own / "kernelapp.py").write_text("def launch_new_instance(): print('own')")
    done = start(file, ipykernel=ipykernel, env={"PYTHONPATH": str(own.parent)})
    assert done.stdout == "own\n"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tag": "cpython-36"}, f"expected `{PYTHON}` (cpython-36, host)"),
        ({"executable": "/opt/other"}, f"expected `/opt/other` ({TAG}, host)"),
        ({"place": "container"}, f"expected `{PYTHON}` ({TAG}, container)"),
    ],
)
def test_another_python_is_refused(changes: dict[str, str], expected: str, file: Path) -> None:
    done = start(file, **changes)  # type: ignore[arg-type]
    found = f"`{PYTHON}` ({TAG}, host)"
    sentence = f"this Python is another than at install: {found}, {expected}."
    assert (done.returncode, done.stderr) == (67, f"kernelkit: {sentence}\n")


@pytest.mark.parametrize("variable", ["APPTAINER_CONTAINER", "SINGULARITY_CONTAINER"])
def test_a_container_is_told_from_the_host(variable: str, file: Path, ipykernel: str) -> None:
    env = {variable: "/image.sif"}
    assert start(file, ipykernel=ipykernel, env=env).returncode == 67
    assert start(file, ipykernel=ipykernel, env=env, place="container").returncode == 0


@pytest.mark.parametrize("place", ["host", "container"])
def test_a_connection_file_that_is_not_there(place: str, file: Path) -> None:
    file.unlink()
    env = {"APPTAINER_CONTAINER": "x"} if place == "container" else {}
    done = start(file, place=place, env=env)
    sentence = f"kernelkit: the connection file `{file}` is not visible in the {place}.\n"
    assert (done.returncode, done.stderr) == (66, sentence)


def test_an_ipykernel_that_breaks_is_named(file: Path, tmp_path: Path) -> None:
    package = tmp_path / "broken" / "ipykernel"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('no zmq here')")
    done = start(file, env={"PYTHONPATH": str(package.parent)})
    sentence = f"kernelkit: `{PYTHON}` cannot import ipykernel: no zmq here.\n"
    assert (done.returncode, done.stderr) == (67, sentence)


@pytest.mark.parametrize(
    ("version", "keys", "refused"),
    [("6, 29, 5", True, True), ("7, 2, 0", True, True), ("7, 3, 0", True, False),
     ("6, 29, 5", False, False)],
)  # fmt: skip
def test_an_ipykernel_that_cannot_encrypt_is_not_started_with_curve_keys(
    version: str, keys: bool, refused: bool, file: Path, ipykernel: str
) -> None:
    (Path(ipykernel) / "ipykernel/__init__.py").write_text(
        f"version_info = ({version})\n__version__ = '.'.join(map(str, version_info))"
    )
    if keys:
        file.write_text('{"curve_publickey": "p", "curve_secretkey": "s"}')
    done = start(file, ipykernel=ipykernel)
    if not refused:
        assert done.returncode == 0, done.stderr
        return
    number = version.replace(", ", ".")
    sentence = f"ipykernel {number} of `{PYTHON}` cannot encrypt; install the kernel again."
    assert (done.returncode, done.stderr) == (67, f"kernelkit: {sentence}\n")


PARENT = """
import os, threading
def launch_new_instance():
    print(os.environ.get("JPY_PARENT_PID"), threading.active_count())
"""


@pytest.mark.parametrize(
    ("server", "watch", "expected"),
    [
        ("its parent", True, "{parent} 1"),  # ipykernel watches its own parent
        ("another", True, "1 2"),  # behind a wrapper: a thread of the guard does
        ("gone", True, "1 1"),  # not in this PID namespace: there is nothing to watch
        ("another", False, "{server} 1"),
        ("none", True, "None 1"),
    ],
)
def test_who_watches_the_server(
    server: str, watch: bool, expected: str, file: Path, ipykernel: str
) -> None:
    (Path(ipykernel) / "ipykernel/kernelapp.py").write_text(PARENT)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    pids = {"its parent": os.getpid(), "another": os.getppid(), "gone": ended.pid}
    env = {"JPY_PARENT_PID": str(pids[server])} if server in pids else {}
    done = start(file, ipykernel=ipykernel, watch=watch, env=env)
    filled = expected.format(parent=os.getpid(), server=pids.get(server))
    assert done.stdout.strip() == filled, done.stderr
