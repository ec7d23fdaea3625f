"""Images from a registry: pulled once, at install, into a SIF file named after its digest."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ...errors import CommandFailed, ContainerError, KernelkitError, StorageFull
from ...files import digest_file, explained, remove_tree
from ...names import image_reference
from ...proc import Completed, run
from ...site import Site
from .digests import Reference, parse_reference, registry_digest
from .images import check_allowed, inspect_image
from .runtime import Runtime

# A 10 GB image over a slow line, unpacked and packed again.
_PULL_SECONDS = 4 * 3600.0


def pull_image(
    reference: str,
    site: Site,
    runtime: Runtime,
    *,
    on_line: Callable[[str], None],
    env: Mapping[str, str] | None = None,
    timeout: float = _PULL_SECONDS,
) -> tuple[Path, str]:
    """Pull `docker://…`, `oras://…` or `library://…` into the site's `image_root`.

    Returns the SIF file and its digest: the manifest's as the registry gives it (`sha256:…`),
    or, where it does not, that of the file (`file-sha256:…`). The digest is in the file's name,
    so a tag that moves on gives a new file beside the old one, and an image that is there already
    is not pulled again. A file stands under its name only when it is whole. `env` is the whole
    environment of the runtime (default: this process's); `on_line` receives its progress.

    Raises NotPermitted (the site's `allowed_images`), ContainerError, StorageFull.
    """
    image_reference(reference)
    check_allowed(reference, site)
    known = dict(os.environ if env is None else env)
    parsed = parse_reference(reference)
    digest = registry_digest(parsed, known)
    root = Path(os.path.expandvars(site.image_root)).expanduser()
    if digest:
        final = root / _file_name(parsed, digest)
        if final.is_file():
            on_line(f"{reference} is there already: {final}")
            return final, digest
    else:
        on_line(f"the registry gives no digest for {reference}; that of the file is kept")
    with explained(root, "Pulling an image"):
        root.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".pull-", dir=root))
        try:
            return _pull(parsed, digest, work, runtime, on_line, known, timeout)
        finally:
            remove_tree(work)


def _pull(
    parsed: Reference,
    digest: str,
    work: Path,
    runtime: Runtime,
    on_line: Callable[[str], None],
    env: Mapping[str, str],
    timeout: float,
) -> tuple[Path, str]:
    file = work / "image.sif"
    # Without its cache: that would keep the layers and a second SIF in the home directory.
    argv = [runtime.command, "pull", "--disable-cache", str(file), parsed.pinned(digest)]
    try:
        done = run(argv, timeout=timeout, env=env, on_line=on_line)
    except CommandFailed as error:
        raise _failed(parsed, error.message) from error
    if done.returncode or not file.is_file():
        raise _explain(parsed, done)
    inspect_image(file, runtime=runtime)
    digest = digest or f"file-sha256:{digest_file(file)}"
    final = work.parent / _file_name(parsed, digest)
    # One that another install has put there meanwhile is the same image; its kernels know its
    # modification time.
    if not final.is_file():
        file.chmod(0o644)
        file.rename(final)
    return final, digest


def _file_name(parsed: Reference, digest: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", f"{parsed.repository}-{parsed.tag or 'digest'}")
    return f"{readable.strip('._-')[-150:]}-{digest.rpartition(':')[2][:12]}.sif"


def _explain(parsed: Reference, done: Completed) -> KernelkitError:
    text = done.stderr
    if re.search(r"no space left|disk quota exceeded", text, re.IGNORECASE):
        return StorageFull(
            f"Pulling `{parsed.text}` failed: no space or quota left.",
            hint="Free space, or set APPTAINER_TMPDIR and `image_root` to larger disks.",
            detail=done.tail,
        )
    if re.search(r"unauthorized|denied|authentication required", text, re.IGNORECASE):
        return _failed(
            parsed,
            done.tail,
            "It does not exist or is private; log in with "
            f"`apptainer registry login docker://{parsed.registry}`.",
        )
    if re.search(r"no (child with platform|image found .* for architecture)", text):
        machine = os.uname().machine
        return _failed(parsed, done.tail, f"It has no version for this node's `{machine}`.")
    if re.search(r"manifest unknown|not found|name unknown|404", text, re.IGNORECASE):
        return _failed(parsed, done.tail, "Check its name and tag.")
    return _failed(parsed, done.tail)


def _failed(parsed: Reference, detail: str, hint: str = "") -> ContainerError:
    return ContainerError(
        f"The image `{parsed.text}` cannot be pulled.",
        hint=hint or f"Check that this node reaches `{parsed.registry}`, and try again.",
        detail=detail,
    )
