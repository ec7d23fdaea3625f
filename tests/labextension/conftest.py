from __future__ import annotations

import shutil

import pytest
from front_end import SOURCES, FrontEnd
from real import find_parts


@pytest.fixture(scope="session")
def front_end(tmp_path_factory: pytest.TempPathFactory) -> FrontEnd:
    parts = find_parts()
    parts.need("node")
    root = tmp_path_factory.mktemp("front-end") / "labextension"
    shutil.copytree(SOURCES, root, ignore=shutil.ignore_patterns("node_modules", "lib", ".*cache"))
    (root / "node_modules").symlink_to(parts.node_modules)
    return FrontEnd(root, parts)
