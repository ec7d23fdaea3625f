"""From a Source to a kernelspec ready to be put in place: every effect of an install but the last.

The order is that of the layers: modules, container, environment; then the Python behind them all
is asked what it is, an ipykernel is added if it has none, the packages dir goes on top, and both
files are rendered. Nothing is written to a kernels directory here; `store` does that.
"""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import RecipeError
from ..files import digest, mark_file
from ..model import Definition, JobStanza, LayerRecord, Plan
from ..site import Site
from .behind import changes, check, probe
from .definition import define
from .layering import find_layers, find_packages_dir
from .script import render_script
from .sources import Source
from .spec import render_kernel_json, render_record
from .work import Options, Progress, Work, in_step

__all__ = ["Options", "Prepared", "Progress", "in_step", "prepare", "require_absolute"]


@dataclass(frozen=True)
class Prepared:
    """A kernelspec in full, not yet on any disk: `files` by name with their modes. `notices` are
    what its user has to know of it."""

    plan: Plan
    files: dict[str, tuple[bytes, int]]
    record: bytes
    changes: tuple[LayerRecord, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def script(self) -> str:
        """launch.sh, as text."""
        return self.files["launch.sh"][0].decode("utf-8", "replace")

    @property
    def kernel_json(self) -> str:
        """kernel.json, as text."""
        return self.files["kernel.json"][0].decode()


def prepare(source: Source, site: Site, options: Options, progress: Progress) -> Prepared:
    """Resolve, probe and render. Called by `install`, `create` and the server's preview.

    Raises any KernelkitError; `error.step` names the step that failed. Writes nothing but what
    is shared between kernels and immutable (a pulled image, an added ipykernel).
    """
    work = Work(source, site, options, progress)
    find_layers(work)
    # Without the packages dir: what it shadows, and the layers' own PYTHONPATH, show only so.
    with work.draft() as draft:
        probe(work, draft)
    find_packages_dir(work)
    with work.draft() as draft:
        check(work, draft)
        with work.step("record", "Recording what each layer changes"):
            changed = changes(work, draft)
    logo = source.logo or options.fallback_logo(work.plan().language)
    if logo:
        work.add(logo=mark_file(logo, hashed=True))
    plan = work.plan()
    job = options.job(plan) if options.job else None
    return _render(plan, changed, define(source, options.packages), options.root, job)


def _render(
    plan: Plan,
    changed: tuple[LayerRecord, ...],
    definition: Definition,
    root: Path,
    job: JobStanza | None,
) -> Prepared:
    files = {"launch.sh": (render_script(plan), 0o755)}
    if plan.logo:
        source = Path(plan.logo.path)
        named = "logo-svg.svg" if source.suffix == ".svg" else "logo-64x64.png"
        files[named] = (source.read_bytes(), 0o644)
    digests = {name: digest(data) for name, (data, _) in files.items()}
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    directory = root / "kernels" / plan.kernel_name
    kernel = render_kernel_json(plan, directory=directory, installed=now, digests=digests, job=job)
    files["kernel.json"] = (kernel, 0o644)
    record = render_record(plan, changed, definition, of=digest(kernel))
    return Prepared(plan, files, record, changed, job.notices if job else ())


def require_absolute(root: Path) -> Path:
    """`root` as kernel.json may name it. Raises RecipeError for what Jupyter would misread."""
    if "{" in str(root) or not os.path.isabs(root):  # noqa: PTH117
        raise RecipeError(
            f"`{root}` cannot hold kernels: Jupyter reads `{{…}}` in a path as a placeholder.",
            hint="Choose another directory.",
        )
    return root
