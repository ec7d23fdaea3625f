"""What every kernelspec that Jupyter sees is worth: ready, stale, broken, shadowed or unmanaged."""

# A listing of a thousand kernels is measured against `jupyter kernelspec list`: os, not pathlib.
# ruff: noqa: PTH113, PTH116, PTH208

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..names import label, sentence
from .integrity import spec_digest
from .locations import kernel_dirs, native_kernel_dir
from .marks import Disk, Findings, compare_marks
from .startable import check_command, check_shapes

if TYPE_CHECKING:
    from ..model import KernelMetadata

State = Literal["ready", "stale", "broken", "shadowed", "unmanaged"]

# kernelkit.model.METADATA_FORMAT, repeated because that module needs msgspec; a test compares.
KNOWN_FORMAT = 1
_SPEC_LIMIT = 4 << 20
_NATIVE = "python3"


@dataclass(frozen=True)
class Installed:
    """One kernelspec, in the directory `path`; `kernel` is its kernel.json, empty if unreadable.

    `reasons` say in words why the state is what it is. `identity` is the recipe's, empty for
    what kernelkit did not make; `managed` tells whether it did.
    """

    name: str
    path: str
    display_name: str
    language: str
    state: State
    reasons: tuple[str, ...]
    identity: str
    managed: bool
    kernel: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def directory(self) -> Path:
        """The kernelspec's directory."""
        return Path(self.path)

    @property
    def root(self) -> Path:
        """The Jupyter data directory that holds it."""
        return self.directory.parent.parent

    @property
    def metadata(self) -> KernelMetadata | None:
        """kernelkit's own table, or None where there is none that this version can read."""
        import msgspec

        from ..model import KernelMetadata

        try:
            return msgspec.convert(_table(self.kernel), KernelMetadata)
        except msgspec.ValidationError:
            return None

    def to_dict(self) -> dict[str, object]:
        """The kernel as `--json` prints it."""
        return {
            "name": self.name,
            "state": self.state,
            "reasons": list(self.reasons),
            "display_name": self.display_name,
            "language": self.language,
            "identity": self.identity,
            "managed": self.managed,
            "directory": self.path,
        }


def list_kernels(dirs: Sequence[Path] | None = None) -> tuple[Installed, ...]:
    """Every kernelspec directory below `dirs` (default: Jupyter's path), by name.

    Includes the broken ones, which Jupyter hides or fails to start, and the shadowed ones, right
    after the one that shadows them. Nothing that stands in such a directory makes this raise.
    """
    disk = Disk()
    seen: dict[str, str] = {}
    found = []
    for name, path in _entries(kernel_dirs() if dirs is None else dirs):
        kernel = _examine(name, path, seen.get(name), disk)
        if kernel is not None:
            found.append(kernel)
            seen.setdefault(name, path)
    if dirs is None and _NATIVE not in seen and (native := native_kernel_dir()):
        found.append(_native(native))
    found.sort(key=lambda kernel: kernel.name)
    return tuple(found)


def examine(directory: Path) -> Installed:
    """The kernelspec in `directory` as if it were the only one of its name."""
    name, path = directory.name.lower(), str(directory)
    found = _examine(name, path, None, Disk())
    why = ("it has no kernel.json",)
    return found or Installed(name, path, "", "", "broken", why, identity="", managed=False)


def find_kernel_dir(name: str, dirs: Sequence[Path] | None = None) -> Path | None:
    """The first directory in precedence that Jupyter would take for `name`; None without one."""
    lowered = name.lower()
    for found, path in _entries(kernel_dirs() if dirs is None else dirs):
        if found == lowered and os.path.isfile(f"{path}/kernel.json"):
            return Path(path)
    if dirs is None and lowered == _NATIVE:
        return native_kernel_dir()
    return None


def native_kernel(directory: Path) -> Installed | None:
    """The built-in `python3`, if `directory` is where ipykernel keeps it."""
    return _native(directory) if directory == native_kernel_dir() else None


def _entries(dirs: Sequence[Path]) -> Iterator[tuple[str, str]]:
    # jupyter_client.kernelspec: the name is the directory's in lower case, and the first in the
    # order of the listing is the one that is started.
    for parent in dirs:
        try:
            names = os.listdir(parent)
        except OSError:
            continue
        for name in names:
            yield name.lower(), f"{parent}/{name}"


def _native(directory: Path) -> Installed:
    return Installed(
        name=_NATIVE,
        path=str(directory),
        display_name=f"Python {sys.version_info[0]} (ipykernel)",
        language="python",
        state="unmanaged",
        reasons=("Jupyter's built-in kernel, of the environment that Jupyter runs in",),
        identity="",
        managed=False,
    )


def _examine(name: str, path: str, shadowed_by: str | None, disk: Disk) -> Installed | None:
    found = Findings()
    loaded = _load(path, found)
    if loaded is None:
        return None
    kernel, modified = loaded
    table = _table(kernel)
    managed = is_managed(kernel)
    if not found.broken:
        check_command(kernel, path, found)
    if managed:
        _check_managed(kernel, table, path, modified, disk, found)
    state: State = "ready" if managed else "unmanaged"
    reasons = [*found.broken, *found.stale]
    if shadowed_by is not None:
        state, reasons = "shadowed", [f"`{shadowed_by}` comes first", *reasons]
    elif found.broken:
        state = "broken"
    elif found.stale and managed:
        state = "stale"
    return Installed(
        name=name,
        path=path,
        display_name=label(_text(kernel.get("display_name"))),
        language=label(_text(kernel.get("language"))),
        state=state,
        reasons=tuple(map(sentence, reasons)),
        identity=_text(table.get("identity")) if managed else "",
        managed=managed,
        kernel=kernel,
    )


def _load(path: str, found: Findings) -> tuple[dict[str, Any], int] | None:
    """The decoded kernel.json, empty when it is no use, and its modification time.

    None where Jupyter sees no kernelspec, because kernel.json is absent or no regular file.
    """
    fd = -1
    try:
        fd = os.open(f"{path}/kernel.json", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return None
        if status.st_size > _SPEC_LIMIT:
            found.broken.append("its kernel.json is larger than 4 MB")
            return {}, 0
        kernel = json.loads(os.read(fd, status.st_size).decode("utf-8"))
    except OSError as error:
        if not os.path.isfile(f"{path}/kernel.json"):
            return None
        found.broken.append(f"its kernel.json cannot be read ({error.strerror})")
    except (ValueError, RecursionError) as error:
        found.broken.append(f"its kernel.json is not valid JSON ({str(error)[:100]})")
    else:
        if isinstance(kernel, dict):
            check_shapes(kernel, found)
            return kernel, status.st_mtime_ns
        found.broken.append("its kernel.json does not hold a table")
    finally:
        if fd >= 0:
            os.close(fd)
    return {}, 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _table(kernel: Mapping[str, Any]) -> dict[str, Any]:
    metadata = kernel.get("metadata")
    table = metadata.get("kernelkit") if isinstance(metadata, dict) else None
    return table if isinstance(table, dict) else {}


def is_managed(kernel: Mapping[str, Any]) -> bool:
    """Whether a decoded kernel.json says that kernelkit made it."""
    return isinstance(_table(kernel).get("format"), int)


def _check_managed(
    kernel: dict[str, Any],
    table: dict[str, Any],
    path: str,
    modified: int,
    disk: Disk,
    found: Findings,
) -> None:
    if table["format"] != KNOWN_FORMAT:
        version = _text(table.get("version")) or "another version"
        found.stale.append(f"it was installed by kernelkit {version}, unknown to this version")
        return
    argv = kernel.get("argv")
    # A kernel on Slurm starts a launcher that is given its directory.
    own = (f"{path}/launch.sh", path)
    if isinstance(argv, list) and argv and not any(w in own for w in argv) and not found.broken:
        found.stale.append(f"it was copied or edited: it starts `{argv[0]}`")
    found.stale += edited_files(kernel, path, modified)
    marks = table.get("marks", ())
    compare_marks(marks if isinstance(marks, list) else (), disk, found)


def edited_files(kernel: Mapping[str, Any], path: str, modified: int = -1) -> list[str]:
    """Which files of a managed kernel were edited by hand, each in words.

    The installer gives launch.sh and kernel.json one modification time (store.stage), so equal
    times (`modified` is kernel.json's, in ns) spare a listing of many kernels reading both.
    """
    digests = _table(kernel).get("digests")
    if not isinstance(digests, dict):
        return ["its record of files in kernel.json is damaged"]
    try:
        if os.stat(f"{path}/launch.sh").st_mtime_ns == modified:
            return []
    except OSError:
        pass
    return [
        f"`{name}` was edited by hand"
        for name, known in digests.items()
        if "/" in name or _digest_of(name, kernel, path) != known
    ]


def _digest_of(name: str, kernel: Mapping[str, Any], path: str) -> str:
    if name == "kernel.json":
        try:
            return spec_digest(kernel)
        except RecursionError:
            return ""
    from ..errors import KernelkitError
    from ..files import digest, read_regular

    try:
        return digest(read_regular(Path(path, name), _SPEC_LIMIT))
    except (OSError, ValueError, KernelkitError):
        return ""
