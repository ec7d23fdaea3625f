"""Images on disk: a SIF file or a folder, judged before a kernel is made from it."""

from __future__ import annotations

import fnmatch
import os
from dataclasses import dataclass
from pathlib import Path

from ...errors import ContainerError, NotPermitted
from ...files import mark_file
from ...model import ContainerPlan
from ...names import printable
from ...site import Site
from .runtime import Runtime
from .sif import ImageFacts, read_image

_SUFFIXES = (".sif", ".simg", ".sqsh")


def inspect_image(path: Path, *, runtime: Runtime) -> ContainerPlan:
    """A ContainerPlan for the image at `path`, with everything else at its default.

    The image is not started and not read whole: its header (or, of a folder, one program in it)
    tells the processor it is for, and the file's size whether it is all there. A symlink is kept
    as given, so a `latest.sif` that moves on is noticed as a change.

    Raises ContainerError if it is missing, unreadable, cut short, no image, or for another
    processor than this node's.
    """
    path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - the link, not its target
    try:
        mark = mark_file(path, hashed=False)
        facts = read_image(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    _judge(path, facts, os.uname().machine)
    return ContainerPlan(
        runtime=runtime.command,
        runtime_kind=runtime.kind,
        runtime_version=runtime.version,
        image=mark,
        folder=facts.kind == "folder",
    )


def _unreadable(path: Path, error: OSError) -> ContainerError:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        if path.is_symlink():
            why = f"is a link to `{path.readlink()}`, which does not exist"
        else:
            why = "does not exist"
        hint = "Check the path; an image in a registry is written `docker://NAME:TAG`."
    else:
        why = f"cannot be read: {error.strerror}"
        hint = f"See `ls -l {path}`, and ask its owner to let you read it."
    return ContainerError(f"The image `{path}` {why}.", hint=hint)


def _judge(path: Path, facts: ImageFacts, machine: str) -> None:
    if facts.why:
        raise ContainerError(
            f"The image `{path}` cannot be used: {facts.why}.",
            hint="Copy or pull it again; `kernelkit install docker://NAME:TAG` pulls one.",
        )
    if facts.machine and not _runs(facts.machine, machine):
        raise ContainerError(
            f"The image `{path}` is for `{facts.machine}`, and this node is `{machine}`.",
            hint=f"Take an image for `{machine}`, or install on a node of the image's kind.",
        )


def _runs(image: str, machine: str) -> bool:
    also = {"x86_64": {"i386", "i686"}, "aarch64": {"arm", "armv7l"}}
    return image == machine or image in also.get(machine, set())


def check_allowed(image: str, site: Site) -> None:
    """Raise NotPermitted unless `image` (a path or a reference) fits the site's `allowed_images`.

    A path is compared with its symlinks resolved as well as refused by them: a link in an allowed
    directory to an image elsewhere does not pass.
    """
    patterns = site.allowed_images
    if not patterns:
        return
    name = image if "://" in image else os.path.realpath(image)
    if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
        raise NotPermitted(
            f"The image `{printable(name)}` is not allowed here.",
            hint=f"`allowed_images` in {site.origin('allowed_images')} allows "
            + ", ".join(f"`{pattern}`" for pattern in patterns)
            + ".",
        )


@dataclass(frozen=True)
class FoundImage:
    """An image that `avail` lists; `size` in bytes, 0 for a folder; `name` without the suffix."""

    name: str
    path: str
    size: int
    pulled: bool


def list_images(site: Site) -> tuple[FoundImage, ...]:
    """The images in the site's `image_dirs` and those pulled into `image_root`, by name.

    Only names and sizes are looked at: a directory of hundreds of images stays quick to list.
    """
    found = []
    for directory, pulled in [(site.image_root, True), *((d, False) for d in site.image_dirs)]:
        root = Path(os.path.expandvars(directory)).expanduser()
        try:
            entries = sorted(os.scandir(root), key=lambda entry: entry.name)
        except OSError:
            continue
        found += [image for entry in entries if (image := _found(entry, pulled))]
    return tuple(sorted(found, key=lambda image: (image.name, image.path)))


def _found(entry: os.DirEntry[str], pulled: bool) -> FoundImage | None:
    stem, suffix = os.path.splitext(entry.name)  # noqa: PTH122
    if entry.name.startswith("."):
        return None
    try:
        if entry.is_file() and suffix in _SUFFIXES:
            return FoundImage(stem, entry.path, entry.stat().st_size, pulled)
        # What `apptainer build --sandbox` leaves in every folder image.
        if entry.is_dir() and Path(entry.path, ".singularity.d").is_dir():
            return FoundImage(entry.name, entry.path, 0, pulled)
    except OSError:
        return None
    return None
