"""Recipe, layers and Plan: the one description behind TOML, kernel.json, `--json` and the schema.

A `Recipe` is what an author writes; unknown keys are errors. A `Plan` is what it comes to on this
machine: ordered, absolute, frozen; the same Plan renders to the same bytes. Paths are text, not
`pathlib.Path`, because they stand for places inside containers and on other nodes as well.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

Baseline = Literal["purge", "reset", "keep"]
ModuleSystem = Literal["lmod", "environment-modules"]
Gpu = Literal["auto", "nvidia", "rocm", "none"]
InterruptMode = Literal["signal", "message"]
Origin = Literal[
    "catalog", "file", "module", "image", "conda", "venv", "interpreter", "kernelspec", "flags"
]
# What a marked file is to its kernel: it decides how `kernelkit list` words a change, and whether
# a missing one means "cannot start" (broken) or "no longer what it was made from" (stale).
MarkRole = Literal[
    "",
    "module",  # a modulefile; label is the module's full name. Gone or changed: stale
    "image",  # a SIF file or a folder image. Gone: broken
    "interpreter",  # an interpreter on the host, through its symlinks. Gone: broken
    "environment",  # a prefix (only its existence counts), or a file of it. Gone: broken
    "ipykernel",  # the directory of an added ipykernel. Gone: broken
    "runtime",  # apptainer or singularity by absolute path. Gone: broken; changes are not told
    "init",  # a file that defines `module`. Gone: broken; changes are not told
    "packages",  # a packages dir. Gone: stale
    "recipe",  # the recipe's file; label is its identity. Gone or changed: stale
    "kernelspec",  # kernel.json of a wrapped kernelspec; label is its name. Gone or changed: stale
]


class _Declared(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an author writes: unknown keys are refused, defaults are not repeated."""


# --- the recipe ---------------------------------------------------------------------------------


class Modules(_Declared, frozen=True):
    """Environment modules to load, in order, on the host."""

    load: Annotated[tuple[str, ...], Meta(description="Modules to load, in order.")] = ()
    use: Annotated[
        tuple[str, ...], Meta(description="Directories to add to MODULEPATH first.")
    ] = ()
    collection: Annotated[
        str | None, Meta(description="A saved collection to take the modules from at install.")
    ] = None
    baseline: Annotated[
        Baseline | None,
        Meta(description="What to start from: purge, reset, or keep what the server has loaded."),
    ] = None


class Container(_Declared, frozen=True):
    """An Apptainer or Singularity image that the kernel runs in."""

    image: Annotated[
        str, Meta(description="A SIF file, a folder image, or docker://… pulled at install.")
    ]
    binds: Annotated[
        tuple[str, ...], Meta(description="SOURCE[:TARGET[:ro]] to mount besides the defaults.")
    ] = ()
    gpu: Annotated[
        Gpu, Meta(description="auto adds --nv or --rocm where the node has such a device.")
    ] = "auto"
    clean_env: Annotated[
        bool, Meta(description="Start from the image's own environment (--cleanenv).")
    ] = False
    contain: Annotated[
        bool, Meta(description="Mount neither home nor /tmp of the host (--contain).")
    ] = False
    overlay: Annotated[str | None, Meta(description="An overlay image or directory.")] = None


class Conda(_Declared, frozen=True):
    """A conda environment, by name or by path (absolute, `~`, or relative to the recipe)."""

    environment: Annotated[str, Meta(description="Name or path of the conda environment.")]


class Venv(_Declared, frozen=True):
    """A virtual environment, by path (absolute, `~`, or relative to the recipe)."""

    path: Annotated[str, Meta(description="Path of the virtual environment.")]


class Interpreter(_Declared, frozen=True):
    """An interpreter named outright."""

    interpreter: Annotated[str, Meta(description="Path of the Python interpreter.")]


class Packages(_Declared, frozen=True):
    """A packages dir: a `pip --target` directory that goes first on PYTHONPATH."""

    dir: Annotated[str, Meta(description="Directory of extra packages for this kernel.")]


class KernelCommand(_Declared, frozen=True):
    """How the kernel process starts, where the language's default is not enough."""

    command: Annotated[
        tuple[str, ...],
        Meta(description="Kernel command; {connection_file} stands for Jupyter's file."),
    ] = ()
    interrupt_mode: Annotated[
        InterruptMode | None, Meta(description="How Jupyter interrupts the kernel.")
    ] = None
    user_site: Annotated[
        bool | None,
        Meta(
            description="Whether ~/.local packages are seen; default: only without a layer of its own."
        ),
    ] = None


class Resources(_Declared, frozen=True):
    """The Slurm request of a kernel; each key is the sbatch option of the same name.

    `mem`, `mem_per_cpu` and `mem_per_gpu` exclude one another, as they do for sbatch.
    """

    partition: Annotated[str | None, Meta(description="Partition, or several with commas.")] = None
    gres: Annotated[str | None, Meta(description="Generic resources: gpu:1, gpu:a100:2.")] = None
    time: Annotated[str | None, Meta(description="Time limit: minutes, H:MM:SS or D-HH:MM:SS.")] = (
        None
    )
    mem: Annotated[str | None, Meta(description="Memory of each node: 16G.")] = None
    mem_per_cpu: Annotated[str | None, Meta(description="Memory of each CPU: 4G.")] = None
    mem_per_gpu: Annotated[str | None, Meta(description="Memory of each GPU: 64G.")] = None
    # The bounds stand on the int: msgspec refuses them on a union.
    cpus: Annotated[
        Annotated[int, Meta(ge=1, le=100_000)] | None,
        Meta(description="CPUs of a task (--cpus-per-task)."),
    ] = None
    nodes: Annotated[Annotated[int, Meta(ge=1, le=100_000)] | None, Meta(description="Nodes.")] = (
        None
    )
    ntasks: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)] | None, Meta(description="Tasks.")
    ] = None
    account: Annotated[str | None, Meta(description="Account that is charged.")] = None
    qos: Annotated[str | None, Meta(description="Quality of service.")] = None
    constraint: Annotated[str | None, Meta(description="Features that nodes must have.")] = None
    reservation: Annotated[str | None, Meta(description="Reservation to run in.")] = None
    extra: Annotated[
        tuple[str, ...], Meta(description="The site's own sbatch options, one an entry.")
    ] = ()


class Verified(_Declared, frozen=True):
    """What a recipe was last run against, and when."""

    against: Annotated[str, Meta(description="What it was run against, in words.")]
    on: Annotated[datetime.date, Meta(description="The day it was run (TOML date).")]


class Recipe(_Declared, frozen=True):
    """What an author declares; the file format of `kernels/` and of a project's kernelkit.toml."""

    name: Annotated[str, Meta(description="Software's name, as in NAME/VERSION.")]
    version: Annotated[str, Meta(description='Version, quoted: "2.7.1".')] = ""
    display_name: Annotated[str, Meta(description="What Jupyter shows.")] = ""
    description: Annotated[str, Meta(description="One or two sentences for people.")] = ""
    language: Annotated[
        str, Meta(description="Kernel language: python, r, julia, bash or another.")
    ] = ""
    aliases: Annotated[
        tuple[str, ...], Meta(description="Other names this recipe answers to.")
    ] = ()
    default: Annotated[bool, Meta(description="Whether NAME alone means this version.")] = False
    logo: Annotated[str | None, Meta(description="SVG or PNG file beside the recipe.")] = None
    requires: Annotated[
        tuple[str, ...], Meta(description="Python packages the kernel must be able to import.")
    ] = ()
    wrap: Annotated[
        str | None, Meta(description="An installed kernelspec whose command and env to start from.")
    ] = None
    modules: Modules | None = None
    container: Container | None = None
    conda: Conda | None = None
    venv: Venv | None = None
    python: Interpreter | None = None
    packages: Packages | None = None
    kernel: KernelCommand | None = None
    env: Annotated[dict[str, str], Meta(description="Variables to set, literally.")] = field(
        default_factory=dict
    )
    env_passthrough: Annotated[
        tuple[str, ...], Meta(description="Variables of the server that the kernel keeps.")
    ] = ()
    resources: Resources | None = None
    verified: Verified | None = None
    troubleshoot: Annotated[
        str, Meta(description="What to do when it does not start, in words.")
    ] = ""

    @property
    def identity(self) -> str:
        """`name/version`, or `name` where there is no version."""
        return f"{self.name}/{self.version}" if self.version else self.name


class InstallOptions(_Declared, frozen=True):
    """How a recipe becomes a kernel: what is asked besides the recipe. Its request to Slurm stands
    in the recipe's `resources`; `lease` is in seconds."""

    as_name: Annotated[str, Meta(description="Kernel name, if not the usual one.")] = ""
    display_name: Annotated[str, Meta(description="What Jupyter shows.")] = ""
    scope: Annotated[
        Literal["user", "project", "sys-prefix", "system"],
        Meta(description="For whom: you, this directory, or this Python environment."),
    ] = "user"
    packages: Annotated[str, Meta(description="Packages dir that goes on top.")] = ""
    on_slurm: Annotated[bool, Meta(description="Run the kernel in a Slurm job.")] = False
    portable: Annotated[bool, Meta(description="Write kernel.json without the provisioner.")] = (
        False
    )
    keep: Annotated[bool, Meta(description="Let it live without a server, to its limit.")] = False
    lease: Annotated[
        Annotated[int, Meta(ge=30)] | None,
        Meta(description="Seconds that it lives on when its server is gone."),
    ] = None
    in_job: Annotated[str, Meta(description="Job to join instead of asking for one.")] = ""
    gpus: Annotated[str, Meta(description="GPUs of that job for this kernel: 0,1.")] = ""
    idle: Annotated[
        Annotated[int, Meta(ge=0, le=86400)],
        Meta(description="Seconds that its job stays for another kernel after the last one."),
    ] = 0
    no_test: Annotated[bool, Meta(description="Do not start it before it is put in place.")] = False
    test_on_slurm: Annotated[bool, Meta(description="Test it in a job, as it will run.")] = False


# --- probes: what the machine answered ----------------------------------------------------------


class _Fact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that kernelkit wrote itself; unknown fields of a newer version are skipped."""


class FileMark(_Fact, frozen=True):
    """A file as it was at install, to tell later whether it is still the same.

    `sha256` is empty for files too large to read every time (images), where size and
    modification time decide. Of a directory only its existence is compared. `role` and `label`
    are needed where a mark stands in `KernelMetadata.marks`; see `MarkRole`.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str = ""
    role: MarkRole = ""
    label: str = ""


class LoadedModule(_Fact, frozen=True):
    """One module as it really loaded: full name, its modulefile, and whether the user asked for it."""

    name: str
    file: FileMark
    asked: bool = False


class ModulePlan(_Fact, frozen=True):
    """Modules to load: after `init` is sourced and from `baseline`, `use` first, then in order."""

    system: ModuleSystem
    version: str
    init: tuple[str, ...]
    baseline: Baseline
    loads: tuple[LoadedModule, ...]
    use: tuple[str, ...] = ()
    collection: str | None = None
    # Shell functions that the modules defined (a container module's `python`, for one).
    functions: tuple[str, ...] = ()


class ContainerPlan(_Fact, frozen=True):
    """One `apptainer exec`: `runtime` is the command's name or absolute path."""

    runtime: str
    runtime_kind: Literal["apptainer", "singularity"]
    runtime_version: str
    image: FileMark
    folder: bool = False
    source: str = ""
    digest: str = ""
    binds: tuple[str, ...] = ()
    gpu: Gpu = "auto"
    clean_env: bool = False
    contain: bool = False
    overlay: str | None = None


class EnvironmentPlan(_Fact, frozen=True):
    """A conda or virtual environment to activate, or an interpreter to use.

    `prefix` is absolute; `relative` is the same prefix relative to the project's recipe, where
    the recipe gave it so (see `ProjectPlan`).
    """

    kind: Literal["conda", "venv", "interpreter"]
    prefix: str
    interpreter: str
    name: str = ""
    relative: str = ""
    site_packages: str = ""
    # conda: `conda env config vars` of the environment, as recorded in conda-meta/state.
    variables: dict[str, str] = field(default_factory=dict)


class ProjectPlan(_Fact, frozen=True):
    """A project with a recipe of its own: its directory at install and its recipe's file name.

    Environments and packages dirs that the recipe gives relative to itself are looked for from
    the notebook's directory upwards first, so a project that was moved or copied uses its own.
    """

    directory: str
    recipe_file: str


class PythonFacts(_Fact, frozen=True):
    """An interpreter as probed through all its layers.

    `command` is the word that starts it there (`python3`, or an absolute path); `found_as` what
    bash says of that word (`file`, or `function` for a module that defines one). `container` is
    the image it runs in, empty on the host. `pythonpath` is the PYTHONPATH that the layers
    themselves set, without a packages dir.
    """

    command: str
    found_as: Literal["file", "function"]
    executable: str
    prefix: str
    version: str
    implementation: str
    cache_tag: str
    platform: str
    machine: str
    libc: str = ""
    container: str = ""
    pythonpath: str = ""
    ipykernel: str = ""
    pip: str = ""
    debugger: bool = False
    curve: bool = False
    mark: FileMark | None = None
    distributions: dict[str, str] = field(default_factory=dict)


class AddedIpykernel(_Fact, frozen=True):
    """The read-only directory with an ipykernel for an interpreter that has none.

    `distributions` are the exact versions in it; the kernel appends `dir` to sys.path, so the
    environment's own packages win. `debugger` and `curve` are what this ipykernel can do there
    (those of `PythonFacts` were asked when there was none).
    """

    dir: str
    distributions: dict[str, str]
    debugger: bool = False
    curve: bool = False


class Change(_Fact, frozen=True):
    """One variable as a layer changed it; `value` is what was set, prepended or appended."""

    variable: str
    kind: Literal["set", "unset", "prepended", "appended"]
    value: str = ""


class LayerRecord(_Fact, frozen=True):
    """What one layer changed; `source` is the modulefile, the prefix or the recipe key behind it."""

    layer: str
    source: str
    changes: tuple[Change, ...] = ()


class Provenance(_Fact, frozen=True):
    """Where a recipe came from: its origin, the text a user gave, and the file if there is one."""

    origin: Origin
    given: str
    file: FileMark | None = None
    catalog: str = ""


class Plan(_Fact, frozen=True):
    """A recipe resolved on this machine; everything that `launch.sh` and `kernel.json` need."""

    kernel_name: str
    display_name: str
    language: str
    identity: str
    provenance: Provenance
    interrupt_mode: InterruptMode
    # What starts the kernel; {connection_file} stands alone as one word. Empty for Python, where
    # the guard starts ipykernel itself.
    command: tuple[str, ...] = ()
    description: str = ""
    path: str = "/usr/local/bin:/usr/bin:/bin"
    modules: ModulePlan | None = None
    environment: EnvironmentPlan | None = None
    container: ContainerPlan | None = None
    packages_dir: str = ""
    # The packages dir relative to the project, where the recipe gave it so.
    packages_relative: str = ""
    project: ProjectPlan | None = None
    python: PythonFacts | None = None
    ipykernel: AddedIpykernel | None = None
    env: dict[str, str] = field(default_factory=dict)
    env_passthrough: tuple[str, ...] = ()
    cache_root: str = ""
    user_site: bool = True
    resources: Resources | None = None
    logo: FileMark | None = None
    troubleshoot: str = ""


# --- what is stored in kernel.json --------------------------------------------------------------


class KernelMetadata(_Fact, frozen=True):
    """`metadata.kernelkit` of an installed kernel.json: what `list` needs, and nothing secret.

    Everything in a kernelspec directory is served over HTTP to whoever may use the server, so
    environment values never stand here. `digests` are SHA-256 by file name: of `launch.sh` and
    logos as written, and under `kernel.json` the `specs.integrity.spec_digest` of its content
    without this table. Every mark has a `role`; marks only name files of this host's own view,
    never paths inside an image.
    """

    format: int
    version: str
    identity: str
    provenance: Provenance
    installed: str
    layers: tuple[str, ...]
    marks: tuple[FileMark, ...] = ()
    modules: tuple[str, ...] = ()
    python: str = ""
    digests: dict[str, str] = field(default_factory=dict)
    resources: Resources | None = None
    description: str = ""


METADATA_FORMAT = 1

# What marks the kernelspec of a Slurm kernel in its `metadata`: the provisioner's name, or, where
# it is portable, the key under which its config stands instead.
PROVISIONER_NAME = "kernelkit-slurm"
PORTABLE_KEY = "kernelkit_job"


class Definition(_Fact, frozen=True):
    """What a kernel was made from, as the record beside it keeps it: enough to make it again.

    `recipe` holds what options added; `authored` is the recipe without that, where it differs, so
    that a newer one of the catalog can take its place and the additions stay. Relative paths of
    both count from `base`; `recipe_file` is the file of a project's own recipe, `logo` a file.
    """

    recipe: Recipe
    base: str
    authored: Recipe | None = None
    recipe_file: str = ""
    logo: str = ""


class JobStanza(_Fact, frozen=True):
    """What kernel.json says of a kernel in a Slurm job: the words before the kernel's directory
    in argv, and what `metadata` gets, the `kernel_provisioner` stanza unless it is portable.
    `notices` are for whoever installs it."""

    argv: tuple[str, ...]
    metadata: dict[str, Any]
    notices: tuple[str, ...] = ()


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a recipe; the form in JupyterLab is drawn from it."""
    found = msgspec.json.schema(Recipe)
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return found
