"""Plan -> kernel.json and what kernelkit remembers about it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from .. import __version__
from ..model import (
    METADATA_FORMAT,
    Definition,
    FileMark,
    JobStanza,
    KernelMetadata,
    LayerRecord,
    MarkRole,
    Plan,
)
from ..names import looks_secret
from .integrity import spec_digest


def render_kernel_json(
    plan: Plan,
    *,
    directory: Path,
    installed: str,
    digests: dict[str, str],
    job: JobStanza | None = None,
) -> bytes:
    """The text of kernel.json for a kernel that will live in `directory`.

    With `job`, the kernel runs in a Slurm job: clients with provisioners use the stanza, others
    run its argv. `installed` is an ISO 8601 time; `digests` are the SHA-256 of the files beside it. argv[0] is
    absolute because `jupyter kernelspec remove --missing` deletes specs whose argv[0] is not a
    path that exists, and `env` is empty because what it holds differs between clients (VS Code
    empties unset `${VAR}`).
    """
    argv = [str(directory / "launch.sh")]
    if job:
        argv = [*job.argv, str(directory)]
    spec: dict[str, Any] = {
        "argv": [*argv, "-f", "{connection_file}"],
        "display_name": plan.display_name,
        "language": plan.language,
        "interrupt_mode": plan.interrupt_mode,
        "metadata": {},
    }
    python = plan.python
    if python and not plan.command:
        # Only after probing: an older ipykernel that is given Curve keys crashes.
        spec["metadata"]["debugger"] = python.debugger
        if python.curve and not job:  # the relay's local leg is a socket in a private directory
            spec["metadata"]["supported_encryption"] = "curve"
    if job:
        spec["metadata"] |= job.metadata
    metadata = KernelMetadata(
        format=METADATA_FORMAT,
        version=__version__,
        identity=plan.identity,
        provenance=plan.provenance,
        installed=installed,
        layers=layers(plan),
        marks=marks(plan),
        modules=tuple(m.name for m in plan.modules.loads) if plan.modules else (),
        python=python.version if python else "",
        digests={**digests, "kernel.json": spec_digest(spec)},
        resources=plan.resources,
        description=plan.description,
    )
    spec["metadata"]["kernelkit"] = msgspec.to_builtins(metadata)
    return _json_text(spec)


def render_record(
    plan: Plan,
    changes: Sequence[LayerRecord],
    definition: Definition | None = None,
    *,
    of: str = "",
) -> bytes:
    """The private record beside the kernelspecs: the whole Plan, what each layer changed, and
    what it was made from. `of` is the SHA-256 of the kernel.json that it belongs to."""
    found: dict[str, Any] = {"plan": plan, "changes": [mask(record) for record in changes]}
    if definition:
        found["definition"] = definition
    if of:
        found["of"] = of
    return _json_text(msgspec.to_builtins(found))


def _json_text(value: dict[str, Any]) -> bytes:
    """`value` for people to read; bytes of a path that are not UTF-8 stand as escapes."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    try:
        return (text + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(value, indent=1) + "\n").encode()


def mask(record: LayerRecord) -> LayerRecord:
    """`record` with values of secret-looking variables hidden."""
    return msgspec.structs.replace(
        record,
        changes=tuple(
            msgspec.structs.replace(change, value="(hidden)")
            if change.value and looks_secret(change.variable)
            else change
            for change in record.changes
        ),
    )


def layers(plan: Plan) -> tuple[str, ...]:
    """One line a layer, as `kernelkit list` and `show` print them."""
    found = []
    if plan.modules and plan.modules.loads:
        asked = [m.name for m in plan.modules.loads if m.asked]
        found.append("modules " + " ".join(asked))
    if plan.environment:
        found.append(f"{plan.environment.kind} {plan.environment.name or plan.environment.prefix}")
    if plan.container:
        found.append(f"container {plan.container.source or plan.container.image.path}")
    if plan.packages_dir:
        found.append(f"packages {plan.packages_dir}")
    if plan.env:
        found.append("variables " + " ".join(sorted(plan.env)))
    return tuple(found)


def marks(plan: Plan) -> tuple[FileMark, ...]:
    """The files whose change or loss makes the kernel stale or broken."""
    found: list[FileMark] = []
    if plan.provenance.file:
        found.append(_as(plan.provenance.file, "recipe", plan.identity))
    if plan.modules:
        found += [_as(m.file, "module", m.name) for m in plan.modules.loads if m.file.path]
    if plan.container:
        found.append(_as(plan.container.image, "image", plan.container.source))
    # What a project brings is looked for where the notebook is, so its former place says nothing.
    of_project = bool(plan.project and plan.environment and plan.environment.relative)
    if plan.python and plan.python.mark and not of_project:
        found.append(_as(plan.python.mark, "interpreter", plan.python.version))
    # An interpreter named outright is no directory, and has a mark of its own.
    if plan.environment and plan.environment.kind != "interpreter" and not of_project:
        found.append(_place(plan.environment.prefix, "environment", plan.environment.name))
    if plan.ipykernel:
        found.append(_place(plan.ipykernel.dir, "ipykernel"))
    if plan.packages_dir and not (plan.project and plan.packages_relative):
        found.append(_place(plan.packages_dir, "packages"))
    if plan.container and plan.container.runtime.startswith("/"):
        found.append(_place(plan.container.runtime, "runtime"))
    if plan.modules:
        found += [_place(path, "init") for path in plan.modules.init]
    return tuple(found)


def _place(path: str, role: MarkRole, label: str = "") -> FileMark:
    """A mark of which only the existence is compared, so nothing need be read for it."""
    return FileMark(path=path, size=0, mtime_ns=0, role=role, label=label)


def _as(mark: FileMark, role: MarkRole, label: str) -> FileMark:
    return msgspec.structs.replace(mark, role=mark.role or role, label=mark.label or label)


def same_but_for_time(old: bytes, new: bytes) -> bool:
    """Whether two kernel.json texts differ in nothing but the time of install."""
    pattern = re.compile(rb'"installed": "[^"]*"')
    return pattern.sub(b"", old) == pattern.sub(b"", new)
