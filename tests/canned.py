"""Canned answers of a machine, and the plans they resolve to: nothing here asks the real one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kernelkit.model import (
    AddedIpykernel,
    Baseline,
    Container,
    ContainerPlan,
    EnvironmentPlan,
    FileMark,
    KernelCommand,
    LoadedModule,
    ModulePlan,
    ModuleSystem,
    Plan,
    ProjectPlan,
    Provenance,
    PythonFacts,
    Recipe,
)
from kernelkit.specs.resolve import Probes, resolve_plan

BASE_PATH = "/usr/local/bin:/usr/bin:/bin"
LMOD_INIT = "/usr/share/lmod/lmod/init/bash"
MODULES_INIT = "/usr/share/modules/init/bash"
HOME = "/home/ada"


def mark(path: str) -> FileMark:
    return FileMark(path=path, size=1024, mtime_ns=1_700_000_000_000_000_000)


def provenance(given: str = "") -> Provenance:
    return Provenance(origin="catalog", given=given)


def modules(
    *names: str,
    asked: tuple[str, ...] = (),
    system: ModuleSystem = "lmod",
    baseline: Baseline = "purge",
    use: tuple[str, ...] = (),
    functions: tuple[str, ...] = (),
    init: tuple[str, ...] = (),
) -> ModulePlan:
    lmod = system == "lmod"
    return ModulePlan(
        system=system,
        version="8.7.60" if lmod else "5.2.0",
        init=init or ((LMOD_INIT,) if lmod else (MODULES_INIT,)),
        baseline=baseline,
        loads=tuple(
            LoadedModule(name=n, file=mark(f"/apps/modules/{n}.lua"), asked=n in (asked or names))
            for n in names
        ),
        use=use,
        functions=functions,
    )


def python(executable: str = "/usr/bin/python3", **changes: object) -> PythonFacts:
    facts: dict[str, object] = {
        "command": executable,
        "found_as": "file",
        "executable": executable,
        "prefix": executable.rpartition("/bin/")[0],
        "version": "3.11.2",
        "implementation": "cpython",
        "cache_tag": "cpython-311",
        "platform": "linux-x86_64",
        "machine": "x86_64",
        "ipykernel": "6.29.5",
        "debugger": True,
    }
    return PythonFacts(**{**facts, **changes})  # type: ignore[arg-type]


def venv(prefix: str, *, relative: str = "") -> EnvironmentPlan:
    return EnvironmentPlan(
        kind="venv",
        prefix=prefix,
        interpreter=f"{prefix}/bin/python",
        relative=relative,
        site_packages=f"{prefix}/lib/python3.11/site-packages",
    )


def conda(prefix: str, name: str = "", **variables: str) -> EnvironmentPlan:
    return EnvironmentPlan(
        kind="conda",
        prefix=prefix,
        interpreter=f"{prefix}/bin/python",
        name=name,
        variables=variables,
    )


def interpreter(path: str) -> EnvironmentPlan:
    """As `environment.venvs.find_interpreter` describes one: its prefix is the program itself."""
    return EnvironmentPlan(kind="interpreter", prefix=path, interpreter=path)


def image(path: str, **changes: object) -> ContainerPlan:
    facts: dict[str, object] = {
        "runtime": "/usr/bin/apptainer",
        "runtime_kind": "apptainer",
        "runtime_version": "1.4.5",
        "image": mark(path),
    }
    return ContainerPlan(**{**facts, **changes})  # type: ignore[arg-type]


def draft(**layers: object) -> Plan:
    """The plan of layers alone, without a kernel behind them."""
    probes = Probes(**{"base_path": BASE_PATH, **layers})  # type: ignore[arg-type]
    return resolve_plan(Recipe(name="canned"), provenance(), probes)


@dataclass(frozen=True)
class Case:
    """A recipe and what the machine answered for it."""

    recipe: Recipe
    probes: Probes
    provenance: Provenance = field(default_factory=provenance)

    @property
    def plan(self) -> Plan:
        return resolve_plan(self.recipe, self.provenance, self.probes)


def _case(recipe: Recipe, **probes: object) -> Case:
    return Case(recipe, Probes(**{"base_path": BASE_PATH, **probes}))  # type: ignore[arg-type]


CASES = {
    "venv": _case(
        Recipe(
            name="thesis",
            display_name="Thesis",
            description="The environment of my thesis.",
        ),
        environment=venv(f"{HOME}/thesis/.venv"),
        python=python(f"{HOME}/thesis/.venv/bin/python"),
    ),
    "module": _case(
        Recipe(
            name="python-mpi",
            version="3.11",
            display_name="Python 3.11 with MPI",
            description="Python with mpi4py, built with GCC and Open MPI.",
            troubleshoot="`import mpi4py` fails: load the same MPI that your job was built with.\n"
            "The kernel is slow to start: the first import reads many small files over the "
            "network, later ones are quick.",
        ),
        modules=modules(
            "gcc/12.2", "openmpi/4.1", "python-mpi/3.11", "mpi4py/3.1", asked=("mpi4py/3.1",)
        ),
        python=python(
            "/apps/python-mpi/3.11/bin/python3", command="python3", pythonpath="/apps/mpi4py/3.1"
        ),
    ),
    "environment-modules": _case(
        Recipe(name="python", version="3.11"),
        modules=modules(
            "python/3.11",
            system="environment-modules",
            use=("/projects/physics/modules", f"{HOME}/my modules"),
        ),
        python=python("/apps/python/3.11/bin/python3", command="python3", ipykernel="7.4.0"),
        ipykernel=AddedIpykernel(
            dir=f"{HOME}/.local/share/kernelkit/ipykernel/cpython-311-1f2e3d",
            distributions={"ipykernel": "7.4.0"},
        ),
    ),
    "module-venv": _case(
        Recipe(name="analysis", display_name="Analysis"),
        modules=modules("python/3.11", "scipy-stack/2025a", baseline="reset"),
        environment=venv(f"{HOME}/analysis"),
        python=python(f"{HOME}/analysis/bin/python"),
    ),
    "conda": _case(
        Recipe(name="science", display_name="Science", env={"OMP_NUM_THREADS": "4"}),
        environment=conda("/opt/conda/envs/science", "science", PROJ_NETWORK="ON"),
        python=python("/opt/conda/envs/science/bin/python"),
    ),
    "interpreter": _case(
        Recipe(name="bleeding-edge"),
        environment=interpreter("/opt/python-3.15/bin/python3.15"),
        python=python("/opt/python-3.15/bin/python3.15", cache_tag="cpython-315"),
    ),
    "image": _case(
        Recipe(
            name="pytorch-ngc",
            version="25.06",
            display_name="PyTorch (NGC 25.06)",
            container=Container(image="docker://nvcr.io/nvidia/pytorch:25.06-py3"),
        ),
        container=image("/scratch/images/pytorch-25.06.sif"),
        python=python(container="/scratch/images/pytorch-25.06.sif", command="python3"),
    ),
    "wrapper": _case(
        Recipe(name="pytorch", version="2.7.1", display_name="PyTorch 2.7.1"),
        modules=modules(
            "apptainer/1.4.5",
            "pytorch/2.7.1-cuda12.6-cudnn9",
            asked=("pytorch/2.7.1-cuda12.6-cudnn9",),
        ),
        packages_dir=f"{HOME}/.local/share/kernelkit/packages/pytorch",
        python=python(
            command="python", container="/apps/pytorch/2.7.1.sif", pythonpath="/opt/extras"
        ),
    ),
    "function": _case(
        Recipe(name="tensorflow", version="2.15"),
        modules=modules("tensorflow/2.15", functions=("python",)),
        python=python(command="python", found_as="function", container="/apps/tf-2.15.sif"),
    ),
    "r": _case(
        Recipe(name="r", version="4.2", language="r", display_name="R 4.2"),
        modules=modules("r/4.2"),
    ),
    "project": _case(
        Recipe(name="climate", display_name="Climate project"),
        project=ProjectPlan(directory=f"{HOME}/climate", recipe_file="kernelkit.toml"),
        environment=venv(f"{HOME}/climate/.venv", relative=".venv"),
        packages_dir=f"{HOME}/climate/extra packages",
        packages_relative="extra packages",
        python=python(f"{HOME}/climate/.venv/bin/python"),
    ),
    "everything": _case(
        Recipe(
            name="everything",
            display_name="Everything at once",
            description="Every layer that a kernel can have.",
            language="python",
            container=Container(image="/scratch/images/tools"),
            env={"GREETING": 'it\'s $HOME\n"two" lines', "MODE": "fast"},
            env_passthrough=("WANDB_MODE",),
            kernel=KernelCommand(user_site=False),
            troubleshoot="Ask the help desk.",
        ),
        modules=modules("gcc/12.2", "singularity/3.11", baseline="keep"),
        environment=venv("/scratch/envs/inside"),
        container=image(
            "/scratch/images/tools",
            runtime="singularity",
            runtime_kind="singularity",
            folder=True,
            binds=("/scratch/$USER:/work", "~/data"),
            gpu="rocm",
            clean_env=True,
            contain=True,
            overlay="/scratch/overlay.img",
        ),
        packages_dir=f"{HOME}/packages",
        cache_root="/scratch/$USER/cache",
        python=python("/scratch/envs/inside/bin/python", container="/scratch/images/tools"),
        ipykernel=AddedIpykernel(dir="/data/ipykernel", distributions={"ipykernel": "6.29.5"}),
    ),
}


def directory(case: Case) -> Path:
    return Path(HOME) / ".local/share/jupyter/kernels" / case.plan.kernel_name
