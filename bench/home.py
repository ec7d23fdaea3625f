"""A home of its own for each part of the benchmark."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from real import SYSTEM_PATH


@contextmanager
def private_home() -> Iterator[dict[str, str]]:
    """An environment whose home and Jupyter directories are empty, and gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="kernelkit-bench-"))
    env = {
        "HOME": str(home),
        "USER": os.environ.get("USER", "bench"),
        "PATH": SYSTEM_PATH,
        "LANG": "C.UTF-8",
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "run"),
    }
    for name in ("data", "config", "run"):
        (home / name).mkdir()
    try:
        yield env
    finally:
        shutil.rmtree(home, ignore_errors=True)
