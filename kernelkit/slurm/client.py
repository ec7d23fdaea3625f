"""Slurm's commands, run: the one effectful place of this package."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from ..errors import CommandFailed, SlurmUnavailable, SubmitRejected, TimedOut
from ..model import Resources
from ..proc import Completed, run, run_async, tail
from . import argv, parse
from .refusals import change_hint, parse_refusal
from .scrub import command_environment, job_environment
from .states import Job

# Seconds. A busy controller answers within its own MessageTimeout, 10 s unless a site raised it,
# and squeue retries; sbatch may wait for a job_submit plug-in.
QUERY_TIMEOUT = 60.0
SUBMIT_TIMEOUT = 120.0
# Accounting only adds details, so a slow database delays the news of an end by no more.
HISTORY_TIMEOUT = 15.0
# How long the exit of a program may wait for a busy controller.
EXIT_TIMEOUT = 10.0


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

        `job_name` is unique to this submission, so that an answer that got lost is found again by
        it. Raises SubmitRejected and SlurmUnavailable.
        """
        command = argv.submit_argv(resources, job_name=job_name, log=log, directory=directory)
        environment = job_environment(self._outer, passed or {})
        try:
            done = await run_async(command, timeout=SUBMIT_TIMEOUT, input=script, env=environment)
        except CommandFailed as error:
            if isinstance(error, TimedOut) and (found := await self.find_by_name(job_name)):
                return found
            raise _unavailable("submit the job", error) from error
        job_id = parse.parse_job_id(done.stdout)
        if done.returncode == 0 and job_id:
            return job_id
        if done.returncode and _UNSENT.search(done.stderr):
            raise SlurmUnavailable(
                "Slurm's controller cannot be reached.",
                hint="`scontrol ping` tells when it is back.",
                detail=done.tail,
                unsent=True,
            )
        # A refusal says so at once; anything else may have left a job behind.
        if _is_refusal(done):
            raise _rejected("refused", done.stderr, resources)
        if found := await self.find_by_name(job_name):
            return found
        raise SlurmUnavailable(
            "sbatch gave no job id, and no job of that name is in the queue.",
            hint="Try again; `squeue --me` shows what there is.",
            detail=done.tail,
        )

    async def find_by_name(self, job_name: str) -> str | None:
        """The id of the job with that unique name, None when there certainly is none.

        Raises SlurmUnavailable when the queue cannot be read: the job may be there.
        """
        answer = await self.queue()
        for job in answer.jobs.values():
            if job.name == job_name:
                return job.id
        if answer.complete:
            return None
        raise SlurmUnavailable(
            f"Whether job `{job_name}` is in the queue is not known: {answer.error}",
            hint=f"`squeue --me --name={job_name}` shows it once Slurm answers again.",
        )

    async def queue(self, job_ids: Sequence[str] = ()) -> QueueAnswer:
        """All jobs of this user (or `job_ids` among them) in one query. Never raises."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            done = await self._query(argv.queue_argv(job_ids))
        except CommandFailed as error:
            seconds = loop.time() - started
            return QueueAnswer(complete=False, error=error.message, seconds=seconds)
        seconds = loop.time() - started
        jobs, bad = parse.parse_queue(done.stdout)
        # Anything on stderr is a controller in trouble, even at exit code 0.
        trouble = _trouble(done)
        if trouble or bad:
            error_text = tail(trouble, 300) or f"{bad} records could not be read."
            return QueueAnswer(jobs, complete=False, error=error_text, seconds=seconds)
        return QueueAnswer(jobs, seconds=seconds)

    async def history(self, job_ids: Sequence[str]) -> dict[str, Job]:
        """What accounting knows of jobs that left the queue; empty where there is none."""
        if not job_ids:
            return {}
        try:
            done = await self._query(argv.history_argv(job_ids), HISTORY_TIMEOUT)
        except CommandFailed:
            return {}
        jobs = parse.parse_history(done.stdout)
        # A directory service may take its time.
        return {key: await asyncio.to_thread(_with_name, job) for key, job in jobs.items()}

    async def cancel(self, job_ids: Sequence[str]) -> None:
        """End jobs; one that has ended already is fine. Raises SlurmUnavailable."""
        if job_ids:
            await self._act(argv.cancel_argv(job_ids), "cancel the job")

    def cancel_now(self, job_ids: Sequence[str]) -> None:
        """End jobs without an event loop, at the exit of a process. Raises CommandFailed."""
        run(argv.cancel_argv(job_ids), timeout=EXIT_TIMEOUT, env=self._environment)

    async def signal(self, job_id: str, name: str) -> None:
        """Signal the batch step of a running job. Raises SlurmUnavailable."""
        await self._act(argv.signal_argv(job_id, name), "signal the job")

    async def test(self, resources: Resources) -> int | None:
        """When a request would start, as Slurm estimates it. Raises SubmitRejected if never.

        Submits nothing. Seconds since 1970; None where Slurm gives no time. Also raises
        SlurmUnavailable.
        """
        command = argv.test_argv(resources)
        try:
            done = await run_async(
                command, timeout=QUERY_TIMEOUT, input="#!/bin/sh\n", env=self._environment
            )
        except CommandFailed as error:
            raise _unavailable("check the request", error) from error
        if done.returncode and (_UNASKED.search(done.stderr) or not _is_refusal(done)):
            raise SlurmUnavailable(
                f"Slurm could not check the request: {tail(done.stderr, 300)}", hint="Try again."
            )
        if done.returncode:
            raise _rejected("would refuse", done.stderr, resources)
        return parse.parse_estimate(done.stderr)

    async def ask(self, command: Sequence[str]) -> str:
        """What a query prints. Raises SlurmUnavailable when it fails in any way."""
        try:
            done = await self._query(command)
        except CommandFailed as error:
            raise SlurmUnavailable(error.message, hint=error.hint, detail=error.detail) from error
        if done.returncode:
            said = tail(done.stderr.strip() or done.stdout.strip(), 300)
            raise SlurmUnavailable(said or f"`{command[0]}` ended with {done.returncode}.")
        return done.stdout

    async def _query(self, command: Sequence[str], timeout: float | None = None) -> Completed:
        # Not as the default: a site's or a test's other time limit is read when it is used.
        limit = QUERY_TIMEOUT if timeout is None else timeout
        return await run_async(command, timeout=limit, env=self._environment)

    async def _act(self, command: Sequence[str], what: str) -> None:
        try:
            done = await self._query(command)
        except CommandFailed as error:
            raise _unavailable(what, error) from error
        if done.returncode and (trouble := _trouble(done)):
            raise SlurmUnavailable(
                f"Slurm could not {what}: {tail(trouble, 300)}", hint="It is tried again."
            )


_BY_UID = re.compile(r"by uid ([0-9]{1,10})")


def _with_name(job: Job) -> Job:
    """A job that was cancelled `by you` or `by root`; by a number for whom this host does not know."""
    found = _BY_UID.fullmatch(job.reason)
    if found is None:
        return job
    uid = int(found.group(1))
    try:
        who = "you" if uid == os.getuid() else pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return job
    return msgspec.structs.replace(job, reason=f"by {who}")


def _unavailable(what: str, error: CommandFailed) -> SlurmUnavailable:
    return SlurmUnavailable(
        f"Slurm could not {what}: {error.message}", hint=error.hint, detail=error.detail
    )


def _rejected(verb: str, stderr: str, resources: Resources) -> SubmitRejected:
    sentence, field_name = parse_refusal(stderr, resources)
    hint = change_hint(field_name) if field_name else "Ask for something else."
    message = f"Slurm {verb} the job: {sentence}"
    return SubmitRejected(message, field=field_name, hint=hint, detail=tail(stderr))


# A job that has left already: what was asked of it is done.
_GONE = re.compile("Invalid job id|already completing or completed")

# Errors of sbatch that leave open whether the controller took the job.
_UNSURE = re.compile(
    "[Uu]nable to contact|[Tt]imed out|Zero Bytes|slurm_receive|try again|standby mode"
    "|[Cc]onnection (?:failure|refused|reset)|Unable to (?:confirm|establish)|[Ii]nternal error"
)

# SLURMCTLD_COMMUNICATIONS_CONNECTION_ERROR (src/common/slurm_errno.c): no connection was made. Of
# a failure to send, receive or shut down the same cannot be said.
_UNSENT = re.compile(r"Unable to contact slurm controller \(connect failure\)")

# Errors that say of this machine, not of a request, that the controller was never asked.
_UNASKED = re.compile("configuration source|[Mm]unge|[Aa]uthentication")


def _trouble(done: Completed) -> str:
    """What went wrong besides jobs that are gone; empty when nothing did."""
    lines = [line for line in done.stderr.splitlines() if line.strip() and not _GONE.search(line)]
    if lines:
        return "\n".join(lines)
    silent = done.returncode and not done.stderr.strip()
    return f"`{done.argv[0]}` ended with exit code {done.returncode}." if silent else ""


def _is_refusal(done: Completed) -> bool:
    # --test-only says "allocation failure: …" without "error:".
    refused = re.search("error: |fatal: |allocation failure: ", done.stderr)
    return bool(done.returncode and refused) and not _UNSURE.search(done.stderr)
