"""The layout of ARCHITECTURE.md: imports point down, I/O has its places, names are public."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "kernelkit"
GROUND = {"errors", "diagnosis", "names", "model", "files", "proc", "site"}
# What each room may import besides itself. The wings, specs and running, meet only in the faces.
BELOW = {
    "ground": set[str](),
    "environment": {"ground"},
    "slurm": {"ground"},
    "specs": {"environment", "ground"},
    "running": {"slurm", "environment", "ground"},
    "cli": {"running", "specs", "slurm", "environment", "ground"},
    "server": {"running", "specs", "slurm", "environment", "ground"},
}
# Given probes and text, these compute: tests pass them canned answers.
NO_IO = (
    *("errors", "names", "model", "slurm.argv", "slurm.parse"),
    *(f"specs.{name}" for name in ("resolve", "script", "spec", "quoting", "guard", "integrity")),
)
IO_MODULES = {
    *("os", "io", "shutil", "tempfile", "glob", "socket", "urllib", "asyncio", "subprocess"),
    *("kernelkit.files", "kernelkit.proc", "kernelkit.site"),
}
IO_CALLS = {
    *("open", "read_text", "read_bytes", "write_text", "write_bytes", "exists", "is_file"),
    *("is_dir", "stat", "lstat", "iterdir", "glob", "mkdir", "unlink", "touch"),
}
# Only proc knows how to end what it started and what to give it. The forwarder runs
# alone in a kernel's own Python, where there is no kernelkit.
STARTS_PROCESSES = {"kernelkit.proc", "kernelkit.running.forwarder"}
STARTERS = {
    *("system", "popen", "posix_spawn", "fork", "execv", "execve", "execvp", "execvpe"),
    *("create_subprocess_exec", "create_subprocess_shell"),
}

MODULES = {
    ".".join(("kernelkit", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in sorted(ROOT.rglob("*.py"))
}


def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


def imports(module: str) -> Iterator[tuple[str, int]]:
    """Every import anywhere in the module, as absolute names of modules, with its line."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield (full if full in MODULES else base), node.lineno


def room(module: str) -> str:
    first = module.split(".")[1] if "." in module else ""
    return "ground" if first in GROUND or not first else first


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    here = room(module)
    assert here in BELOW, f"`{module}` is in no room of ARCHITECTURE.md"
    for name, line in imports(module):
        if name.split(".")[0] == "kernelkit":
            there = room(name)
            assert there == here or there in BELOW[here], f"line {line}: {here} imports `{name}`"


@pytest.mark.parametrize("module", [m for m in MODULES if m not in STARTS_PROCESSES])
def test_only_proc_starts_processes(module: str) -> None:
    found = {name for name, _ in imports(module)} & {"subprocess", "multiprocessing", "pty"}
    assert not found
    called = {
        node.func.attr
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not called & STARTERS


@pytest.mark.parametrize(
    "module",
    [m for m in MODULES if any(f"{m}.".startswith(f"kernelkit.{pure}.") for pure in NO_IO)],
)
def test_what_computes_does_no_io(module: str) -> None:
    for name, line in imports(module):
        assert name not in IO_MODULES and name.split(".")[0] not in IO_MODULES, f"line {line}"
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            assert called not in IO_CALLS, f"line {node.lineno}: {called}"


def test_the_rules_name_what_exists() -> None:
    for pure in NO_IO:
        assert f"kernelkit.{pure}" in MODULES


@pytest.mark.parametrize("module", MODULES)
def test_nobody_imports_a_private_name(module: str) -> None:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and (node.level or node.module == "kernelkit"):
            private = [alias.name for alias in node.names if alias.name.startswith("_")]
            assert private in ([], ["__version__"]), f"line {node.lineno}"


@pytest.mark.parametrize(
    "module",
    [
        m
        for m, path in MODULES.items()
        if path.name == "__init__.py"
        and not any(isinstance(node, ast.FunctionDef) for node in tree(m).body)
    ],
)
def test_a_package_says_what_it_exports(module: str) -> None:
    body = tree(module).body
    imported = [
        alias.asname or alias.name
        for node in body
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
    ]
    exported: list[str] = []
    for node in body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            exported = ast.literal_eval(node.value)
    assert sorted(imported) == sorted(exported)


def test_list_stays_cheap() -> None:
    # JupyterLab and shell prompts ask often: `list` reads JSON, and imports nobody's framework.
    program = (
        "import sys; from kernelkit.cli.main import run; run(['list', '--json']); "
        "print([m for m in sys.argv[1:] if m in sys.modules], file=sys.stderr)"
    )
    heavy = ["traitlets", "jupyter_client", "zmq", "jsonschema", "rich", "asyncio"]
    done = subprocess.run(
        [sys.executable, "-c", program, *heavy], capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1] == "[]"
