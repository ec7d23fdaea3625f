"""What a wheel carries of the labextension: committed, current, small, and for JupyterLab 4.4 on."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path

from front_end import SOURCES, FrontEnd

BUILT = SOURCES / "built"

# Kilobytes of JavaScript after gzip, all panels and dialogs together.
BUDGET = 120_000

# JupyterLab 4.4's versions of what is shared with it.
OLDEST = {"apputils": "4.5", "coreutils": "6.4", "services": "7.4"}


def files_of(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_what_is_built_is_committed(front_end: FrontEnd) -> None:
    committed = files_of(BUILT)
    shutil.rmtree(front_end.root / "built")
    front_end.jlpm("build")
    built = files_of(front_end.root / "built")
    changed = {
        name for name in built.keys() | committed.keys() if built.get(name) != committed.get(name)
    }
    assert not changed, f"run `jlpm build` in labextension/ and commit built/: {sorted(changed)}"


def test_the_bundle_is_small() -> None:
    size = sum(len(gzip.compress(path.read_bytes())) for path in BUILT.rglob("*.js"))
    assert 0 < size < BUDGET


def test_the_first_script_is_the_plugins_alone() -> None:
    # Panels and dialogs are fetched when they are first opened, each in a chunk of its own.
    assert len(list((BUILT / "static").glob("[0-9]*.js"))) > 3


def test_an_older_jupyterlab_is_in_range() -> None:
    package = json.loads((BUILT / "package.json").read_text())
    ranges = package["dependencies"]
    shared = package["jupyterlab"]["sharedPackages"]
    packages = [name for name in ranges if name.startswith("@jupyterlab/")]
    assert packages
    for name in packages:
        oldest = OLDEST.get(name.removeprefix("@jupyterlab/"), "4.4")
        assert re.fullmatch(rf"\^{re.escape(oldest)}\.\d+", ranges[name]), name
        assert shared[name]["requiredVersion"] == ranges[name]
        assert shared[name] | {"bundled": False, "singleton": True} == shared[name]
