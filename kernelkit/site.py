"""What this cluster offers and allows: traitlets settings on Jupyter's config path, else detected.

Settings live in `jupyter_kernelkit_config.py` or `.json` in any directory of
`jupyter --paths` (config), as `c.KernelkitSite.NAME = VALUE`. A user's file wins over the
site's, except for the settings tagged `policy`, where the site's system-wide file wins.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from traitlets import Bool, Enum, Float, Int, List, Unicode
from traitlets.config import Config, Configurable
from traitlets.config.loader import JSONFileConfigLoader, PyFileConfigLoader

from .errors import KernelkitError

CONFIG_NAME = "jupyter_kernelkit_config"

# Where distributions and sites put the file that defines `module`. A profile file comes before
# the bare init because only it sets MODULEPATH.
MODULE_INIT_CANDIDATES = {
    "lmod": (
        "/etc/profile.d/z00_lmod.sh",
        "/etc/profile.d/lmod.sh",
        "/usr/share/lmod/lmod/init/bash",
        "/opt/apps/lmod/lmod/init/bash",
    ),
    "environment-modules": (
        "/etc/profile.d/modules.sh",
        "/usr/share/modules/init/bash",
        "/usr/share/Modules/init/bash",
        "/etc/modules/init/bash",
    ),
}


class KernelkitSite(Configurable):
    """The settings of a site; each is detected where it is not set."""

    module_system = Enum(
        ["auto", "lmod", "environment-modules", "none"],
        default_value="auto",
        help="Module system of this cluster; auto looks for Lmod, then Environment Modules.",
    ).tag(config=True)
    module_init = List(
        Unicode(),
        help="Files to source, in order, so that `module` exists and MODULEPATH is set.",
    ).tag(config=True)
    module_paths = List(
        Unicode(), help="Directories to add to MODULEPATH (`module use`) for every kernel."
    ).tag(config=True)
    module_baseline = Enum(
        ["purge", "reset", "keep"],
        default_value="purge",
        help="What kernels start from unless their recipe says otherwise.",
    ).tag(config=True)
    base_path = Unicode(
        help="PATH before any layer; detected from /etc/profile.",
    ).tag(config=True)
    container_runtime = Unicode(
        help="Command or absolute path of apptainer or singularity.",
    ).tag(config=True)
    container_module = Unicode(
        help="Module that brings the container runtime, where it is not on PATH.",
    ).tag(config=True)
    container_binds = List(
        Unicode(), help="Binds for every container kernel, SOURCE[:TARGET[:ro]]."
    ).tag(config=True)
    image_root = Unicode(
        help="Directory for images pulled from a registry; default: kernelkit's data directory.",
    ).tag(config=True)
    image_dirs = List(
        Unicode(), help="Directories of SIF files and folder images that `avail` lists."
    ).tag(config=True)
    cache_root = Unicode(
        help="Directory for HF_HOME, TORCH_HOME, PIP_CACHE_DIR …; may hold ~ and $VARIABLES.",
    ).tag(config=True)
    catalog_dirs = List(
        Unicode(), help="Directories of recipes, before kernelkit's own catalog."
    ).tag(config=True)
    node_python = Unicode(
        help="Python with pyzmq that nodes see, for kernels that cannot encrypt; default: "
        "kernelkit's own. Empty where they see none.",
    ).tag(config=True)
    packages_root = Unicode(
        help="Directory under which packages dirs are made when only a name is given.",
    ).tag(config=True)
    run_root = Unicode(
        "~/.local/share/kernelkit/runs",
        help="Directory of Slurm kernels' runs, on a disk that the nodes share.",
    ).tag(config=True)
    run_days = Int(
        14,
        min=1,
        help="Days that the log and the record of a Slurm kernel are kept after its end.",
    ).tag(config=True)
    run_interface = Unicode(
        help="Network interface that kernels listen on (`ib0`); default: the node's own name.",
    ).tag(config=True)
    run_network = Unicode(
        help="Network that kernels listen in (`10.1.0.0/16`), instead of an interface.",
    ).tag(config=True)
    queue_interval = Float(
        5.0, help="Seconds at least between two squeue queries of one server."
    ).tag(config=True)
    gpu_use_interval = Int(
        30,
        help="Seconds between two looks of a Slurm kernel's job at what its GPUs do; 0 for none.",
    ).tag(config=True)
    lease = Int(900, help="Seconds that a Slurm kernel lives on when its server is gone.").tag(
        config=True
    )
    left_in_queue = Enum(
        ["attach", "offer", "cancel"],
        default_value="attach",
        help="What a new server does about queued Slurm kernels of one that is gone; those that "
        "run are offered.",
    ).tag(config=True)
    start_timeout = Float(180.0, help="Seconds a kernel may take to answer once its job runs.").tag(
        config=True
    )
    warn_in_output = Bool(
        False,
        help="Whether the cell that runs also shows when its job is about to reach its time limit.",
    ).tag(config=True)
    allow_plain = Bool(
        False, help="Whether kernels that cannot encrypt may talk over the network all the same."
    ).tag(config=True, policy=True)
    install_scope = Enum(
        ["user", "sys-prefix"],
        default_value="user",
        help="Where `install` puts kernels unless told otherwise.",
    ).tag(config=True)
    command_timeout = Float(
        120.0, help="Seconds that one module or container command may take."
    ).tag(config=True)
    kernel_timeout = Float(
        120.0, help="Seconds a test launch waits for the kernel's first reply."
    ).tag(config=True)
    allowed_images = List(
        Unicode(), help="Patterns (fnmatch) of images that may be used; empty allows all."
    ).tag(config=True, policy=True)
    allowed_modules = List(
        Unicode(), help="Patterns (fnmatch) of modules that may be loaded; empty allows all."
    ).tag(config=True, policy=True)
    allowed_variables = List(
        Unicode(), help="Variables such as LD_PRELOAD that recipes may set here."
    ).tag(config=True, policy=True)


@dataclass(frozen=True)
class Setting:
    """One setting as it is in force: `origin` is a file, `detected` or `default`."""

    name: str
    value: Any
    origin: str
    help: str


@dataclass(frozen=True)
class Site:
    """The settings in force, each with its origin. Made by `load_site`; read by everything."""

    settings: dict[str, Setting]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.settings[name].value
        except KeyError:
            raise AttributeError(name) from None

    @property
    def run_dir(self) -> Path:
        """`run_root` with what the user's environment puts in."""
        return Path(os.path.expandvars(self.run_root)).expanduser()

    def origin(self, name: str) -> str:
        """Where the value of `name` comes from, in words."""
        return self.settings[name].origin


def load_site() -> Site:
    """Read the settings and detect what is not set. Raises KernelkitError for a broken file."""
    configured, origins = _read_config()
    made = KernelkitSite(config=configured)
    settings = {}
    for name, trait in sorted(made.traits(config=True).items()):
        settings[name] = Setting(
            name, getattr(made, name), origins.get(name, "default"), trait.help
        )
    for name, value in _detect(made, set(origins)).items():
        if name not in origins:
            settings[name] = Setting(name, value, "detected", settings[name].help)
    return Site(settings)


def _read_config() -> tuple[Config, dict[str, str]]:
    from jupyter_core.paths import SYSTEM_CONFIG_PATH, jupyter_config_path

    system = {str(Path(p)) for p in SYSTEM_CONFIG_PATH}
    policy = {
        n for n, t in KernelkitSite.class_traits(config=True).items() if t.metadata.get("policy")
    }
    merged = Config()
    origins: dict[str, str] = {}
    settled: set[str] = set()
    # Highest priority last, as each file overrides the ones before it.
    for directory in reversed(jupyter_config_path()):
        for suffix, loader in ((".json", JSONFileConfigLoader), (".py", PyFileConfigLoader)):
            path = Path(directory) / (CONFIG_NAME + suffix)
            if not path.is_file():
                continue
            try:
                found = loader(path.name, path=directory).load_config()
                section = found.get("KernelkitSite", Config())
                KernelkitSite(config=Config(KernelkitSite=section))
            except Exception as error:  # noqa: BLE001 - a .py file may raise anything at all
                raise KernelkitError(
                    f"The settings in `{path}` cannot be used: {error}.", hint="Mend that file."
                ) from error
            for name, value in section.items():
                if name not in KernelkitSite.class_traits(config=True):
                    raise KernelkitError(
                        f"`{path}` sets `KernelkitSite.{name}`, which is no setting.",
                        hint=_nearest(name),
                    )
                if name in settled:
                    continue
                merged.KernelkitSite[name] = value
                origins[name] = str(path)
                if name in policy and directory in system:
                    settled.add(name)
    return merged, origins


def _nearest(name: str) -> str:
    import difflib

    close = difflib.get_close_matches(name, KernelkitSite.class_trait_names(config=True), 1)
    return f"Did you mean `{close[0]}`?" if close else "`kernelkit config` lists the settings."


def _detect(made: KernelkitSite, configured: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    system, init = detect_module_init(made.module_system)
    if made.module_system == "auto":
        found["module_system"] = system if not made.module_init else "auto"
    if not made.module_init:
        found["module_init"] = init
    if not made.container_runtime:
        found["container_runtime"] = next(
            (p for p in map(shutil.which, ("apptainer", "singularity")) if p), ""
        )
    if not made.base_path:
        found["base_path"] = detect_base_path()
    found["node_python"] = sys.executable
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "kernelkit"
    if not made.image_root:
        found["image_root"] = str(data / "images")
    if not made.packages_root:
        found["packages_root"] = str(data / "packages")
    return {name: value for name, value in found.items() if name not in configured}


def detect_module_init(system: str) -> tuple[str, list[str]]:
    """The module system in use and the files that define `module`; empty where there is none.

    Looks at what the running shell was set up with ($LMOD_PKG, $MODULESHOME) before the places
    where distributions put it: a user's own module system is not the machine's. Of the same
    installation the profile file is taken, which gives each node its own MODULEPATH.
    """
    if system == "none":
        return "none", []
    tried: list[tuple[str, str]] = []
    for variable in ("LMOD_PKG", "MODULESHOME"):
        if home := os.environ.get(variable):
            is_lmod = variable == "LMOD_PKG" or os.environ.get("LMOD_VERSION")
            kind = "lmod" if is_lmod else "environment-modules"
            its_own = [path for path in MODULE_INIT_CANDIDATES[kind] if _sets_up(path, home)]
            tried += [(kind, path) for path in (*its_own, f"{home}/init/bash")]
    for kind, paths in MODULE_INIT_CANDIDATES.items():
        tried += [(kind, path) for path in paths]
    for kind, path in tried:
        if system in ("auto", kind) and Path(path).is_file():
            return kind, [path]
    return "none", []


def _sets_up(profile: str, home: str) -> bool:
    """Whether a file is of the module system at `home`: it is there, or sources what is."""
    places = {home.rstrip("/"), os.path.realpath(home)}
    try:
        text = Path(profile).read_text(errors="replace")
    except OSError:
        return False
    real = os.path.realpath(profile)
    return any(f"{place}/" in text or real.startswith(f"{place}/") for place in places)


def detect_base_path() -> str:
    """PATH as /etc/profile alone gives it, without anything a user or a module added."""
    from .errors import CommandFailed
    from .proc import run

    plain = "/usr/local/bin:/usr/bin:/bin"
    try:
        done = run(
            [
                "/bin/bash",
                "--noprofile",
                "--norc",
                "-c",
                '. /etc/profile >&2; printf %s "$PATH" >&3',
            ],
            env={"PATH": plain, "HOME": "/", "USER": "nobody"},
            timeout=10,
            want_fd3=True,
        )
    except CommandFailed:
        return plain
    parts = [p for p in os.fsdecode(done.fd3).split(":") if p.startswith("/") and "\n" not in p]
    return ":".join(dict.fromkeys(parts)) or plain
