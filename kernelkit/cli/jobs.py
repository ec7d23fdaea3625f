"""`kernelkit jobs`: this user's kernels on Slurm, and what servers have left behind."""

from __future__ import annotations

import time
from typing import Any

import click

from .output import Cell, note, print_table, verb, warn

_STYLES = {"running": "green", "queued": "yellow", "ended": "dim", "unknown": "yellow"}


def show_jobs(data: dict[str, Any]) -> None:
    """Print the runs, then what does not belong to any server."""
    rows = data["runs"]
    if data["problem"]:
        warn(f"Slurm does not answer, so states are what was last known: {data['problem']}")
    for problem in data["problems"]:
        warn(problem)
    if not rows:
        note("No kernels on Slurm.")
    else:
        lines = [row.to_dict() for row in rows]
        use = any(line["gpu_use"] for line in lines)
        headings = ["Run", "Kernel", "Job", "State", "Node", "Left", "GPUs", "Why"]
        if use:
            headings.insert(-1, "GPU use")
        print_table(headings, [_line(line, use=use) for line in lines])
    for job in data["jobs_idle"]:
        note(
            f"Job {job} waits for its next kernel (`--in-job {job}`), or `kernelkit cancel {job}`."
        )
    for job in data["jobs_without_run"]:
        warn(f"job {job} is one of kernelkit's, but no run tells of it: `kernelkit cancel {job}`")


def _line(row: dict[str, Any], *, use: bool) -> list[str | Cell]:
    cells = [
        row["run"],
        row["kernel"],
        row["job"],
        Cell(row["state"], _STYLES.get(row["state"], "")),
        row["node"],
        _left(row["seconds_left"]),
        row["gres"].removeprefix("gres:"),
        row["reason"],
    ]
    if use:
        cells.insert(-1, _use(row["gpu_use"]))
    return cells


def _use(found: dict[str, Any] | None) -> str:
    """`NVIDIA A100-SXM4-80GB 0: 37% 1.0/80.0G, 1: 0% 0.0/80.0G (12 s ago)`."""
    if not found:
        return ""
    words, name = [], ""
    for gpu in found["gpus"]:
        # The name of several that are alike is said once.
        words.append(f"{gpu['name']} " * (gpu["name"] != name) + f"{gpu['number']}: {_gpu(gpu)}")
        name = gpu["name"]
    return f"{', '.join(words)} ({max(0, round(time.time() - found['measured']))} s ago)"


def _gpu(gpu: dict[str, Any]) -> str:
    words = [] if gpu["busy"] is None else [f"{gpu['busy']}%"]
    if gpu["memory_used"] is not None:
        total = "" if gpu["memory_total"] is None else f"/{gpu['memory_total'] / 1024:.1f}"
        words.append(f"{gpu['memory_used'] / 1024:.1f}{total}G")
    return " ".join(words)


def _left(seconds: int | None) -> str:
    if seconds is None:
        return ""
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02d}"


@verb("jobs", show=show_jobs)
@click.option("--all", "every", is_flag=True, help="Those that have ended too.")
@click.option("--orphans", "only_orphans", is_flag=True, help="Only what no server cares for.")
def command(every: bool, only_orphans: bool) -> dict[str, Any]:
    """List your kernels in Slurm jobs: state, node, time left, and why one waits.

    A GPU is told with the percentage of time in which something ran on it and its memory in use,
    numbered as the kernel counts, as of the last look (`gpu_use_interval`).

    \b
    kernelkit jobs              those that wait or run
    kernelkit jobs --orphans    those whose server is gone (their lease ends them)
    """
    from ..running.overview import table
    from .slurm_runs import ask_queue, open_runs, orphans

    runs = open_runs()
    answer = ask_queue()
    left = orphans(runs, answer)
    rows = table(runs, answer, every=every)
    if only_orphans:
        wanted = {run.id for run in (*left.abandoned, *left.jobless)}
        rows = [row for row in table(runs, answer, every=True) if row.run.id in wanted]
    return {
        "runs": rows,
        "jobs_without_run": [job.id for job in left.runless],
        "jobs_idle": [job.id for job in left.idle],
        "problem": "" if answer.complete else answer.error,
        "problems": runs.listing().problems,
    }
