"""Images judged by their first bytes; the bytes are written here, the real ones are in contract."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import pytest

from kernelkit.environment.containers import Runtime, check_allowed, inspect_image, list_images
from kernelkit.environment.containers.sif import parse_elf, parse_image, resolve_inside
from kernelkit.errors import ContainerError, NotPermitted
from kernelkit.site import Setting, Site

RUNTIME = Runtime("/usr/bin/apptainer", "apptainer", "1.4.5")
HERE = {"x86_64": b"02", "aarch64": b"04"}.get(os.uname().machine, b"00")
OTHER = b"02" if HERE == b"04" else b"04"


def sif(arch: bytes = HERE, *, data: int = 100, claimed: int | None = None) -> bytes:
    """A SIF with one used descriptor that claims `claimed` bytes, and one free one."""
    table = struct.pack("<i?IIIqq552x", 0x4004, True, 1, 1, 0, 4096, claimed or data)
    table += struct.pack("<i?IIIqq552x", 0, False, 0, 0, 0, 1 << 40, 1 << 40)
    numbers = (0, 0, 1, 2, 128, len(table), 4096, data)
    head = struct.pack(
        "<32s10s3s3s16s8q", b"#!/x\n", b"SIF_MAGIC\0", b"01\0", arch + b"\0", b"", *numbers
    )
    return (head + table).ljust(4096, b"\0") + bytes(data)


def elf(machine: int, *, big: bool = False) -> bytes:
    order = ">" if big else "<"
    return (
        b"\x7fELF\x02"
        + (b"\x02" if big else b"\x01")
        + bytes(10)
        + struct.pack(order + "HH", 2, machine)
    )


def site(**values: object) -> Site:
    return Site({name: Setting(name, value, "/etc/site.py", "") for name, value in values.items()})


def test_a_sif_for_this_machine(tmp_path: Path) -> None:
    file = tmp_path / "a.sif"
    file.write_bytes(sif())
    plan = inspect_image(file, runtime=RUNTIME)
    assert (plan.image.path, plan.image.size, plan.folder) == (str(file), 4196, False)
    assert (plan.runtime, plan.runtime_kind) == ("/usr/bin/apptainer", "apptainer")
    assert plan.image.mtime_ns == file.stat().st_mtime_ns
    assert plan.image.sha256 == ""


def test_a_link_is_kept_as_given(tmp_path: Path) -> None:
    (tmp_path / "a.sif").write_bytes(sif())
    (tmp_path / "latest.sif").symlink_to("a.sif")
    found = inspect_image(tmp_path / "latest.sif", runtime=RUNTIME)
    assert found.image.path == str(tmp_path / "latest.sif")


def test_a_sif_for_another_machine_names_both(tmp_path: Path) -> None:
    file = tmp_path / "a.sif"
    file.write_bytes(sif(OTHER))
    with pytest.raises(ContainerError) as caught:
        inspect_image(file, runtime=RUNTIME)
    assert "x86_64" in caught.value.message
    assert "aarch64" in caught.value.message


def test_a_sif_that_is_cut_short(tmp_path: Path) -> None:
    file = tmp_path / "a.sif"
    file.write_bytes(sif(claimed=5000))
    with pytest.raises(ContainerError, match="cut short: 4196 of 9096 bytes are there"):
        inspect_image(file, runtime=RUNTIME)
    file.write_bytes(sif()[:700])
    with pytest.raises(ContainerError, match="cut short at 700 bytes"):
        inspect_image(file, runtime=RUNTIME)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 a zip", b"#!/bin/sh\n" * 500])
def test_what_is_no_image(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.sif"
    file.write_bytes(content)
    with pytest.raises(ContainerError, match="neither a SIF file nor another image format"):
        inspect_image(file, runtime=RUNTIME)


def test_older_image_files() -> None:
    assert parse_image(io.BytesIO(b"hsqs" + bytes(200)), 204).kind == "squashfs"
    ext3 = bytes(0x438) + b"\x53\xef" + bytes(100)
    assert parse_image(io.BytesIO(ext3), len(ext3)).kind == "ext3"


def test_missing_dangling_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ContainerError, match="does not exist"):
        inspect_image(tmp_path / "gone.sif", runtime=RUNTIME)
    (tmp_path / "link.sif").symlink_to("gone.sif")
    with pytest.raises(ContainerError, match=r"is a link to `gone\.sif`, which does not exist"):
        inspect_image(tmp_path / "link.sif", runtime=RUNTIME)


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_an_image_of_somebody_else(tmp_path: Path) -> None:
    file = tmp_path / "a.sif"
    file.write_bytes(sif())
    file.chmod(0)
    with pytest.raises(ContainerError, match="cannot be read: Permission denied"):
        inspect_image(file, runtime=RUNTIME)


def test_a_folder_image(tmp_path: Path) -> None:
    with pytest.raises(ContainerError, match="no root file system"):
        inspect_image(tmp_path, runtime=RUNTIME)
    # Debian's layout: /bin is a link, and sh another; links are those of the image's own root.
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "bin").symlink_to("/usr/bin")
    (tmp_path / "usr/bin/sh").symlink_to("dash")
    (tmp_path / "usr/bin/dash").write_bytes(Path("/bin/sh").resolve().read_bytes()[:64])
    assert inspect_image(tmp_path, runtime=RUNTIME).folder
    (tmp_path / "usr/bin/dash").write_bytes(elf(22, big=True))
    with pytest.raises(ContainerError, match="is for `s390x`"):
        inspect_image(tmp_path, runtime=RUNTIME)


@pytest.mark.parametrize(
    ("start", "machine"),
    [
        (elf(62), "x86_64"),
        (elf(183), "aarch64"),
        (elf(21), "ppc64le"),
        (elf(21, big=True), "ppc64"),
        (elf(9999), ""),
        (b"#!/bin/sh", ""),
    ],
)
def test_processors_of_programs(start: bytes, machine: str) -> None:
    assert parse_elf(start) == machine


def test_links_never_lead_out_of_a_folder(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "up").symlink_to("../../../../etc/passwd")
    (root / "loop").symlink_to("loop")
    assert resolve_inside(root, "up") == root / "etc/passwd"
    assert resolve_inside(root, "loop") is None


def test_a_site_may_allow_only_some_images(tmp_path: Path) -> None:
    (tmp_path / "ok").mkdir()
    (tmp_path / "ok/link.sif").symlink_to(tmp_path / "elsewhere.sif")
    some = site(allowed_images=[f"{tmp_path}/ok/*", "docker://docker.io/library/*"])
    check_allowed(f"{tmp_path}/ok/a.sif", some)
    check_allowed("docker://docker.io/library/python:3.12", some)
    check_allowed("/anything", site(allowed_images=[]))
    for refused in (f"{tmp_path}/ok/link.sif", f"{tmp_path}/ok/../b.sif", "docker://evil/x"):
        with pytest.raises(NotPermitted) as caught:
            check_allowed(refused, some)
        assert "`allowed_images` in /etc/site.py" in caught.value.hint


def test_images_are_listed_by_name(tmp_path: Path) -> None:
    pulled, shared = tmp_path / "pulled", tmp_path / "shared"
    for directory in (pulled, shared / "folder/.singularity.d", shared / "no-image"):
        directory.mkdir(parents=True)
    (pulled / "b.sif").write_bytes(b"12")
    (pulled / ".pull-x").mkdir()
    (shared / "a.sif").write_bytes(b"1")
    (shared / "README").write_text("")
    found = list_images(site(image_root=str(pulled), image_dirs=[str(shared), "/nowhere"]))
    assert [(i.name, i.size, i.pulled) for i in found] == [
        ("a", 1, False),
        ("b", 2, True),
        ("folder", 0, False),
    ]
