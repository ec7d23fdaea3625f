"""Why a job or a kernel ended: a code, a sentence, and what to do next; pure.

Codes are Slurm's own words for the end of a job, and for what Slurm does not know these:

    SHUT_DOWN       somebody asked for it              KERNEL_EXITED   and nobody wanted another one
    NO_SERVER       nobody renewed the lease           NOT_STARTED     it did not come up, or not again
    NO_ADDRESS      the node is not in the network     RUN_FILES       the node cannot write its files
    REFUSED         Slurm did not take the job         REQUEUED        the job was put back
    UNKNOWN         it is gone, and nobody tells more
"""

from __future__ import annotations

import signal

from ..errors import KernelkitError, SubmitRejected
from ..slurm.states import Job, end_in_words
from ..slurm.tracking import JobUpdate
from .kernel_state import RunEnd
from .records import Status

_AGAIN = "Start the kernel again; it gets a new job."

_ADVICE = {
    "TIMEOUT": "Start the kernel again with more time (`--time`, in its resources).",
    "OUT_OF_MEMORY": "Start the kernel again with more memory (`--mem`, in its resources).",
    "NODE_FAIL": "Start the kernel again; it gets another node.",
    "BOOT_FAIL": "Start the kernel again; it gets another node.",
    "PREEMPTED": "Start the kernel again; another partition or QOS may not be preempted.",
    "DEADLINE": "Start the kernel again, without `--deadline` or with a later one.",
    "FAILED": "The log says why. Start the kernel again; it gets a new job.",
}

# What the supervisor calls an end -> code, sentence, advice; records.Status says what is what.
_REASONS = {
    "slurm": ("UNKNOWN", "Slurm ended the job", _AGAIN),
    "asked": ("SHUT_DOWN", "the kernel was stopped", ""),
    "lease": ("NO_SERVER", "no server cared for it any more", _AGAIN),
    "exited": ("KERNEL_EXITED", "the kernel ended, and no other was asked for", _AGAIN),
    "address": (
        "NO_ADDRESS",
        "its node has no address in the network for kernels",
        "An administrator sets `run_network` or `run_interface`.",
    ),
    "files": (
        "RUN_FILES",
        "its node cannot write the run's files",
        "`run_root` must be on a disk that the nodes share, with room on it.",
    ),
    "requeued": ("REQUEUED", "Slurm requeued the job", _AGAIN),
}


def end_of_job(update: JobUpdate) -> RunEnd:
    """The end that the watcher saw."""
    state = update.job.state if update.job.phase == "ended" else ""
    code = state or ("REQUEUED" if update.job.phase == "pending" else "UNKNOWN")
    return RunEnd(code=code, words=update.words, advice=_ADVICE.get(code, _AGAIN))


def end_of_run(status: Status, job: Job | None) -> RunEnd:
    """The end that the supervisor wrote; Slurm's word, where it is known, says more."""
    if job is not None and job.phase == "ended":
        return RunEnd(
            code=job.state, words=end_in_words(job), advice=_ADVICE.get(job.state, _AGAIN)
        )
    unknown = ("UNKNOWN", status.reason or "the run ended", _AGAIN)
    code, words, advice = _REASONS.get(status.reason, unknown)
    where = f" (node {status.node})" if status.node else ""
    return RunEnd(code=code, words=words + where, advice=advice)


def end_by_fault(error: KernelkitError) -> RunEnd:
    """The end of a run that could not be started or is not trusted any more."""
    code = "REFUSED" if isinstance(error, SubmitRejected) else "NOT_STARTED"
    return RunEnd(code=code, words=error.message.rstrip("."), advice=error.hint or "")


def exit_of_kernel(status: Status, *, asked: bool = False) -> RunEnd:
    """The end of a kernel alone, in a job that lives; `asked` if somebody wanted it to end."""
    words = f"the kernel ended with exit code {status.exit} on {status.node}"
    if asked:
        return shut_down(words)
    number = (status.exit or 0) - 128
    if number == signal.SIGKILL:
        # The kernel of Linux kills one process of a job whose memory is used up, Slurm all of it.
        return RunEnd(
            code="OUT_OF_MEMORY",
            words=f"{words}: it was killed, most often because the job's memory was used up",
            advice=_ADVICE["OUT_OF_MEMORY"],
        )
    if number > 0 and number in set(signal.Signals):
        words += f": it was ended by {signal.Signals(number).name}"
    return RunEnd(code="KERNEL_EXITED", words=words)


def shut_down(reason: str) -> RunEnd:
    """An end that somebody asked for."""
    return RunEnd(code="SHUT_DOWN", words=reason)


def given_up(words: str) -> RunEnd:
    """The end of a kernel that ended again and again, the last time as `words` say."""
    return RunEnd(code="NOT_STARTED", words=f"it was restarted in vain: {words}", advice=_AGAIN)
