"""What the routes answer, and what they take; openapi.json is made of these.

Times are in seconds since 1970. Answers are sent whole: a front end wants every key.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ..model import InstallOptions, Recipe, Resources
from ..running.gpu_use import GpuUse
from ..running.kernel_state import RunEnd
from ..specs.detail import KernelSummary


class Answer(Struct, frozen=True, kw_only=True):
    """Something that is sent."""


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that is taken: an unknown key is a mistake."""


class Query(Struct, frozen=True, kw_only=True):
    """The words after `?`; others are none of ours."""


class Problem(Answer, frozen=True):
    """Something to change in a form; `path` are the keys that lead there. `detail` is what a
    program printed, to be shown before the hint."""

    path: tuple[str, ...]
    message: str
    detail: str = ""
    hint: str = ""
    severity: Literal["error", "warning"] = "error"


# --- this machine --------------------------------------------------------------------------------


class Status(Answer, frozen=True):
    """What is here at all; `first_run` while there is no kernel of kernelkit's."""

    version: str
    slurm: bool
    module_system: str | None
    runtime: str | None
    first_run: bool
    problems: tuple[str, ...]


EntryKind = Literal["folder", "image", "venv", "conda", "interpreter", "recipe"]


class Entry(Answer, frozen=True):
    """What stands in a folder, if a picker may want it."""

    name: str
    kind: EntryKind


class Folder(Answer, frozen=True):
    """A folder as this user sees it; `truncated` when it holds more than is listed."""

    path: str
    parent: str | None
    entries: tuple[Entry, ...]
    truncated: bool


class Schema(Answer, frozen=True):
    """JSON Schemas of what a kernel is made from, and hints for those who draw forms of them."""

    recipe: dict[str, Any]
    options: dict[str, Any]
    ui: dict[str, Any]


# --- kernels -------------------------------------------------------------------------------------


class Kernels(Answer, frozen=True):
    """All of them, by name."""

    kernels: tuple[KernelSummary, ...]
    taken: float


# --- what kernels can be made of -----------------------------------------------------------------

Kind = Literal["recipe", "module", "image", "conda", "venv", "kernelspec"]


class OfferVerified(Answer, frozen=True):
    """What a recipe was last run against, and the day."""

    against: str
    on: str


class Offer(Answer, frozen=True):
    """One thing a kernel can be made of; `install` is what to send as `source`.

    `missing` are modules that it needs and this machine does not have. `needs` are combinations of
    modules of which one must be loaded first.
    """

    identity: str
    name: str
    version: str
    kind: Kind
    display_name: str
    description: str
    default: bool
    path: str
    installed: str | None
    installed_state: str | None
    source: str
    verified: OfferVerified | None
    install: str
    missing: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...]


class Offers(Answer, frozen=True):
    """A page of what was searched for, best first. `counts` are those of the search, by kind.

    While `reading`, the modules are read for the first time and are not among the items yet.
    `outdated` items are complete, and are read again just now: ask again for the new ones.
    """

    items: tuple[Offer, ...]
    total: int
    counts: dict[str, int]
    taken: float
    reading: bool
    outdated: bool
    problems: tuple[str, ...]


class ModuleInfo(Answer, frozen=True):
    """What is known of a module without loading it."""

    file: str
    description: str
    requires: tuple[tuple[str, ...], ...]


class OfferInfo(Answer, frozen=True):
    """One offer in full; `recipe` is what would be installed."""

    offer: Offer
    layers: tuple[str, ...]
    troubleshoot: str
    recipe: Recipe
    module: ModuleInfo | None


# --- changing kernels ----------------------------------------------------------------------------


class Wanted(Body, frozen=True):
    """What to make a kernel of: `source` is what `kernelkit install` takes, `recipe` a form's
    content. `resources` is the request of a source."""

    source: str | None = None
    recipe: Recipe | None = None
    resources: Resources | None = None
    options: InstallOptions = InstallOptions()


class NewKernel(Wanted, frozen=True):
    """`replace` allows to take the place of a kernel of that name. `no_check` makes one whose
    request to Slurm could never run by what is known, too."""

    replace: bool = False
    no_check: bool = False


class PreviewOf(Wanted, frozen=True):
    """`kernel` is the one that is being edited: differences are to its files."""

    kernel: str | None = None


class Shown(Answer, frozen=True):
    """A file as it would be written, and the unified diff to the one that is there."""

    text: str
    diff: str


class Preview(Answer, frozen=True):
    """What an install would write; with an error among the problems there are no files."""

    files: dict[str, Shown]
    sbatch: Shown | None
    problems: tuple[Problem, ...]


class ToValidate(Wanted, frozen=True):
    """`slurm` has Slurm itself asked, after everything else was found right."""

    slurm: bool = False


class Validation(Answer, frozen=True):
    """What is wrong. With `slurm`: when the job would start, and that in words; `now` is the time
    of this answer by the same clock."""

    problems: tuple[Problem, ...]
    estimate: int | None
    words: str
    now: float


class Edit(Body, frozen=True):
    """A kernel's new recipe and options, and the `fingerprint` of what they were edited on.
    `no_check` saves a request to Slurm that could never run by what is known, too."""

    recipe: Recipe
    options: InstallOptions = InstallOptions()
    fingerprint: str = ""
    no_check: bool = False


class Difference(Preview, frozen=True):
    """What an upgrade would write, and the `fingerprint` of what it would take the place of.

    `edited` are files that were edited by hand, each in words: an upgrade undoes that.
    """

    edited: tuple[str, ...]
    fingerprint: str


class UpgradeOf(Body, frozen=True):
    """The `fingerprint` of what the differences were shown of. `force` makes anew what is ready,
    too, and what was edited by hand; `no_test` puts it in place untried."""

    fingerprint: str = ""
    force: bool = False
    no_test: bool = False


class RolledBack(Answer, frozen=True):
    """The kernel that stands again; a rollback of `redo` undoes this one. It is empty where there
    is nothing to have back, because the kernel had been removed."""

    kernel: KernelSummary
    redo: str


class CloneOf(Body, frozen=True):
    """The name of the second kernel, and what Jupyter shows of it."""

    name: str
    display_name: str = ""


class AdoptionOf(Body, frozen=True):
    """The name of a kernel to be made beside the hand-made one; in its place where that is empty
    or its own. What Jupyter is to show, if not the same."""

    name: str = ""
    display_name: str = ""


class NewName(Body, frozen=True):
    """Another name, another display name, or both."""

    name: str = ""
    display_name: str = ""


class Exported(Answer, frozen=True):
    """A recipe in TOML, and the name that a file of it should have."""

    filename: str
    text: str


class TestOf(Body, frozen=True):
    """How a kernel is to be tested."""

    on_slurm: bool = False


# --- tasks ---------------------------------------------------------------------------------------

TaskKind = Literal["install", "edit", "upgrade", "test", "adopt", "packages"]
TaskState = Literal["running", "done", "failed", "cancelled"]


class Step(Answer, frozen=True):
    """One step of a task; `detail` is what it found, or what it is doing."""

    name: str
    state: Literal["running", "done", "failed"]
    detail: str


class TaskResult(Answer, frozen=True):
    """What came of a task: the kernel's name, and what its user should know."""

    name: str
    notices: tuple[str, ...] = ()


class Task(Answer, frozen=True):
    """Long work; `serial` grows with each change of any task of this server."""

    id: str
    kind: TaskKind
    kernel: str
    title: str
    state: TaskState
    steps: tuple[Step, ...]
    error: dict[str, Any] | None
    result: TaskResult | None
    started: float
    serial: int


class TaskAnswer(Answer, frozen=True):
    """The task that was started."""

    task: Task


class TaskList(Answer, frozen=True):
    """The tasks of this server, the newest first."""

    tasks: tuple[Task, ...]


Limit = Annotated[int, Meta(ge=1, le=1000)]
Offset = Annotated[int, Meta(ge=0, le=1_000_000)]


# --- runs ----------------------------------------------------------------------------------------


class Run(Answer, frozen=True):
    """One kernel in a Slurm job, as running.news.RunNews has it; `unknown` is said of a run whose
    job Slurm does not tell of just now.

    `mine` are those that this server looks after; `attachable` those that it could take over.
    `unknown_since` is set while Slurm does not answer: all else is then what was last known.
    `trouble` says what is wrong with the files of one that is `mine`, such as a full disk.
    `job_stays` says that its job then waits for another kernel, when this one ends without others.
    `gpu_use` is known some seconds after a start on GPUs whose driver tells; events may lack it.
    """

    run: str
    kernel: str
    kernel_id: str
    display_name: str
    job: str
    state: Literal["new", "queued", "starting", "running", "exited", "ended", "unknown"]
    reason: str
    state_since: float | None
    created: float
    keep: bool
    lease: int
    resources: Resources
    serial: int
    start: int
    node: str
    partition: str
    gpus: str
    gres: str
    expected_start: int | None
    started: int | None
    ends: int | None
    seconds_left: int | None
    warning: Literal["", "10", "3", "1"]
    unknown_since: float | None
    trouble: str
    job_stays: bool
    end: RunEnd | None
    gpu_use: GpuUse | None
    mine: bool
    attachable: bool


class StrayJob(Answer, frozen=True):
    """A job of ours without a run; `ends` is when its time limit ends it."""

    id: str
    name: str
    state: str
    node: str
    gres: str
    ends: int | None


class Jobs(Answer, frozen=True):
    """All runs of this user, oldest first, and what Slurm could not say.

    `jobs_idle` wait for their next kernel, as was asked; of `jobs_without_run` no run tells.
    """

    runs: tuple[Run, ...]
    jobs_idle: tuple[StrayJob, ...]
    jobs_without_run: tuple[StrayJob, ...]
    unknown_since: float | None
    problems: tuple[str, ...]
    taken: float


class RunLog(Answer, frozen=True):
    """The end of what a run said, and which one that is: it may be asked for by other names."""

    text: str
    truncated: bool
    phase: str
    run: str
    job: str
    display_name: str


class Nothing(Answer, frozen=True):
    """Accepted; there is nothing to tell."""
