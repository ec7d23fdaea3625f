"""Private directories, contained paths, whole-file writes, atomic swaps and locks."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import InsecureFile, KernelkitError, NotFound, NotPermitted, StorageFull

if TYPE_CHECKING:
    from .model import FileMark, MarkRole

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


@contextmanager
def explained(path: Path, what: str) -> Iterator[None]:
    """Turn the OSErrors of writing `path` into errors that name the quota or the permission."""
    try:
        yield
    except OSError as error:
        raise _explain(error, path, what) from error


def _explain(error: OSError, path: Path, what: str) -> KernelkitError:
    if error.errno in _FULL:
        return StorageFull(
            f"{what} failed: no space or quota left for `{path}`.",
            hint="Free space (see `quota -s`), or set a `packages_root` or `cache_root` elsewhere.",
        )
    if error.errno in _FORBIDDEN:
        return NotPermitted(
            f"{what} failed: `{path}` cannot be written ({error.strerror}).",
            hint="Install with `--user`, or with `--prefix` into a directory you may write.",
        )
    return KernelkitError(f"{what} failed for `{path}`: {error.strerror or error}.")


def private_dir(path: Path) -> Path:
    """Create `path` as a directory only its owner can enter, or check that it is one.

    Raises InsecureFile if it is a symlink, belongs to somebody else or is open to others.
    """
    with explained(path, "Creating a private directory"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            check_private_dir(path)
    return path


def check_private_dir(path: Path) -> None:
    """Check that `path` is a directory only its owner can enter, and ours.

    Raises InsecureFile, and FileNotFoundError for one that is not there.
    """
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise InsecureFile(
            f"`{path}` is not a directory of yours.", hint="Move it away and try again."
        )
    if found.st_mode & 0o077:
        raise InsecureFile(f"`{path}` can be entered by others.", hint=f"Run `chmod 700 {path}`.")


def contained(root: Path, path: Path) -> Path:
    """`path` with every symlink resolved, if that lies inside `root`. Raises InsecureFile."""
    real_root, real = Path(os.path.realpath(root)), Path(os.path.realpath(path))
    if real != real_root and real_root not in real.parents:
        raise InsecureFile(f"`{path}` leads out of `{root}`.", hint="Remove the symlink.")
    return real


def read_regular(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes; never waits on a FIFO or a device.

    Raises InsecureFile for anything else, and OSError as `open` does.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise InsecureFile(f"`{path}` is not a regular file.", hint="Remove it.")
        if found.st_size > limit:
            raise InsecureFile(
                f"`{path}` is {found.st_size} bytes; at most {limit} are read.", hint="Remove it."
            )
        return file.read(limit + 1)[:limit]


def read_private(path: Path, limit: int) -> bytes:
    """The bytes of a file that nobody but its owner, which is us, can read or write.

    Raises InsecureFile for a symlink, another owner or an open mode, and OSError as `open` does.
    """
    return read_private_dated(path, limit)[0]


def read_private_dated(path: Path, limit: int) -> tuple[bytes, float]:
    """`read_private`, and when the file was written, by the clock of its disk (see `disk_time`)."""
    with os.fdopen(_open_own(path, os.O_RDONLY), "rb") as file:
        found = _check_private(path, file.fileno())
        if found.st_size > limit:
            raise InsecureFile(
                f"`{path}` is {found.st_size} bytes; at most {limit} are read.", hint="Remove it."
            )
        return file.read(limit), found.st_mtime


def _open_own(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise InsecureFile(f"`{path}` is a symlink.", hint="Remove it.") from error
        raise


def _check_private(path: Path, fd: int) -> os.stat_result:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
        raise InsecureFile(f"`{path}` is not a file of yours.", hint="Remove it.")
    if found.st_mode & 0o077:
        raise InsecureFile(
            f"`{path}` can be read or written by others.", hint=f"Run `chmod 600 {path}`."
        )
    return found


def disk_time(directory: Path) -> float:
    """What a file that is made in `directory` now gets as its time, in seconds since 1970.

    The disk of another host has that host's clock, so the age of a file there is told by this and
    by no clock of our own. Raises OSError.
    """
    fd, name = tempfile.mkstemp(prefix=".clock-", dir=directory)
    try:
        return os.fstat(fd).st_mtime
    finally:
        os.close(fd)
        Path(name).unlink(missing_ok=True)


def digest(data: bytes) -> str:
    """The SHA-256 of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> str:
    """The SHA-256 of a file's content, read in pieces. Raises OSError."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def mark_file(path: Path, *, hashed: bool, role: MarkRole = "", label: str = "") -> FileMark:
    """A FileMark of `path` as it is now, links followed. Raises OSError.

    `hashed` reads the whole file, so it is for small ones: modulefiles, recipes, kernel.json.
    """
    # Here, because `list` uses this module and does not need the model.
    from .model import FileMark

    found = path.stat()
    return FileMark(
        path=str(path),
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        sha256=digest_file(path) if hashed else "",
        role=role,
        label=label,
    )


def write_file(path: Path, data: bytes, mode: int = 0o644, *, flush: bool = True) -> None:
    """Write a new file whole, with exactly `mode`; `flush` waits until it is on the disk."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        os.fchmod(fd, mode)
        file.write(data)
        if flush:
            file.flush()
            os.fsync(fd)


def replace_file(path: Path, data: bytes, mode: int = 0o644, *, flush: bool = True) -> None:
    """Replace `path` so that a reader sees the old content or the new, never a part.

    `flush` waits until it is on the disk. What only matters while this host runs need not: other
    hosts see a file of NFS once it is closed.
    """
    with explained(path, "Writing"):
        path.parent.mkdir(parents=True, exist_ok=True)
        fd, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(fd, "wb") as file:
                os.fchmod(fd, mode)
                file.write(data)
                if flush:
                    file.flush()
                    os.fsync(fd)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def overwrite_file(path: Path, data: bytes) -> None:
    """Write `data` over the content of a private file of ours, which takes no new space where the
    file had as much before. A reader may see a part of it.

    A disk that writes nothing in place may have no space even for that: the file gets a new time
    then. Raises NotFound, InsecureFile as `read_private` does, and what `explained` does.
    """
    try:
        with explained(path, "Writing"):
            try:
                fd = _open_own(path, os.O_RDWR)
            except FileNotFoundError as error:
                raise NotFound(f"There is no file `{path}`.") from error
            with os.fdopen(fd, "r+b", buffering=0) as file:
                _check_private(path, fd)
                written = 0
                while written < len(data):
                    written += file.write(data[written:])
                file.truncate()
    except StorageFull:
        with suppress(OSError):
            os.utime(path, follow_symlinks=False)
            return
        raise


def flush_dir(path: Path) -> None:
    """Flush a directory's entries to the disk, where the file system can do that."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # EINVAL on some network file systems
            os.fsync(fd)
    finally:
        os.close(fd)


def exchange_dirs(new: Path, current: Path) -> bool:
    """Put `new` where `current` is, in one step. True when `new` now holds the former content.

    Linux swaps two names atomically (renameat2(2), RENAME_EXCHANGE). Some network file systems
    lack it; there the old directory is moved aside first and back again if the second move fails.
    """
    if not current.exists():
        new.rename(current)
        return False
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    rename = getattr(libc, "renameat2", None)
    if rename is not None:
        done = rename(
            _AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(current), _RENAME_EXCHANGE
        )
        if done == 0:
            return True
        failure = ctypes.get_errno()
        if failure not in {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}:
            raise OSError(failure, os.strerror(failure), str(current))
    aside = new.with_name(new.name + "~")
    current.rename(aside)
    try:
        new.rename(current)
    except OSError:
        aside.rename(current)
        raise
    aside.rename(new)
    return True


def remove_tree(path: Path) -> None:
    """Remove a directory tree, read-only parts included; one that is gone is fine."""

    def unlock(function: object, name: str, error: tuple[object, object, object]) -> None:
        if isinstance(error[1], FileNotFoundError):  # somebody else removes it, too
            return
        Path(name).parent.chmod(0o700)
        if callable(function):
            function(name)

    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=unlock)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, *, timeout: float) -> Iterator[None]:
    """Hold the lock file `path`; waits at most `timeout` seconds, then raises KernelkitError.

    flock works on local disks, NFS (v3 with lockd, v4), Lustre and GPFS.
    """
    import filelock

    with explained(path, "Locking"):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path, timeout=timeout)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise KernelkitError(
                f"Another kernelkit command has held `{path}` for {timeout:g} s.",
                hint="Wait for it to end, or find it with `fuser` and end it.",
            ) from error
        try:
            yield
        finally:
            lock.release()
