"""`kernelkit show`: one kernel in full: state, layers, both files, what each layer changed."""

from __future__ import annotations

import shlex
from typing import Any

import click

from ..errors import Stale
from . import output
from .output import Outcome, verb


def tell(name: str) -> dict[str, Any]:
    """Everything known about a kernel, as `--json` prints it. Raises NotFound."""
    import msgspec

    from ..specs.definition import load
    from ..specs.detail import describe_kernel
    from ..specs.lookup import find_kernel

    kernel = find_kernel(name)
    detail = describe_kernel(kernel)
    found: dict[str, Any] = {**msgspec.to_builtins(detail), **kernel.to_dict()}
    found["kernel_json"] = detail.files["kernel.json"]
    found["launch_sh"] = detail.files["launch.sh"]
    found["plan"] = msgspec.to_builtins(load(kernel).plan)
    found["changes"] = msgspec.to_builtins(detail.layer_records)
    found["job"] = _job(kernel.directory)
    return found


def _job(directory: Any) -> dict[str, Any] | None:
    """How its jobs are asked for, and the words of sbatch that say so."""
    import msgspec

    from ..errors import KernelkitError
    from ..running.stanza import job_options_of
    from ..slurm.argv import request_options

    try:
        options = job_options_of(directory)
        if options is None:
            return None
        sbatch = ["sbatch", *request_options(options.resources)]
        return {**msgspec.to_builtins(options), "sbatch": sbatch}
    except (KernelkitError, OSError, ValueError) as error:
        return {"problem": str(error)}


def show_kernel(found: dict[str, Any]) -> None:
    """Print it for people: facts first, then what the layers did, then the files."""
    why = "; ".join(found["reasons"])
    output.print_pairs(
        [
            ("Kernel", found["name"]),
            ("Shown as", found["display_name"]),
            ("State", found["state"] + (f": {why}" if why else "")),
            ("Directory", str(found["directory"])),
        ]
    )
    if found["job"]:
        _show_job(found["job"])
    if found["plan"]:
        _show_layers(found["plan"])
    for change in found["changes"]:
        _show_changes(change)
    for key, file in (("kernel_json", "kernel.json"), ("launch_sh", "launch.sh")):
        if found[key]:
            output.print_text()
            output.print_text(f"{found['directory']}/{file}", "bold")
            for line in found[key].rstrip("\n").split("\n"):
                output.print_text(output.safe(line))


_WIRES = {
    "curve": "encrypted by the kernel itself (CurveZMQ)",
    "forwarder": "encrypted by a forwarder on the node (CurveZMQ)",
    "plain": "not encrypted between server and node",
}


def _show_job(job: dict[str, Any]) -> None:
    output.print_text()
    output.print_text("Its job", "bold")
    if "problem" in job:
        output.print_text(output.safe(job["problem"]))
        return
    joins = job.get("in_job")
    lives = "until its time limit" if job.get("keep") else f"for {job.get('lease', 900)} s"
    output.print_pairs(
        [
            ("Runs in job", joins) if joins else ("Asked for by", shlex.join(job["sbatch"])),
            ("Messages", _WIRES[job.get("wire", "curve")]),
            ("Without a server", f"lives {lives}"),
        ]
    )


def _show_layers(plan: dict[str, Any]) -> None:
    output.print_text()
    output.print_text("Layers, and where each comes from", "bold")
    pairs: list[tuple[str, str]] = []
    provenance = plan["provenance"]
    file = provenance.get("file")
    origin = provenance["origin"] + (f" {file['path']}" if file else f" {provenance['given']}")
    pairs.append((plan["identity"], origin))
    for module in (plan.get("modules") or {}).get("loads", ()):
        asked = "" if module.get("asked") else " (needed by the others)"
        pairs.append((f"module {module['name']}", module["file"]["path"] + asked))
    if environment := plan.get("environment"):
        pairs.append((environment["kind"], environment["prefix"]))
    if container := plan.get("container"):
        source = f" from {container['source']}" if container.get("source") else ""
        digest = f", {container['digest']}" if container.get("digest") else ""
        pairs.append(("container", container["image"]["path"] + source + digest))
    if plan.get("packages_dir"):
        pairs.append(("packages dir", plan["packages_dir"]))
    if python := plan.get("python"):
        where = f" in {python['container']}" if python.get("container") else ""
        pairs.append((f"Python {python['version']}", python["executable"] + where))
        added = plan.get("ipykernel")
        pairs.append(
            (f"ipykernel {python.get('ipykernel', '')}", added["dir"] if added else "its own")
        )
    output.print_pairs(pairs)


def _show_changes(record: dict[str, Any]) -> None:
    if not record.get("changes"):
        return
    output.print_text()
    output.print_text(f"What {record['layer']} changes  ({record['source']})", "bold")
    signs = {"prepended": "{0} = {1}:…", "appended": "{0} = …:{1}", "unset": "unset {0}"}
    for change in record["changes"]:
        line = signs.get(change["kind"], "{0} = {1}")
        output.print_text(
            "  " + output.safe(line.format(change["variable"], change.get("value", "")))
        )


@verb("show", show=show_kernel)
@click.argument("name")
def command(name: str) -> Outcome:
    """Show one kernel: its state, layers with their origin, both files, what each layer changes.

    NAME is a kernel of `kernelkit list`, or the NAME/VERSION it was made from. Exit code 3 says
    that the kernel is stale.
    """
    found = tell(name)
    return Outcome(found, Stale.exit_code if found["state"] == "stale" else 0)
