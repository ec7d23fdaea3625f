"""Named checks of what kernels run by: the Jupyters that show them, and Slurm."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .. import __version__
from ..diagnosis import Diagnosis, diagnose
from ..errors import EnvironmentBroken, SlurmUnavailable
from ..files import check_private_dir, explained
from ..site import Site
from ..slurm.client import QueueAnswer, Slurm
from ..slurm.refusals import change_hint
from ..slurm.requests import check_afresh, start_in_words
from .jupyters import Jupyter, ask, find_places, merged
from .orphans import find_orphans
from .overview import known_end
from .runs import Runs
from .stanza import job_options_of

_COMMANDS = ("sbatch", "squeue", "scancel", "scontrol", "sinfo")
# Of file systems that a node and a login node see alike (their names in /proc/mounts).
_SHARED = ("nfs", "lustre", "gpfs", "beegfs", "ceph", "panfs", "afs", "fuse", "weka", "glusterfs")


@dataclass(frozen=True)
class JobKernel:
    """A kernelspec that names our provisioner: what a Jupyter without it hides."""

    name: str
    directory: Path


def of_jupyters(kernels: Sequence[JobKernel]) -> Iterator[Diagnosis]:
    """Whether the Jupyters here have kernelkit, and hide none of `kernels`."""
    found, failed = _find_jupyters()
    yield from failed
    if not found and not failed:
        yield Diagnosis(
            "skipped",
            "No `jupyter` on PATH, and no Jupyter server of yours runs on this host.",
            "Run it where your Jupyter runs: in a terminal of JupyterLab.",
            name="Jupyter",
        )
    for jupyter in found:
        hidden = [k for k in kernels if jupyter.shows(k.name) == str(k.directory)]
        yield diagnose("Jupyter", lambda j=jupyter, h=hidden: _jupyter(j, h))  # type: ignore[misc]


def shown_by_jupyters(name: str, directory: Path, *, in_job: bool) -> Iterator[Diagnosis]:
    """Whether each Jupyter here shows the kernel `name` in `directory`; that one of them does not
    is no more than a warning where another does."""
    found, failed = _find_jupyters()
    yield from failed
    checks = [_shown(jupyter, name, directory, in_job) for jupyter in found]
    somewhere = any(check.verdict == "ok" for check in checks)
    for check in checks:
        if somewhere and check.verdict == "failed":
            check = replace(check, verdict="warning")
        yield replace(check, name="Jupyter")


def of_slurm(site: Site, *, needed: bool) -> Iterator[Diagnosis]:
    """Whether kernels can run in jobs; `needed` where some are installed to do so."""
    missing = [name for name in _COMMANDS if shutil.which(name) is None]
    if len(missing) == len(_COMMANDS) and not needed:
        text = "No Slurm commands on PATH; only kernels that run in jobs need them."
        yield Diagnosis("skipped", text, name="Slurm")
        return
    yield diagnose("Slurm", lambda: _commands(missing))
    if missing:
        return
    queue = asyncio.run(Slurm().queue())
    yield diagnose("controller", lambda: _controller(queue))
    yield diagnose("run directory", lambda: _run_directory(site.run_dir))
    yield diagnose("encryption", _encryption)
    yield diagnose("left behind", lambda: _left_behind(Runs(site.run_dir), queue))


def of_job_kernel(name: str, directory: Path, site: Site) -> Iterator[Diagnosis]:
    """Whether Slurm would run what a kernel asks for, and how its last run ended."""
    yield diagnose("request", lambda: _request(directory))
    yield diagnose("last run", lambda: _last_run(name, Runs(site.run_dir)))


# --- Jupyter -------------------------------------------------------------------------------------


def _find_jupyters() -> tuple[tuple[Jupyter, ...], list[Diagnosis]]:
    found, failed = [], []
    for place in find_places():
        try:
            found.append(ask(place))
        except EnvironmentBroken as error:
            failed.append(
                Diagnosis("failed", error.message, error.hint, error.detail, name="Jupyter")
            )
    return merged(found), failed


def _where(jupyter: Jupyter) -> str:
    return f"{jupyter.name}, of {' and '.join(jupyter.found_as)},"


def _jupyter(jupyter: Jupyter, in_jobs: Sequence[JobKernel]) -> Diagnosis | str:
    where, version = _where(jupyter), jupyter.versions["kernelkit"]
    if in_jobs and not jupyter.provisioner:
        return _hides(jupyter, ", ".join(f"`{kernel.name}`" for kernel in in_jobs))
    if not version:
        return Diagnosis(
            "ok",
            f"{where} has no kernelkit: kernels that run beside it work, there is no sidebar.",
            _install_there(jupyter),
        )
    if version != __version__:
        return Diagnosis(
            "warning",
            f"{where} has kernelkit {version}, and this is {__version__}.",
            f"Have one version in both. {_install_there(jupyter)}",
        )
    if not jupyter.sidebar and jupyter.versions["jupyterlab"]:
        return Diagnosis(
            "warning",
            f"{where} has kernelkit {version}, but its sidebar is not where JupyterLab looks.",
            f"Install kernelkit from its wheel. {_install_there(jupyter)}",
        )
    return f"{where} has kernelkit {version}."


def _hides(jupyter: Jupyter, kernels: str) -> Diagnosis:
    has = "an incomplete" if jupyter.versions["kernelkit"] else "no"
    return Diagnosis(
        "failed",
        f"{_where(jupyter)} has {has} kernelkit, so it hides what runs in Slurm jobs: {kernels}.",
        f"{_install_there(jupyter)} A kernel installed with `--portable` is shown without it.",
    )


def _install_there(jupyter: Jupyter) -> str:
    return f"`{jupyter.python} -m pip install` kernelkit, and start the server again."


def _shown(jupyter: Jupyter, name: str, directory: Path, in_job: bool) -> Diagnosis:
    shown = jupyter.shows(name)
    if not shown:
        return Diagnosis(
            "failed",
            f"{_where(jupyter)} does not look for kernels in `{directory.parent}`.",
            f"Set JUPYTER_PATH to `{directory.parent.parent}` where it starts, or install the "
            "kernel with `--user`.",
        )
    if shown != str(directory):
        return Diagnosis(
            "failed",
            f"{_where(jupyter)} shows another `{name}` first: `{shown}`.",
            f"Remove or rename one of them: `kernelkit rename {name} NEW`.",
        )
    if in_job and not jupyter.provisioner:
        return _hides(jupyter, f"`{name}`")
    return Diagnosis("ok", f"{_where(jupyter)} shows it.")


# --- Slurm ---------------------------------------------------------------------------------------


def _commands(missing: Sequence[str]) -> str:
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise SlurmUnavailable(
            f"Not on PATH: {names}.", hint="Add Slurm's `bin` to PATH where Jupyter starts."
        )
    return f"`{shutil.which('sbatch')}` and what else is needed."


def _controller(answer: QueueAnswer) -> str:
    if not answer.complete:
        raise SlurmUnavailable(
            f"squeue does not answer as it must: {answer.error}", hint="`scontrol ping` asks it."
        )
    # The queue shows jobs for some minutes after their end.
    living = sum(job.phase != "ended" for job in answer.jobs.values())
    return f"It answers; your jobs in the queue: {living}."


def _run_directory(directory: Path) -> Diagnosis | str:
    existing = next(path for path in (directory, *directory.parents) if path.is_dir())
    with explained(directory, "Making a run directory"):
        if not os.access(existing, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    if existing == directory:
        check_private_dir(directory)
    kind = _file_system(existing)
    if not kind.startswith(_SHARED):
        return Diagnosis(
            "warning",
            f"`{directory}` is on {kind or 'an unknown file system'}, which may be this host's "
            "alone; nodes must see it under the same path.",
            "Set `run_root` to a directory that they share; `kernelkit test NAME --on-slurm` "
            "tells whether they do.",
        )
    return f"`{directory}`, on {kind}."


def _file_system(path: Path) -> str:
    """Its type as /proc/self/mounts names it (proc(5)); empty where that cannot be read."""
    try:
        lines = Path("/proc/self/mounts").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    real, best, kind = str(path.resolve()), "", ""
    for line in lines:
        _, place, found, *_ = line.split(" ")
        place = place.replace("\\040", " ")
        inside = real == place or real.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= len(best):
            best, kind = place, found
    return kind


def _encryption() -> str:
    import zmq

    if not zmq.has("curve"):
        raise EnvironmentBroken(
            "The pyzmq beside kernelkit is built without CurveZMQ, so nothing can be encrypted.",
            hint="Install pyzmq from its wheel.",
        )
    return "pyzmq has CurveZMQ."


def _left_behind(runs: Runs, answer: QueueAnswer) -> Diagnosis | str:
    if not answer.complete:
        return Diagnosis("skipped", "Not known as long as squeue does not answer.")
    found = find_orphans(runs, answer.jobs, complete=answer.complete)
    count = len(found.abandoned) + len(found.runless)
    if count:
        return Diagnosis(
            "warning",
            f"{count} jobs of kernels that no server cares for.",
            "`kernelkit jobs --orphans` lists them; `kernelkit attach` takes one over, "
            "`kernelkit cancel` ends it.",
        )
    return "Nothing: every kernel in a job has a server."


# --- one kernel in a job -------------------------------------------------------------------------


def _request(directory: Path) -> Diagnosis | str:
    options = job_options_of(directory)
    if options is None or options.in_job:
        return f"It starts in job {options.in_job}." if options else "It runs in no job."
    found = asyncio.run(check_afresh(options.resources))
    problems = found.errors or found.problems
    if problems:
        fields = dict.fromkeys(problem.field for problem in problems if problem.field)
        return Diagnosis(
            "failed" if found.errors else "warning",
            " ".join(problem.message for problem in problems),
            f"{change_hint(*fields)} " * bool(fields) + "`kernelkit cluster` shows what there is.",
        )
    if found.start is None:
        return Diagnosis("warning", f"Slurm did not say whether it can run: {found.note}")
    return f"Slurm accepts it; {start_in_words(found.start)}."


def _last_run(name: str, runs: Runs) -> Diagnosis | str:
    known = [run for run in runs.listing().runs if run.kernel_name == name]
    if not known:
        return Diagnosis("skipped", "It has not run in a job yet, or its record is gone.")
    last = known[-1]
    end = known_end(runs, last)
    if end is None:
        return f"Run `{last.id}` in job {last.job_id} has not ended."
    words = f"Run `{last.id}`: {end.words}."
    # An end that was wanted asks for nothing.
    if not end.advice:
        return words
    return Diagnosis("warning", words, f"{end.advice} `kernelkit logs {last.id}` shows its log.")
