"""Whatever stands in a kernel.json: listing says something about it and never raises."""

from __future__ import annotations

import json
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import kernel_files

from kernelkit.cli.list import STATES
from kernelkit.cli.output import safe
from kernelkit.specs.integrity import spec_digest
from kernelkit.specs.states import list_kernels

text = st.text(st.characters(), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
paths = st.sampled_from(["/bin/sh", "/", "", "sh", "\0", "\ud800", "~", "/nowhere/at/all"]) | text
marks = st.dictionaries(
    st.sampled_from(["path", "size", "mtime_ns", "sha256", "role", "label"]), paths | values
)
tables = st.fixed_dictionaries(
    {"format": st.integers(1, 2) | values},
    optional={
        "marks": st.lists(marks | values, max_size=3) | values,
        "digests": st.dictionaries(paths, values, max_size=3) | values,
        "identity": values,
        "version": values,
    },
)
kernels = st.fixed_dictionaries(
    {"argv": st.lists(paths, max_size=3) | values},
    optional={
        "display_name": values,
        "env": st.dictionaries(st.sampled_from(["PATH", "A"]), paths | values) | values,
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "kernelkit": tables | values,
                "kernel_provisioner": st.fixed_dictionaries({"provisioner_name": values}) | values,
            },
        )
        | values,
    },
)


def listed(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        tool = Path(directory, "kernels/tool")
        tool.mkdir(parents=True)
        (tool / "kernel.json").write_bytes(data)
        (found,) = list_kernels([tool.parent])
        assert found.state in STATES
        assert found.name == "tool"
        assert found.state in ("ready", "unmanaged") or found.reasons
        shown = "".join(map(safe, (*found.reasons, found.display_name, found.identity)))
        # Controls, format characters such as bidirectional overrides, lone surrogates.
        assert {"Cc", "Cf", "Cs"}.isdisjoint(map(unicodedata.category, shown))
        json.dumps(found.to_dict())
        assert found.metadata is None or found.managed


@settings(max_examples=300, deadline=None)
@given(kernels)
def test_any_kernel_json(kernel: dict[str, Any]) -> None:
    listed(json.dumps(kernel).encode())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    listed(data)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(text, values, max_size=4), values)
def test_the_digest_depends_on_content_alone(content: dict[str, Any], table: object) -> None:
    """Not on key order, whitespace or kernelkit's own table; and it notices any other change."""
    content = json.loads(json.dumps({**content, "metadata": {"a": 1}}))
    digest = spec_digest(content)
    turned = dict(reversed(list(content.items())))
    turned["metadata"] = {"kernelkit": table, "a": 1}
    assert spec_digest(json.loads(json.dumps(turned, indent=3))) == digest
    assert spec_digest({**content, "added key": 1}) != digest


@settings(max_examples=100, deadline=None)
@given(text)
def test_what_the_installer_writes_is_ready(name: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        tool = root / "kernels/tool"
        tool.mkdir(parents=True)
        files = kernel_files(root, "tool", display_name=name, extra={"env": {"A": name}})
        for file, (data, mode) in files.items():
            (tool / file).write_bytes(data)
            (tool / file).chmod(mode)
        (found,) = list_kernels([tool.parent])
        assert (found.state, found.reasons) == ("ready", ())
