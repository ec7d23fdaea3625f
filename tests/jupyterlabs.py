"""Other versions of JupyterLab, each in an environment of its own beside the tests' one."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

TREE = Path(__file__).parents[1]
# What an install copies: tests/parts/lib/in-venv says why these.
_COPIED = (
    "pyproject.toml",
    "kernelkit/server/kernelkit.json",
    "labextension/built/package.json",
)


def python_with(version: str) -> str:
    """An interpreter with the newest JupyterLab `version`, such as `4.4`, and this tree in it.

    An environment is made once; the tree is installed again when what an install copies changed.
    """
    venv = Path(f"{sys.prefix}-jupyterlab-{version}")
    python = str(venv / "bin/python")
    key = sha256(b"".join((TREE / name).read_bytes() for name in _COPIED)).hexdigest()
    done = venv / ".key"
    if not done.is_file() or done.read_text() != key:
        _run(sys.executable, "-m", "venv", str(venv))
        wanted = (f"jupyterlab~={version}.0", "jupyterlab-language-pack-de-DE")
        _run(python, "-m", "pip", "install", "--quiet", *wanted, "--editable", str(TREE))
        done.write_text(key)
    return python


def _run(*argv: str) -> None:
    ran = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
