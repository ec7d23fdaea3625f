"""Makes kernelspecs as the installer does, for tests of the shelf and of the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from kernelkit.files import digest
from kernelkit.model import METADATA_FORMAT, FileMark, KernelMetadata, Plan, Provenance
from kernelkit.specs import store
from kernelkit.specs.definition import define
from kernelkit.specs.integrity import spec_digest
from kernelkit.specs.script import render_script
from kernelkit.specs.sources import Source
from kernelkit.specs.spec import render_kernel_json, render_record

Files = dict[str, tuple[bytes, int]]


def kernel_files(
    root: Path,
    name: str,
    *,
    display_name: str = "A kernel",
    identity: str = "tool/1.0",
    marks: Sequence[FileMark] = (),
    extra: Mapping[str, Any] | None = None,
) -> Files:
    """The files of a managed kernel whose launch.sh does nothing."""
    launch = f"#!/bin/bash\n# {display_name!a}\n".encode()
    spec: dict[str, Any] = {
        "argv": [str(root / "kernels" / name / "launch.sh"), "-f", "{connection_file}"],
        "display_name": display_name,
        "language": "python",
        "interrupt_mode": "message",
        "metadata": {},
        **(extra or {}),
    }
    metadata = KernelMetadata(
        format=METADATA_FORMAT,
        version="0.1.0",
        identity=identity,
        provenance=Provenance(origin="flags", given=identity),
        installed="2026-01-01T00:00:00+00:00",
        layers=(),
        marks=tuple(marks),
        digests={"launch.sh": digest(launch), "kernel.json": spec_digest(spec)},
    )
    spec["metadata"]["kernelkit"] = msgspec.to_builtins(metadata)
    return {"kernel.json": (json.dumps(spec).encode(), 0o644), "launch.sh": (launch, 0o755)}


def put(
    root: Path, name: str, *, record: bytes = b"{}", replace: bool = False, **options: Any
) -> Path:
    """Install a managed kernel and return its directory."""
    staged = store.stage(root, name, kernel_files(root, name, **options), record)
    try:
        return store.commit(staged, replace=replace)
    finally:
        store.discard(staged)


def put_foreign(root: Path, name: str, spec: object = None) -> Path:
    """A kernelspec that somebody else made; `spec` replaces the content of its kernel.json."""
    directory = root / "kernels" / name
    directory.mkdir(parents=True)
    usual = {"argv": ["/bin/sh", "{connection_file}"], "display_name": name, "language": "sh"}
    text = spec if isinstance(spec, str | bytes) else json.dumps(usual if spec is None else spec)
    (directory / "kernel.json").write_bytes(text.encode() if isinstance(text, str) else text)
    return directory


def mark(path: Path, role: Any, label: str = "", *, hashed: bool = True) -> FileMark:
    """A mark of a file as it is now."""
    found = path.stat()
    sha256 = digest(path.read_bytes()) if hashed and path.is_file() else ""
    return FileMark(
        path=str(path),
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        sha256=sha256,
        role=role,
        label=label,
    )


def put_plan(root: Path, name: str, plan: Plan, source: Source | None = None) -> Path:
    """A kernel as the installer writes it, without its probes; without `source` as an old one."""
    directory = root / "kernels" / name
    launch = render_script(plan)
    kernel = render_kernel_json(
        plan, directory=directory, installed="2026-01-01", digests={"launch.sh": digest(launch)}
    )
    files = {"kernel.json": (kernel, 0o644), "launch.sh": (launch, 0o755)}
    record = render_record(plan, (), define(source) if source else None, of=digest(kernel))
    return store.commit(store.stage(root, name, files, record), replace=True)
