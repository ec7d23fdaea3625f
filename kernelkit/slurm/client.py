"""Slurm's commands, run: the one effectful place of this package."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import CommandFailed, SlurmUnavailable, SubmitRejected
from ..model import Resources
from ..proc import Completed, run_async, tail
from . import argv, parse
from .scrub import command_environment, job_environment
from .states import Job

# Seconds. A busy controller answers within its own MessageTimeout, 10 s unless a site raised it,
# and squeue retries; sbatch may wait for a job_submit plug-in.
QUERY_TIMEOUT = 60.0
SUBMIT_TIMEOUT = 120.0


@dataclass(frozen=True)
class QueueAnswer:
    """What squeue said: `complete` is False when some of it could not be read or it failed.

    Only a complete answer lets anybody conclude that a job which is not in it is gone. `error`
    is in words; `seconds` is how long the controller took.
    """

    jobs: Mapping[str, Job] = field(default_factory=dict)
    complete: bool = True
    error: str = ""
    seconds: float = 0.0


class Slurm:
    """The Slurm of this machine, for this user. Holds no state; `environment` is the caller's."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._outer = dict(os.environ if environment is None else environment)
        self._environment = command_environment(self._outer)

    async def submit(
        self,
        resources: Resources,
        script: str,
        *,
        job_name: str,
        log: str,
        directory: str,
        passed: Mapping[str, str] | None = None,
    ) -> str:
        """Submit `script` once and return the job's id.

        `job_name` is unique to the run, so that an answer that got lost is found again by it;
        nothing is ever submitted twice. Raises SubmitRejected and SlurmUnavailable.
        """
        command = argv.submit_argv(resources, job_name=job_name, log=log, directory=directory)
        environment = job_environment(self._outer, passed or {})
        try:
            done = await run_async(command, timeout=SUBMIT_TIMEOUT, input=script, env=environment)
        except CommandFailed as error:
            if found := await self._find_by_name(job_name):
                return found
            raise _unavailable("submit the job", error) from error
        job_id = parse.parse_job_id(done.stdout)
        if done.returncode == 0 and job_id:
            return job_id
        # A refusal says so at once; anything else may have left a job behind.
        sentence, field_name = parse.parse_refusal(done.stderr)
        if done.returncode and "error:" in done.stderr and not _may_have_passed(done.stderr):
            raise SubmitRejected(
                f"Slurm refused the job: {sentence}",
                field=field_name,
                hint=f"Change `{field_name}`." if field_name else "Ask for something else.",
                detail=tail(done.stderr),
            )
        if found := await self._find_by_name(job_name):
            return found
        raise SlurmUnavailable(
            "sbatch gave no job id, and no job of that name is in the queue.",
            hint="Try again; `squeue --me` shows what there is.",
            detail=done.tail,
        )

    async def _find_by_name(self, job_name: str) -> str | None:
        answer = await self.queue()
        return next((job.id for job in answer.jobs.values() if job.name == job_name), None)

    async def queue(self, job_ids: Sequence[str] = ()) -> QueueAnswer:
        """All jobs of this user (or `job_ids` among them) in one query. Never raises."""
        started = asyncio.get_running_loop().time()
        try:
            done = await self._query(argv.queue_argv(job_ids))
        except CommandFailed as error:
            return QueueAnswer(complete=False, error=error.message)
        jobs, bad = parse.parse_queue(done.stdout)
        seconds = asyncio.get_running_loop().time() - started
        # "Invalid job id specified" only means that all of them are gone. Anything else on
        # stderr is a controller in trouble, even at exit code 0.
        trouble = "" if "Invalid job id" in done.stderr else done.stderr.strip()
        if (done.returncode and not _is_gone(done)) or trouble or bad:
            error_text = tail(trouble, 300) or f"{bad} lines could not be read"
            return QueueAnswer(jobs, complete=False, error=error_text, seconds=seconds)
        return QueueAnswer(jobs, seconds=seconds)

    async def history(self, job_ids: Sequence[str]) -> dict[str, Job]:
        """What accounting knows of jobs that left the queue; empty where there is none."""
        try:
            done = await self._query(argv.history_argv(job_ids))
        except CommandFailed:
            return {}
        return parse.parse_history(done.stdout)

    async def cancel(self, job_ids: Sequence[str]) -> None:
        """End jobs; one that has ended already is fine. Raises SlurmUnavailable."""
        if job_ids:
            await self._act(argv.cancel_argv(job_ids), "cancel the job")

    async def signal(self, job_id: str, name: str) -> None:
        """Signal the batch step of a running job. Raises SlurmUnavailable."""
        await self._act(argv.signal_argv(job_id, name), "signal the job")

    async def test(self, resources: Resources) -> str | None:
        """When a request would start, as Slurm estimates it. Raises SubmitRejected if never."""
        script = "#!/bin/sh\n"
        try:
            done = await run_async(
                argv.test_argv(resources), timeout=QUERY_TIMEOUT, input=script,
                env=job_environment(self._outer, {}),
            )  # fmt: skip
        except CommandFailed as error:
            raise _unavailable("check the request", error) from error
        if done.returncode:
            sentence, field_name = parse.parse_refusal(done.stderr)
            raise SubmitRejected(
                f"Slurm would refuse the job: {sentence}",
                field=field_name,
                hint=f"Change `{field_name}`." if field_name else "Ask for something else.",
                detail=tail(done.stderr),
            )
        return parse.parse_estimate(done.stderr)

    async def _query(self, command: Sequence[str]) -> Completed:
        return await run_async(command, timeout=QUERY_TIMEOUT, env=self._environment)

    async def _act(self, command: Sequence[str], what: str) -> None:
        try:
            done = await self._query(command)
        except CommandFailed as error:
            raise _unavailable(what, error) from error
        if done.returncode and not _is_gone(done):
            raise SlurmUnavailable(
                f"Slurm could not {what}: {tail(done.stderr, 300)}", hint="It is tried again."
            )


def _unavailable(what: str, error: CommandFailed) -> SlurmUnavailable:
    return SlurmUnavailable(
        f"Slurm could not {what}: {error.message}", hint=error.hint, detail=error.detail
    )


def _is_gone(done: Completed) -> bool:
    text = done.stderr
    return "Invalid job id" in text or "already completing or completed" in text


def _may_have_passed(stderr: str) -> bool:
    """Whether an error of sbatch leaves open if the controller took the job."""
    words = ("Unable to contact", "timed out", "Socket timed out", "Zero Bytes", "slurm_receive")
    return any(word in stderr for word in words)
