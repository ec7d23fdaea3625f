"""What an image file says of itself: its kind, its processor, and whether all of it is there."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

# The Singularity Image Format, version 1 (header and descriptor of github.com/apptainer/sif,
# pkg/sif/sif.go), little-endian without padding: launch line, magic, version, architecture, UUID,
# then eight 64-bit numbers.
_HEADER = struct.Struct("<32s10s3s3s16s8q")
_MAGIC = b"SIF_MAGIC\0"
# Data type, used, id, group, link, offset, length, and 552 bytes that say nothing of the size.
_DESCRIPTOR = struct.Struct("<i?IIIqq552x")
_DESCRIPTOR_LIMIT = 4096

# As `uname -m` has them; a code that is not here is not judged.
SIF_MACHINES = {
    b"01": "i386", b"02": "x86_64", b"03": "arm", b"04": "aarch64", b"05": "ppc64",
    b"06": "ppc64le", b"07": "mips", b"08": "mipsel", b"09": "mips64", b"10": "mips64el",
    b"11": "s390x", b"12": "riscv64",
}  # fmt: skip
# e_machine of the ELF specification; 64-bit PowerPC and MIPS are told apart by byte order.
ELF_MACHINES = {
    (3, "little"): "i386", (62, "little"): "x86_64", (40, "little"): "arm",
    (183, "little"): "aarch64", (21, "big"): "ppc64", (21, "little"): "ppc64le",
    (22, "big"): "s390x", (243, "little"): "riscv64",
}  # fmt: skip

_SQUASHFS = b"hsqs"
_EXT_MAGIC, _EXT_OFFSET = b"\x53\xef", 0x438

# Programs that nearly every image has; the first one found tells the image's processor.
_PROGRAMS = ("bin/sh", "usr/bin/sh", "bin/bash", "bin/busybox", "usr/bin/env", "usr/bin/python3")


@dataclass(frozen=True)
class ImageFacts:
    """`machine` as `uname -m` has it, empty where the image does not tell; `why` when unusable."""

    kind: Literal["sif", "squashfs", "ext3", "folder", "none"]
    machine: str = ""
    why: str = ""


def read_image(path: Path) -> ImageFacts:
    """What the image at `path`, a file or a folder, is. Raises OSError if it cannot be read."""
    if path.is_dir():
        return _read_folder(path)
    with path.open("rb") as file:
        return parse_image(file, os.fstat(file.fileno()).st_size)


def parse_image(file: BinaryIO, size: int) -> ImageFacts:
    """What an open image of `size` bytes is; `why` says that it is cut short or no image."""
    start = file.read(_HEADER.size)
    if start[32:42] == _MAGIC and len(start) == _HEADER.size:
        return _parse_sif(file, start, size)
    if start[:4] == _SQUASHFS:
        return ImageFacts("squashfs")
    file.seek(_EXT_OFFSET)
    if file.read(2) == _EXT_MAGIC:
        return ImageFacts("ext3")
    return ImageFacts("none", why="it is neither a SIF file nor another image format")


def _parse_sif(file: BinaryIO, start: bytes, size: int) -> ImageFacts:
    _, _, _, code, _, _, _, _, total, offset, *_ = _HEADER.unpack(start)
    machine = SIF_MACHINES.get(code.rstrip(b"\0"), "")
    if not 0 <= total <= _DESCRIPTOR_LIMIT or not 0 <= offset <= size:
        return ImageFacts("none", machine, "its SIF header makes no sense")
    file.seek(offset)
    table = file.read(total * _DESCRIPTOR.size)
    if len(table) < total * _DESCRIPTOR.size:
        return ImageFacts("sif", machine, f"it is cut short at {size} bytes")
    needed = 0
    for _, used, _, _, _, at, length in _DESCRIPTOR.iter_unpack(table):
        needed = max(needed, at + length) if used else needed
    if needed > size:
        return ImageFacts("sif", machine, f"it is cut short: {size} of {needed} bytes are there")
    return ImageFacts("sif", machine)


def _read_folder(root: Path) -> ImageFacts:
    for name in _PROGRAMS:
        program = resolve_inside(root, name)
        if program is not None and program.is_file():
            with program.open("rb") as file:
                return ImageFacts("folder", parse_elf(file.read(20)))
    return ImageFacts("none", why="the folder holds no root file system (there is no `bin/sh`)")


def parse_elf(start: bytes) -> str:
    """The processor of an ELF program from its first 20 bytes; empty for anything else."""
    if len(start) < 20 or start[:4] != b"\x7fELF" or start[5] not in (1, 2):
        return ""
    order: Literal["little", "big"] = "little" if start[5] == 1 else "big"
    return ELF_MACHINES.get((int.from_bytes(start[18:20], order), order), "")


def resolve_inside(root: Path, name: str) -> Path | None:
    """`name` below `root` with symlinks followed as a process with that root would follow them."""
    parts, found, hops = name.split("/")[::-1], root, 0
    while parts:
        part = parts.pop()
        if part in ("", "."):
            continue
        if part == "..":
            found = found.parent if found != root else root
            continue
        step = found / part
        if not step.is_symlink():
            found = step
            continue
        hops += 1
        if hops > 40:
            return None
        target = os.readlink(step)  # noqa: PTH115 - text, to tell an absolute link
        if target.startswith("/"):
            found = root
        parts += target.split("/")[::-1]
    return found
