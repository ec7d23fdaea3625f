"""What an install would write, and what is wrong with a form; nothing is changed here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import Cancelled, KernelkitError, RecipeError, SubmitRejected
from ..model import Resources
from ..names import is_image_reference
from ..running.stanza import job_of
from ..specs.changes import differences, unified
from ..specs.lookup import find_kernel
from ..specs.making import preview_kernel
from ..specs.recipe_text import recipe_errors
from .answers import Preview, PreviewOf, Problem, Shown, ToValidate, Validation
from .kernels import sbatch_command, sbatch_of
from .requests import ask_slurm, check_limits, outlook
from .steps import Silence
from .wanted import FORM, change_of, source_of, target_of

if TYPE_CHECKING:
    from ..model import InstallOptions
    from ..site import Site
    from ..slurm.requests import Check
    from ..specs.making import Target
    from ..specs.sources import Source
    from ..specs.states import Installed
    from .services import Services


def preview(services: Services, body: PreviewOf) -> Preview:
    """Resolve and render what is wanted, with the differences to the kernel that is edited.

    Takes as long as an install without its test. What is wrong is a problem, not an error.
    """
    saved = find_kernel(body.kernel) if body.kernel is not None else None
    try:
        return _rendered(services.site, body, saved)
    except Cancelled:
        raise
    except KernelkitError as error:
        return Preview(files={}, sbatch=None, problems=(problem_of(error),))


def _rendered(site: Site, body: PreviewOf, saved: Installed | None) -> Preview:
    options = body.options
    if saved is not None and body.recipe is not None:
        change = change_of(saved, body.recipe, options, site)
        source, target = change.source, change.target
    else:
        source, target = source_of(body, site), target_of(options)
    return rendered(source, target, options, site, saved)


def rendered(
    source: Source, target: Target, options: InstallOptions, site: Site, saved: Installed | None
) -> Preview:
    """What would be written for `source`, with the differences to `saved`. Raises what an install
    raises before it writes."""
    if (image := source.recipe.container) and is_image_reference(image.image):
        return Preview(files={}, sbatch=None, problems=(_pulled_later(image.image),))
    job = job_of(options, site, directory=saved.directory if saved else None)
    made = preview_kernel(source, target, site, Silence(), job=job)
    texts = {"kernel.json": made.prepared.kernel_json, "launch.sh": made.prepared.script}
    diffs = differences(saved, made) if saved else dict.fromkeys(texts, "")
    asks = job is not None and not options.in_job
    return Preview(
        files={name: Shown(text=text, diff=diffs[name]) for name, text in texts.items()},
        sbatch=_request(source.recipe.resources or Resources(), saved) if asks else None,
        problems=tuple(
            Problem(path=(), message=notice, severity="warning") for notice in made.prepared.notices
        ),
    )


def _request(resources: Resources, saved: Installed | None) -> Shown:
    command = sbatch_command(resources)
    # Of a kernel that asked for no job before, all of it is new.
    diff = unified(sbatch_of(saved.kernel) or "", command, "sbatch") if saved else ""
    return Shown(text=command, diff=diff)


def _pulled_later(image: str) -> Problem:
    # Gigabytes: nobody pulls them to have a look.
    return Problem(
        path=("container", "image"),
        message=f"`{image}` is pulled when the kernel is made, so its files are not known yet.",
        severity="warning",
    )


def validate(services: Services, body: ToValidate) -> Validation:
    """Everything that can be told of a form at once; with `slurm`, Slurm's own word at last."""
    problems: list[Problem] = []
    recipe = body.recipe
    if recipe is not None:
        problems += map(problem_of, recipe_errors(recipe, source=FORM))
    if not problems:
        try:
            recipe = source_of(body, services.site).recipe
            target_of(body.options)
        except KernelkitError as error:
            problems.append(problem_of(error))
    resources = body.resources or (recipe.resources if recipe else None) or Resources()
    if not body.options.on_slurm or body.options.in_job:
        return Validation(problems=tuple(problems), estimate=None, words="", now=time.time())
    inventory = services.inventory.get()
    ask = body.slurm and not problems
    check = ask_slurm(resources, inventory) if ask else check_limits(resources, inventory)
    problems += _of_request(check)
    return Validation(
        problems=tuple(problems),
        estimate=check.start,
        words=outlook(check) if ask else "",
        now=time.time(),
    )


def _of_request(check: Check) -> Iterator[Problem]:
    for found in check.problems:
        path = ("resources", found.field) if found.field else ("resources",)
        yield Problem(path=path, message=found.message, severity=found.severity)


def problem_of(error: KernelkitError) -> Problem:
    """An error as one of a form: where it belongs, and what it says without naming the form."""
    path: tuple[str, ...] = ()
    message = error.message
    if isinstance(error, RecipeError) and error.key:
        path = tuple(error.key.split("."))
        message = message.removeprefix(f"`{FORM}`: key ").removeprefix(f"`{error.key}`: ")
    elif isinstance(error, SubmitRejected):
        path = ("resources", error.field) if error.field else ("resources",)
    elif error.step in _STEP_KEYS:
        path = _STEP_KEYS[error.step]
    return Problem(path=path, message=message, detail=error.detail, hint=error.hint)


# The step of an install that failed -> the part of the form that it is about.
_STEP_KEYS: dict[str, tuple[str, ...]] = {
    "modules": ("modules",),
    "container": ("container",),
    "environment": ("environment",),
    "packages": ("packages",),
}
