"""Every failure a user can meet, as one tree.

    KernelkitError             exit 1
    ├── UsageError             exit 2   the command itself cannot be understood
    │   ├── InvalidName        exit 2   a string is not a valid name of its kind
    │   └── Ambiguous          exit 2   a name fits several things; `matches` holds them
    ├── RecipeError            exit 1   a recipe does not say something that can be compiled
    ├── Stale                  exit 3   the kernel no longer matches what it was made from
    ├── NotFound               exit 4   nothing of that name exists
    ├── NotPermitted           exit 5   the site or the file system forbids it
    │   ├── InsecureFile       exit 5   a file somebody else could have written or read
    │   └── Unmanaged          exit 5   kernelkit did not make it, so it does not change it
    ├── Cancelled              exit 1   whoever asked for it does not want it any more
    ├── AlreadyExists          exit 1   a kernel of that name is there and may not be replaced
    ├── Changed                exit 1   a kernel is no longer the one that was to be changed
    ├── StorageFull            exit 1   a quota or a disk is full
    ├── CommandFailed          exit 1   an external command failed or is missing
    │   └── TimedOut           exit 1   it took too long and was ended; what it did is unknown
    ├── ModuleError            exit 1   a module system is missing, or a module did not load
    ├── ContainerError         exit 1   no runtime, or the image cannot be used
    ├── EnvironmentBroken      exit 1   an interpreter or environment is missing or unusable
    ├── SubmitRejected         exit 1   Slurm refused a request; `field` is the one to change
    ├── SlurmUnavailable       exit 1   a Slurm command failed for a reason that may pass
    └── KernelFailed           exit 1   the kernel was started and did not answer as it must

A message says what happened with the `value` in backticks; `hint` says what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class KernelkitError(Exception):
    """What happened (`message`), what to do next (`hint`), and whether trying again may help.

    `code` is the stable word that `--json` output and the REST API carry; `exit_code` is the
    command line's (interface.md of the design: 0 done, 1 failed, 2 usage, 3 stale, 4 not found,
    5 not permitted). `detail` is what an external program printed, shown below the message.
    """

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1
    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail
        # The named step of an install that failed, where there is one.
        self.step = ""

    def to_dict(self) -> dict[str, object]:
        """The error as `--json` prints it."""
        found: dict[str, object] = {"code": self.code, "message": self.message}
        if self.step:
            found["step"] = self.step
        if self.hint:
            found["hint"] = self.hint
        if self.detail:
            found["detail"] = self.detail
        return found


class UsageError(KernelkitError):
    """The request cannot be understood as it stands."""

    code = "usage"
    exit_code = 2


class InvalidName(UsageError):
    """A string is not a valid name of its kind; raised before any disk access."""

    code = "invalid_name"


class Ambiguous(UsageError):
    """A name fits several things; `matches` lists their identities."""

    code = "ambiguous"

    def __init__(self, message: str, *, matches: Sequence[str], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.matches = tuple(matches)

    def to_dict(self) -> dict[str, object]:
        return {**super().to_dict(), "matches": list(self.matches)}


class RecipeError(KernelkitError):
    """A recipe cannot be read or compiled.

    `source` is the file (or what stands for it), `key` the dotted path of the key, empty where
    the text is not even TOML; both also stand in the message.
    """

    code = "recipe"

    def __init__(
        self, message: str, *, source: str = "", key: str = "", hint: str = "", detail: str = ""
    ) -> None:
        super().__init__(message, hint=hint, detail=detail)
        self.source = source
        self.key = key

    def to_dict(self) -> dict[str, object]:
        where = {"source": self.source, "key": self.key}
        return {**super().to_dict(), **{name: text for name, text in where.items() if text}}


class Stale(KernelkitError):
    """The kernel no longer matches what it was made from."""

    code = "stale"
    exit_code = 3


class NotFound(KernelkitError):
    """Nothing of that name exists."""

    code = "not_found"
    exit_code = 4


class NotPermitted(KernelkitError):
    """The site's policy or the file system forbids it."""

    code = "not_permitted"
    exit_code = 5


class InsecureFile(NotPermitted):
    """A file that somebody else could have written or read; never used, never silently mended."""

    code = "insecure_file"


class Unmanaged(NotPermitted):
    """The kernelspec was not made by kernelkit."""

    code = "unmanaged"


class Cancelled(KernelkitError):
    """Whoever asked for the work does not want it any more."""

    code = "cancelled"


class AlreadyExists(KernelkitError):
    """Something of that name exists, and replacing it was not asked for."""

    code = "exists"


class Changed(KernelkitError):
    """Somebody else changed the kernel meanwhile; nothing was written."""

    code = "changed"


class StorageFull(KernelkitError):
    """A quota or a disk is full; what was there before is intact."""

    code = "storage_full"


class CommandFailed(KernelkitError):
    """An external command failed, timed out or does not exist.

    `returncode` is None when it never ran or was ended by us.
    """

    code = "command_failed"

    def __init__(
        self, message: str, *, returncode: int | None = None, hint: str = "", detail: str = ""
    ) -> None:
        super().__init__(message, hint=hint, detail=detail)
        self.returncode = returncode


class TimedOut(CommandFailed):
    """An external command took too long and was ended; it may have done its work all the same."""

    code = "timed_out"
    transient = True


class ModuleError(KernelkitError):
    """A module system is missing, or a module did not load; `detail` is the module's own text."""

    code = "module"


class ContainerError(KernelkitError):
    """No container runtime, or the image is missing, unreadable or of another architecture."""

    code = "container"


class EnvironmentBroken(KernelkitError):
    """An interpreter or a conda/venv environment is missing or unusable."""

    code = "environment"


class SubmitRejected(KernelkitError):
    """Slurm refused a request: its own sentence, and the key of Resources to change, if known."""

    code = "submit_rejected"

    def __init__(self, message: str, *, field: str = "", hint: str = "", detail: str = "") -> None:
        super().__init__(message, hint=hint, detail=detail)
        self.field = field

    def __str__(self) -> str:
        # Jupyter's clients show this of what a launch raises, and nothing else.
        return f"{self.message} {self.hint}".strip()

    def to_dict(self) -> dict[str, object]:
        return {**super().to_dict(), **({"field": self.field} if self.field else {})}


class SlurmUnavailable(KernelkitError):
    """A Slurm command failed, timed out or gave an answer that cannot be trusted.

    `unsent` is true where what was asked certainly never reached the controller.
    """

    code = "slurm_unavailable"
    transient = True

    def __init__(
        self, message: str, *, hint: str = "", detail: str = "", unsent: bool = False
    ) -> None:
        super().__init__(message, hint=hint, detail=detail)
        self.unsent = unsent


class KernelFailed(KernelkitError):
    """The kernel was started and did not answer as it must; `detail` is the tail of its log."""

    code = "kernel_failed"
