"""`kernelkit doctor`: named checks of this machine, or of one kernel, with causes and next steps."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from ..diagnosis import Diagnosis, diagnose
from ..errors import KernelkitError, Stale
from .json_flag import is_json
from .output import Outcome, is_terminal, note, print_text, safe, styled, verb
from .params import complete_kernels

if TYPE_CHECKING:
    from ..site import Site
    from ..specs.states import Installed

_WIDTH = 17
_INDENT = " " * (_WIDTH + 10)
_STYLES = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}


def of_machine() -> Iterator[Diagnosis]:
    """Every check of this machine, as it is made."""
    from ..running import doctor as running
    from ..specs import doctor as specs
    from ..specs.states import list_kernels

    kernels = [kernel for kernel in list_kernels() if kernel.state != "shadowed"]
    in_jobs = [running.JobKernel(k.name, k.directory) for k in kernels if _needs_provisioner(k)]
    site = yield from _settings()
    if site:
        yield from specs.of_machine(site)
        yield diagnose("kernels", lambda: _kernels(kernels))
    yield from running.of_jupyters(in_jobs)
    if site:
        yield from running.of_slurm(site, needed=bool(in_jobs))


def of_kernel(kernel: Installed) -> Iterator[Diagnosis]:
    """Every check of one kernel, as it is made."""
    from ..running import doctor as running
    from ..specs import doctor as specs
    from ..specs.job_config import job_config

    site = yield from _settings()
    if not site:
        return
    yield from specs.of_kernel(kernel, site)
    yield from running.shown_by_jupyters(
        kernel.name, kernel.directory, in_job=_needs_provisioner(kernel)
    )
    if job_config(kernel.kernel) is not None:
        yield from running.of_slurm(site, needed=True)
        yield from running.of_job_kernel(kernel.name, kernel.directory, site)


def _needs_provisioner(kernel: Installed) -> bool:
    from ..model import PROVISIONER_NAME
    from ..specs.job_config import spec_metadata

    stanza = spec_metadata(kernel.kernel).get("kernel_provisioner")
    return isinstance(stanza, dict) and stanza.get("provisioner_name") == PROVISIONER_NAME


def _settings() -> Generator[Diagnosis, None, Site | None]:
    from ..site import load_site

    found: list[Site] = []

    def load() -> str:
        found.append(load_site())
        files = {s.origin for s in found[0].settings.values()} - {"default", "detected"}
        return f"Set in {', '.join(map(_quoted, sorted(files)))}." if files else "None are set."

    yield diagnose("settings", load)
    return found[0] if found else None


def _quoted(file: str) -> str:
    return f"`{file}`"


def _kernels(kernels: Sequence[Installed]) -> Diagnosis | str:
    bad = [f"`{k.name}` is {k.state}" for k in kernels if k.state in ("broken", "stale")]
    if bad:
        hint = "`kernelkit doctor NAME` says more of one, `kernelkit list` of all."
        return Diagnosis("warning", f"{len(kernels)} installed; {', '.join(bad)}.", hint)
    return f"{len(kernels)} installed, none stale or broken."


def show_diagnosis(found: Diagnosis) -> None:
    """Print one check: verdict, name and words, and below them what to do next."""
    verdict = styled(found.verdict.ljust(8), _STYLES[found.verdict], sys.stdout)
    first, *more = _lines(found.message)
    print_text(f"{verdict} {safe(found.name).ljust(_WIDTH)} {first}")
    below = [*more, *(line for line in found.detail.splitlines() if line.strip())]
    if found.hint:
        below += _lines(f"hint: {found.hint}")
    for line in below:
        print_text(_INDENT + styled(safe(line), "" if line in more else "dim", sys.stdout))


def _lines(text: str) -> list[str]:
    """`text` in one line, or in as many as a terminal needs beside the names."""
    text = safe(text)
    if not is_terminal(sys.stdout):
        return [text]
    room = max(40, shutil.get_terminal_size().columns - len(_INDENT))
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]


def _told(checks: Iterator[Diagnosis]) -> list[Diagnosis]:
    """All of them; a person reads each as soon as it is made, for some take seconds."""
    found = []
    for check in checks:
        found.append(check)
        if not is_json():
            show_diagnosis(check)
    if not is_json():
        note(_sum(found), "dim")
    return found


def _sum(found: Sequence[Diagnosis]) -> str:
    failed = sum(check.verdict == "failed" for check in found)
    warned = sum(check.verdict == "warning" for check in found)
    if not failed and not warned:
        return "All is well."
    return f"{failed} of {len(found)} checks failed, {warned} gave a warning."


@verb("doctor", show=lambda data: None)
@click.argument("name", required=False, shell_complete=complete_kernels)
def command(name: str | None) -> Outcome:
    """Check what kernels need here, and say what is wrong, why, and what to do next.

    \b
    kernelkit doctor           this machine: settings, modules, containers, Jupyter, Slurm
    kernelkit doctor NAME      one kernel: its files, layers, Python, request, who shows it

    No kernel is started: `kernelkit test NAME` does that. Exit code 1 says that a check failed, 3
    that the kernel is stale.
    """
    if name is None:
        found = _told(of_machine())
        return Outcome({"checks": found}, _exit_code(found))
    from ..specs.lookup import find_kernel

    kernel = find_kernel(name)
    found = _told(of_kernel(kernel))
    stale = Stale.exit_code if kernel.state == "stale" else 0
    return Outcome({"name": kernel.name, "checks": found}, _exit_code(found) or stale)


def _exit_code(found: Sequence[Diagnosis]) -> int:
    return KernelkitError.exit_code if any(c.verdict == "failed" for c in found) else 0
