"""From a Source to a kernel on the shelf: the way that the command line and the server both go.

What belongs to the other wing comes in as an argument: `job` makes the kernel one of a Slurm job
(running.stanza), `trial` starts it before it is put in place (running.handshake).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..files import read_regular
from ..names import kernel_name_from, looks_secret
from . import store
from .install import Options, Prepared, in_step, prepare, require_absolute
from .locations import Scope, data_root, on_jupyter_path
from .sources import LOGO_NAMES
from .states import list_kernels

if TYPE_CHECKING:
    from ..model import JobStanza, Plan, Recipe
    from ..site import Site
    from .sources import Source
    from .work import Progress

Job = Callable[["Plan"], "JobStanza"]
# Starts the kernel of a staged directory; returns the steps that passed.
Trial = Callable[[Path], tuple[str, ...]]


@dataclass(frozen=True)
class Target:
    """Where a kernel goes: `name` and `scope` are the usual ones where they are not given.

    `replace` allows to put it in the place of one that is there. `packages` is the packages dir
    that goes on top of what the recipe says. A change of a kernel names its data directory as
    `root`, and by `expected` the fingerprint of what is changed; `adopt` allows to replace what
    others made.
    """

    name: str | None = None
    scope: Scope | None = None
    prefix: Path | None = None
    replace: bool = False
    packages: str | None = None
    root: Path | None = None
    expected: str = ""
    adopt: bool = False


@dataclass(frozen=True)
class Made:
    """A kernel in full, and where it stands or would stand; `tested` are the steps of its trial."""

    prepared: Prepared
    directory: Path
    tested: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def make_kernel(
    source: Source,
    target: Target,
    site: Site,
    progress: Progress,
    *,
    job: Job | None = None,
    trial: Trial | None = None,
) -> Made:
    """Prepare, stage, try and put in place. Raises any KernelkitError, with nothing changed then."""
    root, name = place(source, target, site)
    store.check_free(root, name, replace=target.replace, adopt=target.adopt)
    store.check_unchanged(root, name, target.expected)
    prepared = prepare(source, site, _options(root, name, target, job), progress)
    files = {**companions(root / "kernels" / name), **prepared.files}
    staged = store.stage(root, name, files, prepared.record)
    tested: tuple[str, ...] = ()
    try:
        if trial is not None:
            with in_step(progress, "test", "Starting the kernel"):
                tested = trial(staged.directory)
                progress.note(", ".join(tested))
        with in_step(progress, "install", f"Putting it into {root / 'kernels'}"):
            directory = store.commit(
                staged, replace=target.replace, expected=target.expected, adopt=target.adopt
            )
    finally:
        store.discard(staged)
    return Made(prepared, directory, tested, _notices(source, prepared, root))


# What an install writes; anything else in a kernelspec's directory somebody put there.
_OURS = {"kernel.json", "launch.sh", "kernel.js", "kernel_info.json", *LOGO_NAMES}
_COMPANION_LIMIT = 1 << 20


def companions(directory: Path) -> dict[str, tuple[bytes, int]]:
    """The small files that somebody put beside a kernel, a wrapper script for one: they stay."""
    found = {}
    with suppress(FileNotFoundError):
        for path in sorted(directory.iterdir()):
            if path.name in _OURS or path.name.startswith(".") or not path.is_file():
                continue
            status = path.stat()
            if status.st_size <= _COMPANION_LIMIT:
                mode = 0o755 if status.st_mode & 0o100 else 0o644
                found[path.name] = (read_regular(path, _COMPANION_LIMIT), mode)
    return found


def preview_kernel(
    source: Source, target: Target, site: Site, progress: Progress, *, job: Job | None = None
) -> Made:
    """What `make_kernel` would put in place; no kernel is written, and none is in the way."""
    root, name = place(source, target, site)
    prepared = prepare(source, site, _options(root, name, target, job, dry_run=True), progress)
    return Made(prepared, root / "kernels" / name, (), _notices(source, prepared, root))


def place(source: Source, target: Target, site: Site) -> tuple[Path, str]:
    """The data directory and the kernel name of an install. Raises UsageError."""
    check_secrets(source.recipe)
    if target.root:
        return target.root, target.name or kernel_name_from(source.recipe.identity)
    scope: Scope = target.scope or ("prefix" if target.prefix else site.install_scope)
    if target.prefix and scope != "prefix":
        raise UsageError("`--prefix` does not go with another scope.", hint="Give one of them.")
    root = require_absolute(data_root(scope, prefix=target.prefix))
    return root, target.name or kernel_name_from(source.recipe.identity)


def _options(
    root: Path, name: str, target: Target, job: Job | None, *, dry_run: bool = False
) -> Options:
    return Options(
        root=root,
        name=name,
        packages=target.packages,
        dry_run=dry_run,
        taken_display_names=frozenset(k.display_name for k in list_kernels() if k.name != name),
        fallback_logo=language_logo,
        job=job,
    )


def check_secrets(recipe: Recipe) -> None:
    """Refuse literal secrets: everything in a kernelspec is served over HTTP. Raises UsageError."""
    for variable in recipe.env:
        if looks_secret(variable):
            raise UsageError(
                f"`{variable}` looks like a secret, and a kernelspec can be read over HTTP.",
                hint="Export it where the server starts and name it in `env_passthrough`, or read "
                "it from a file of mode 0600 in the notebook.",
            )


def language_logo(language: str) -> Path | None:
    """The logo of kernelkit's own recipe for a language, for kernels that bring none."""
    from .recipes import own_catalog

    for name in ("logo.svg", f"{language}.svg"):
        path = own_catalog() / language / name
        if path.is_file():
            return path
    return None


def _notices(source: Source, prepared: Prepared, root: Path) -> tuple[str, ...]:
    found = [*prepared.notices]
    if source.provenance.origin == "catalog" and source.recipe.verified is None:
        found.append(f"`{source.recipe.identity}` has not been verified on a real cluster yet.")
    if not on_jupyter_path(root):
        found.append(f"Jupyter does not look there yet: set JUPYTER_PATH={root}")
    return tuple(found)
