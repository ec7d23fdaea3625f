"""The labextension's own checks: style, types, and its unit tests in jest."""

from __future__ import annotations

import json
import re

from front_end import SOURCES, FrontEnd


def test_style_and_types(front_end: FrontEnd) -> None:
    front_end.jlpm("lint:check")
    front_end.jlpm("tsc", "--project", "tsconfig.test.json")


def test_jest(front_end: FrontEnd) -> None:
    front_end.jlpm("test", "--ci")


def test_the_lock_names_no_host() -> None:
    # `npm:` and a checksum: any registry may serve it.
    lock = (SOURCES / "yarn.lock").read_text()
    resolutions = re.findall(r'^  resolution: "(.+)"$', lock, re.MULTILINE)
    assert len(resolutions) > 100
    own = "kernelkit@workspace:."
    patched = re.compile(r"@patch:.+@npm%3A")
    strange = [
        resolution
        for resolution in resolutions
        if resolution != own and "@npm:" not in resolution and not patched.search(resolution)
    ]
    assert strange == []


def test_the_version_is_the_projects() -> None:
    package = json.loads((SOURCES / "package.json").read_text())
    project = (SOURCES.parent / "pyproject.toml").read_text()
    assert f'\nversion = "{package["version"]}"\n' in project
