"""Why a job or a kernel ended: a code, a sentence, and what to do next; pure.

Codes are Slurm's own words for the end of a job, and for what Slurm does not know these:

    SHUT_DOWN       somebody asked for it              KERNEL_EXITED   and nobody wanted another one
    NO_SERVER       nobody renewed the lease           NOT_STARTED     it did not come up, or not again
    NO_ADDRESS      the node is not in the network     RUN_FILES       the node cannot write its files
    REFUSED         Slurm did not take the job         REQUEUED        the job was put back
    TAKEN_OVER      another server has it now          LEFT            and it lives on without one
    UNKNOWN         it is gone, and nobody tells more
"""

from __future__ import annotations

import re
import signal
from pathlib import Path

import msgspec

from ..errors import KernelkitError, SubmitRejected
from ..slurm.states import Job, end_in_words
from ..slurm.tracking import JobUpdate
from .kernel_state import RunEnd
from .records import Run, Status

# What to do next; where there is nothing else to say, a new job is all that it takes.
_ADVICE = {
    "TIMEOUT": "Start the kernel again with more time (`--time`, in its resources).",
    "OUT_OF_MEMORY": "Start the kernel again with more memory (`--mem`, in its resources).",
    "NODE_FAIL": "Start the kernel again; it gets another node.",
    "BOOT_FAIL": "Start the kernel again; it gets another node.",
    "PREEMPTED": "Start the kernel again; another partition or QOS may not be preempted.",
    "DEADLINE": "Start the kernel again, without `--deadline` or with a later one.",
    "FAILED": "The log says why. Start the kernel again; it gets a new job.",
    "NO_ADDRESS": "An administrator sets `run_network` or `run_interface`.",
    "RUN_FILES": "`run_root` must be on a disk that the nodes share, with room on it.",
    "REFUSED": "Change what the kernel asks for.",
    "SHUT_DOWN": "",
    "TAKEN_OVER": "",
    "LEFT": "",
}

# What the supervisor calls an end, as records.Status says -> code and sentence.
_REASONS = {
    "slurm": ("UNKNOWN", "Slurm ended the job"),
    "asked": ("SHUT_DOWN", "the kernel was stopped"),
    "lease": ("NO_SERVER", "no server cared for it any more"),
    "exited": ("KERNEL_EXITED", "the kernel ended, and no other was asked for"),
    "address": ("NO_ADDRESS", "its node has no address for kernels"),
    "files": ("RUN_FILES", "its node cannot write the run's files"),
    "requeued": ("REQUEUED", "Slurm requeued the job"),
}


def _end(code: str, words: str) -> RunEnd:
    advice = _ADVICE.get(code, "Start the kernel again; it gets a new job.")
    return RunEnd(code=code, words=words, advice=advice)


def end_of_job(update: JobUpdate) -> RunEnd:
    """The end that the watcher saw."""
    if update.job.phase == "ended":
        return _end(update.job.state, update.words)
    return _end("REQUEUED" if update.job.phase == "pending" else "UNKNOWN", update.words)


def without_a_word(end: RunEnd, root: Path) -> RunEnd:
    """The end of a job whose script wrote nothing below the run root, not even its log.

    A step that cannot open its log fails at once, and Slurm gives no reason for it.
    """
    if end.code not in ("FAILED", "COMPLETED"):
        return end
    return _end("RUN_FILES", f"{end.words} before it wrote anything to `{root}`")


def end_of_run(status: Status, job: Job | None) -> RunEnd:
    """The end that the supervisor wrote; Slurm's word, where it is known, says more."""
    if job is not None and job.phase == "ended":
        return _end(job.state, end_in_words(job))
    code, words = _REASONS.get(status.reason, ("UNKNOWN", status.reason or "the run ended"))
    return _end(code, f"{words} (node {status.node})" if status.node else words)


def end_on_record(run: Run, status: Status | None, job: Job | None) -> RunEnd:
    """The end of a run that no keeper of this process saw: its record, Slurm, the supervisor."""
    if run.end_code:
        return _end(run.end_code, run.reason)
    if job is not None or (status is not None and status.phase == "ended"):
        return end_of_run(status or Status(phase="ended"), job)
    return _end("UNKNOWN", run.reason or "Slurm does not know its job any more")


# slurmstepd writes that into the log of a job, whatever word the job itself gets: without cgroups
# FAILED; where a kernel ended in time for it, CANCELLED.
_OUT_OF_MEMORY = re.compile(r"slurmstepd.*(?:oom.kill|exceeded (?:job )?memory limit)", re.I)
# Seen with Slurm 24.11: the queue did not say so as long as an end waits for its reason.
_REQUEUED = re.compile(r"slurmstepd.*DUE TO JOB REQUEUE")


def with_log(end: RunEnd, log: str) -> RunEnd:
    """An end with the log's tail, which may know more of it."""
    if end.code in ("FAILED", "CANCELLED", "UNKNOWN") and _OUT_OF_MEMORY.search(log):
        words = f"the job used more memory than it asked for (Slurm says {end.code})"
        end = _end("OUT_OF_MEMORY", words)
    elif end.code == "UNKNOWN" and _REQUEUED.search(log):
        end = _end("REQUEUED", "the job was put back into the queue (REQUEUED)")
    return msgspec.structs.replace(end, log_tail=log)


def end_by_fault(error: KernelkitError) -> RunEnd:
    """The end of a run that could not be started or is not trusted any more."""
    code = "REFUSED" if isinstance(error, SubmitRejected) else "NOT_STARTED"
    words = error.message.rstrip(".")
    return RunEnd(code=code, words=words, advice=error.hint) if error.hint else _end(code, words)


def exit_of_kernel(status: Status, *, asked: bool = False) -> RunEnd:
    """The end of a kernel alone, in a job that lives; `asked` if somebody wanted it to end."""
    words = f"the kernel ended with exit code {status.exit} on {status.node}"
    if asked:
        return shut_down(words)
    number = (status.exit or 0) - 128
    if number == signal.SIGKILL:
        # The kernel of Linux kills one process of a job whose memory is used up, Slurm all of it.
        words += ": it was killed, most often because the job's memory was used up"
        return _end("OUT_OF_MEMORY", words)
    if number > 0 and number in set(signal.Signals):
        words += f": it was ended by {signal.Signals(number).name}"
    return RunEnd(code="KERNEL_EXITED", words=words)  # another one comes in the same job


def shut_down(reason: str) -> RunEnd:
    """An end that somebody asked for."""
    return _end("SHUT_DOWN", reason)


def given_up(words: str) -> RunEnd:
    """The end of a kernel that ended again and again, the last time as `words` say."""
    return _end("NOT_STARTED", f"it was restarted in vain: {words}")


def taken_over() -> RunEnd:
    """The end for this server alone: another one came when this one had stood still."""
    return _end("TAKEN_OVER", "another server of yours has taken this kernel over")


def left() -> RunEnd:
    """The end for this server alone, of a kernel that is to live without it."""
    return _end("LEFT", "its server has left it, and it lives on")
