"""Every way of putting a kernel together: what to type, and what a cell must then see."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from machine import Machine, write_layer

PYTORCH = "pytorch/2.7.1-cuda12.6-cudnn9"
APPTAINER = "apptainer/1.4.5"
HIERARCHY = ("gcc/12.2", "openmpi/4.1", "python-mpi/3.11")

# Legal in a file name, and each the end of a careless script.
ODD = 'it\'s "my" $HOME `id` * ünïcode'


def nothing(machine: Machine) -> None:
    pass


@dataclass(frozen=True)
class Case:
    """One combination. Text may hold the places of `Machine.words`.

    `loads` is the whole load order that the record must hold; `layers` are all the marker
    packages that a cell can import, no more and no less; `seen` maps variables to values.
    """

    id: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    system: str = "lmod"
    prepare: Callable[[Machine], None] = nothing
    language: str = "python"
    loads: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    executable: str = "/usr/bin/python3"
    seen: dict[str, str] = field(default_factory=dict)
    # What else a cell must be able to run, on top of the proof.
    also: str = ""


# --- what has to be there first ------------------------------------------------------------------


def make_venv(machine: Machine) -> None:
    machine.venv()


def make_venv_on_system(machine: Machine) -> None:
    machine.venv(None, "--system-site-packages")


def make_odd_venv(machine: Machine) -> None:
    machine.venv(machine.project / ODD)


def make_packages(machine: Machine) -> None:
    write_layer(machine.project / "packages", "layer_packages")


def make_odd_packages(machine: Machine) -> None:
    write_layer(machine.project / ODD, "layer_packages")


def make_odd_project(machine: Machine) -> None:
    project = machine.project / ODD
    machine.venv(project / ".venv")
    write_layer(project / "packages", "layer_packages")
    (project / "kernelkit.toml").write_text(
        'name = "odd"\n[venv]\npath = ".venv"\n[packages]\ndir = "./packages"\n'
        "[env]\nODD = \"two\\nlines, 'quotes', $HOME and `id`\"\n"
    )


def make_project(machine: Machine) -> None:
    machine.venv()
    (machine.project / "kernelkit.toml").write_text('name = "mine"\n[venv]\npath = ".venv"\n')


def know_conda(machine: Machine) -> None:
    # conda writes every environment it makes into this file.
    known = machine.home / ".conda/environments.txt"
    known.parent.mkdir()
    known.write_text(f"{machine.parts.conda_env}\n")


def save_collection(machine: Machine) -> None:
    _save(machine.parts.lmod_new_init, machine.parts.lmod_tree)


def save_collection_of_environment_modules(machine: Machine) -> None:
    _save(machine.parts.environment_modules_init, machine.parts.tcl_tree)


def _save(init: Path, tree: Path) -> None:
    script = 'source "$1" && module use "$2" && module load style-depends-on python-bare/3.11'
    script += " && module save mine"
    words = ["/bin/bash", "-c", script, "bash", str(init), str(tree)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def write_kernelspec(machine: Machine, text: str) -> None:
    directory = machine.home / ".local/share/jupyter/kernels/by-hand"
    directory.mkdir(parents=True)
    (directory / "kernel.json").write_text(text)


def make_ipykernel_spec(machine: Machine) -> None:
    write_kernelspec(
        machine,
        f'{{"argv": ["{machine.parts.python}", "-m", "ipykernel_launcher", "-f", '
        '"{connection_file}"], "display_name": "By hand", "language": "python", '
        '"env": {"BY_HAND": "it\'s $HOME"}}',
    )


def make_foreign_spec(machine: Machine) -> None:
    write_kernelspec(
        machine,
        f'{{"argv": ["{machine.parts.r}", "--slave", "-e", "IRkernel::main()", "--args", '
        '"{connection_file}"], "display_name": "By hand", "language": "R", '
        '"env": {"BY_HAND": "it\'s $HOME"}}',
    )


# --- the table -----------------------------------------------------------------------------------

PYTHON = "{software}/python-3.11/bin/python3"
SCIENCE = {
    "CONDA_PREFIX": "{conda}/envs/science",
    "PROJ_DATA": "{conda}/envs/science/share/proj",
    "GDAL_DATA": "{conda}/envs/science/share/gdal",
    "SCIENCE_MODE": "a value with spaces",
    "SCIENCE_QUOTED": "it's $HOME",
}


def module_style(
    style: str, *loads: str, system: str = "lmod", layers: tuple[str, ...] = ("layer_python",)
) -> Case:
    """A python module with one that needs others in a certain way."""
    variable = style.upper().replace("-", "_")
    return Case(
        f"{style} on {system}",
        ("create", "--module", f"{style}/1.0", "--module", "python/3.11", "--no-test"),
        needs=(system, "modules", "python"),
        system=system,
        loads=(*loads, f"{style}/1.0", "python/3.11"),
        layers=layers,
        executable=PYTHON,
        seen={variable: "loaded"},
    )


CASES = (
    # Modules.
    Case(
        "module",
        ("install", "python/3.11"),
        needs=("lmod", "modules", "python"),
        loads=("python/3.11",),
        layers=("layer_python",),
        executable=PYTHON,
    ),
    Case(
        "module of Environment Modules",
        ("install", "python/3.11"),
        needs=("environment-modules", "modules", "python"),
        system="environment-modules",
        loads=("python/3.11",),
        layers=("layer_python",),
        executable=PYTHON,
    ),
    Case(
        "module without ipykernel",
        ("install", "python-bare/3.11"),
        needs=("lmod", "modules", "python"),
        loads=("python-bare/3.11",),
        layers=("layer_bare",),
        executable="{software}/python-bare/bin/python3",
    ),
    *(
        module_style(f"style-{style}", "libfoo/1.0", system=system)
        for system in ("lmod", "environment-modules")
        for style in ("depends-on", "prereq", "load", "always-load")
    ),
    module_style("style-depends-on-any", "libfoo/2.0", system="lmod-new"),
    module_style("style-family-a"),
    module_style("style-chatty"),
    module_style("style-pythonpath", layers=("layer_python", "layer_pythonpath")),
    Case(
        "hierarchy",
        ("install", "python-mpi"),  # an alias of a recipe, too
        needs=("lmod", "modules", "python"),
        loads=HIERARCHY,
        layers=("layer_python",),
        executable=PYTHON,
        seen={"LAYER_MPI": "gcc/12.2 openmpi/4.1"},
    ),
    Case(
        "hierarchy of Environment Modules",
        (
            *("create", "--module", "gcc/12.2", "--module", "openmpi/4.1"),
            *("--module", "mpi4py/3.1"),
        ),
        needs=("environment-modules", "modules", "python"),
        system="environment-modules",
        loads=(*HIERARCHY, "mpi4py/3.1"),
        layers=("layer_mpi", "layer_python"),
        executable=PYTHON,
    ),
    Case(
        "MPI",
        ("install", "mpi4py"),  # a recipe
        needs=("lmod", "modules", "python", "mpi"),
        loads=(*HIERARCHY, "mpi4py/3.1"),
        layers=("layer_mpi", "layer_python"),
        executable=PYTHON,
        seen={"OMP_NUM_THREADS": "1"},
        # A program of one rank, as every notebook is.
        also="from mpi4py import MPI\n"
        "assert MPI.COMM_WORLD.allreduce(1) == 1\n"
        "assert MPI.Get_library_version().startswith('Open MPI v4.1')",
    ),
    Case(
        "collection",
        ("create", "--collection", "mine"),
        needs=("lmod-new", "modules", "python"),
        system="lmod-new",
        prepare=save_collection,
        loads=("libfoo/1.0", "style-depends-on/1.0", "python-bare/3.11"),
        layers=("layer_bare",),
        executable="{software}/python-bare/bin/python3",
    ),
    Case(
        "collection of Environment Modules",
        ("create", "--collection", "mine"),
        needs=("environment-modules", "modules", "python"),
        system="environment-modules",
        prepare=save_collection_of_environment_modules,
        loads=("libfoo/1.0", "style-depends-on/1.0", "python-bare/3.11"),
        layers=("layer_bare",),
        executable="{software}/python-bare/bin/python3",
    ),
    # Environments, alone and on modules.
    Case(
        "module and venv",
        (
            *("create", "--module", "style-pythonpath/1.0", "--module", "python/3.11"),
            *("--venv", ".venv"),
        ),
        needs=("lmod", "modules", "python"),
        prepare=make_venv_on_system,
        loads=("style-pythonpath/1.0", "python/3.11"),
        layers=("layer_python", "layer_pythonpath", "layer_venv"),
        executable="{project}/.venv/bin/python",
        seen={"VIRTUAL_ENV": "{project}/.venv"},
    ),
    Case(
        "module and conda",
        ("create", "--module", "miniforge/24", "--conda", "science"),
        needs=("lmod", "modules", "conda"),
        loads=("miniforge/24",),
        layers=("layer_conda",),
        executable="{conda}/envs/science/bin/python",
        seen=SCIENCE,
    ),
    Case(
        "conda by name",
        ("install", "science"),
        needs=("conda",),
        system="none",
        prepare=know_conda,
        layers=("layer_conda",),
        executable="{conda}/envs/science/bin/python",
        seen={**SCIENCE, "CONDA_DEFAULT_ENV": "science"},
    ),
    Case(
        "conda by prefix",
        ("install", "{conda}/envs/science"),
        needs=("conda",),
        system="none",
        layers=("layer_conda",),
        executable="{conda}/envs/science/bin/python",
        seen=SCIENCE,
    ),
    Case(
        "conda without ipykernel",
        ("install", "{conda}/envs/nokernel"),
        needs=("conda",),
        system="none",
        layers=("layer_conda_nokernel",),
        executable="{conda}/envs/nokernel/bin/python",
    ),
    Case(
        "venv",
        ("install", ".venv"),
        needs=("python",),
        system="none",
        prepare=make_venv,
        layers=("layer_venv",),
        executable="{project}/.venv/bin/python",
        seen={"VIRTUAL_ENV": "{project}/.venv"},
    ),
    Case(
        "venv of a project",
        ("install", "./kernelkit.toml"),
        needs=("python",),
        system="none",
        prepare=make_project,
        layers=("layer_venv",),
        executable="{project}/.venv/bin/python",
    ),
    Case(
        "interpreter",
        ("install", "{software}/python-3.11/bin/python3"),
        needs=("python",),
        system="none",
        layers=("layer_python",),
        executable=PYTHON,
    ),
    # Images.
    Case(
        "SIF image",
        ("install", "{images}/demo.sif"),
        needs=("apptainer", "image-demo"),
        system="apptainer",
        layers=("layer_demo",),
    ),
    Case(
        "folder image",
        ("install", "{images}/demo"),
        needs=("apptainer", "image-demo"),
        system="apptainer",
        layers=("layer_demo",),
    ),
    Case(
        "image without ipykernel",
        ("install", "{images}/noipykernel.sif"),
        needs=("apptainer", "image-noipykernel"),
        system="apptainer",
        layers=("layer_noipykernel",),
    ),
    Case(
        "image with ipykernel 6",
        ("install", "{images}/ipykernel6.sif"),
        needs=("apptainer", "image-ipykernel6"),
        system="apptainer",
        layers=("layer_ipykernel6",),
        also="import ipykernel; assert ipykernel.version_info[0] == 6, ipykernel.version_info",
    ),
    Case(
        "image with torch",
        ("install", "{images}/torch.sif"),
        needs=("apptainer", "image-torch"),
        system="apptainer",
        layers=("layer_demo", "layer_torch"),
        also="import torch; assert (torch.ones(2, 3) @ torch.ones(3, 2)).sum().item() == 12",
    ),
    Case(
        "image by module",
        ("create", "--module", "apptainer", "--container", "{images}/demo.sif"),
        needs=("lmod", "modules", "apptainer", "image-demo"),
        loads=(APPTAINER,),
        layers=("layer_demo",),
    ),
    Case(
        "image alone where only a module brings apptainer",
        ("install", "{images}/demo.sif"),
        needs=("lmod", "modules", "apptainer", "image-demo"),
        loads=(APPTAINER,),
        layers=("layer_demo",),
    ),
    Case(
        "image with a clean environment",
        (
            *("create", "--container", "{images}/demo.sif", "--clean-env"),
            *("--set", "ODD=two\nlines, 'q' \"q\" $HOME `id`"),
        ),
        needs=("apptainer", "image-demo"),
        system="apptainer",
        layers=("layer_demo",),
        seen={"ODD": "two\nlines, 'q' \"q\" $HOME `id`"},
    ),
    Case(
        "image and packages dir",
        ("install", "{images}/demo.sif", "--packages", "./packages"),
        needs=("apptainer", "image-demo"),
        system="apptainer",
        prepare=make_packages,
        layers=("layer_demo", "layer_packages"),
    ),
    # Modules that are containers.
    Case(
        "module with a container wrapper",
        ("install", "pytorch/2.7.1"),
        needs=("lmod", "modules", "apptainer", "image-demo"),
        system="detected",
        loads=(APPTAINER, PYTORCH),
        layers=("layer_demo",),
    ),
    Case(
        "container wrapper of Environment Modules",
        ("install", "pytorch/2.7.1"),
        needs=("environment-modules", "modules", "apptainer", "image-demo"),
        system="environment-modules",
        loads=(APPTAINER, PYTORCH),
        layers=("layer_demo",),
    ),
    Case(
        "container wrapper and packages dir",
        ("install", "pytorch/2.7.1", "--packages", "./packages"),
        needs=("lmod", "modules", "apptainer", "image-demo"),
        prepare=make_packages,
        loads=(APPTAINER, PYTORCH),
        layers=("layer_demo", "layer_packages"),
    ),
    Case(
        "container wrapper with torch",
        ("install", "pytorch-cpu/2.13.0"),
        needs=("lmod", "modules", "apptainer", "image-torch"),
        loads=(APPTAINER, "pytorch-cpu/2.13.0"),
        layers=("layer_demo", "layer_torch"),
        also="import torch; assert (torch.eye(3) @ torch.ones(3)).tolist() == [1, 1, 1]",
    ),
    Case(
        "module with a shell function",
        ("create", "--module", "tensorflow/2.15"),
        needs=("lmod", "modules", "apptainer", "image-demo"),
        loads=(APPTAINER, "tensorflow/2.15"),
        layers=("layer_demo",),
    ),
    Case(
        "shell function of Environment Modules",
        ("create", "--module", "tensorflow/2.15"),
        needs=("environment-modules", "modules", "apptainer", "image-demo"),
        system="environment-modules",
        loads=(APPTAINER, "tensorflow/2.15"),
        layers=("layer_demo",),
    ),
    Case(
        "module and packages dir",
        ("install", "python/3.11", "--packages", "./packages"),
        needs=("lmod", "modules", "python"),
        prepare=make_packages,
        loads=("python/3.11",),
        layers=("layer_packages", "layer_python"),
        executable=PYTHON,
    ),
    # Other kernels.
    Case(
        "bash by module",
        ("create", "--module", "bash_kernel/0.10", "--language", "bash", "--no-test"),
        needs=("lmod", "modules", "bash-kernel"),
        language="bash",
        loads=("bash_kernel/0.10",),
        layers=("layer_bash_kernel",),
        executable="{software}/bash_kernel/bin/python3",
    ),
    Case(
        "R by module",
        ("install", "r/4.2"),
        needs=("lmod", "modules", "r"),
        language="r",
        loads=("r/4.2",),
        executable="/usr/lib/R",
        seen={"LAYER_R": "r/4.2"},
    ),
    Case(
        "kernelspec of ipykernel, wrapped",
        ("install", "by-hand"),
        needs=("python",),
        system="none",
        prepare=make_ipykernel_spec,
        layers=("layer_python",),
        executable="{software}/python-3.11/bin/python",
        seen={"BY_HAND": "it's $HOME"},
    ),
    Case(
        "foreign kernelspec, wrapped",
        ("install", "by-hand"),
        needs=("r",),
        system="none",
        prepare=make_foreign_spec,
        language="r",
        executable="/usr/lib/R",
        seen={"BY_HAND": "it's $HOME"},
    ),
    # Names that shells trip over.
    Case(
        "odd names of a venv",
        ("install", ODD, "--as", "odd", "--display-name", ODD),
        needs=("python",),
        system="none",
        prepare=make_odd_venv,
        layers=("layer_venv",),
        executable="{project}/" + ODD + "/bin/python",
        seen={"VIRTUAL_ENV": "{project}/" + ODD},
    ),
    Case(
        "odd names of a project",
        ("install", ODD + "/kernelkit.toml"),
        needs=("python",),
        system="none",
        prepare=make_odd_project,
        layers=("layer_packages", "layer_venv"),
        executable="{project}/" + ODD + "/.venv/bin/python",
        seen={"ODD": "two\nlines, 'quotes', $HOME and `id`"},
    ),
    Case(
        "odd names of a packages dir in an image",
        ("install", "{images}/demo.sif", "--packages", f"./{ODD}"),
        needs=("apptainer", "image-demo"),
        system="apptainer",
        prepare=make_odd_packages,
        layers=("layer_demo", "layer_packages"),
    ),
    Case(
        "odd names of a packages dir of a container wrapper",
        ("install", "pytorch/2.7.1", "--packages", f"./{ODD}"),
        needs=("lmod", "modules", "apptainer", "image-demo"),
        prepare=make_odd_packages,
        loads=(APPTAINER, PYTORCH),
        layers=("layer_demo", "layer_packages"),
    ),
)
