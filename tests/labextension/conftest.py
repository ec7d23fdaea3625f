from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from front_end import SOURCES, FrontEnd
from real import find_parts


@pytest.fixture(scope="session")
def front_end() -> Iterator[FrontEnd]:
    parts = find_parts()
    parts.need("node")
    # The minifier names things by how often letters occur, in the directory's own path, too: where
    # two are as frequent, `c` and `s` changed places in the bundle with pytest's directories.
    directory = Path(tempfile.gettempdir()) / str(time.time_ns())
    directory.mkdir(mode=0o700)
    root = directory / "labextension"
    shutil.copytree(SOURCES, root, ignore=shutil.ignore_patterns("node_modules", "lib", ".*cache"))
    (root / "node_modules").symlink_to(parts.node_modules)
    yield FrontEnd(root, parts)
    shutil.rmtree(directory)
