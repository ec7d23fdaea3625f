"""What a kernel is to ask Slurm for, held against the cluster: told to a form, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model import Resources

if TYPE_CHECKING:
    from ..model import InstallOptions
    from ..slurm.offers import Inventory
    from ..slurm.requests import Check
    from .services import Services
    from .steps import Steps


def check_limits(resources: Resources, inventory: Inventory) -> Check:
    """What the inventory says against a request; Slurm is not asked."""
    from ..slurm import requests

    return requests.Check(problems=requests.validate(resources, inventory))


def ask_slurm(resources: Resources, inventory: Inventory) -> Check:
    """The same, and Slurm's own word at last; blocks the calling thread for a second or so."""
    from ..running.desk import desk
    from ..slurm.requests import check_request

    at = desk()
    return at.background.wait_for(check_request(at.slurm, resources, inventory))


def outlook(check: Check) -> str:
    """When a job would start, in words; why that is not known, where it is not."""
    from ..slurm.requests import start_in_words

    if check.errors:
        return ""
    if check.note:
        return f"Slurm was not heard: {check.note}"
    if check.start is None:
        return "the request can run"
    return start_in_words(check.start)


def refuse_impossible(
    services: Services, resources: Resources | None, options: InstallOptions, steps: Steps
) -> None:
    """The first step of making a kernel that will ask for jobs; no step for any other.

    Raises SubmitRejected, with the key to change, for a request that could never run. A Slurm that
    does not answer is no reason to refuse.
    """
    from ..slurm.requests import raise_errors
    from ..specs.work import in_step

    if not options.on_slurm or options.in_job:
        return
    asked = resources or Resources()
    with in_step(steps, "request", "Asking Slurm whether the request can run"):
        check = ask_slurm(asked, services.inventory.get())
        if check.errors:
            # What is kept may be minutes old, and the limit raised since.
            check = ask_slurm(asked, services.inventory.get(refresh=True))
        raise_errors(check)
        steps.note(outlook(check))


def refuse_beyond_limits(services: Services, resources: Resources) -> None:
    """Raises SubmitRejected, with the key to change, for a launch that asks for more than there is.

    Slurm itself takes such a job where EnforcePartLimits=NO, and lets it wait for ever.
    """
    from ..slurm.requests import raise_errors

    check = check_limits(resources, services.inventory.get())
    if check.errors:
        check = check_limits(resources, services.inventory.get(refresh=True))
    raise_errors(check)
