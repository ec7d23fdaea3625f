"""Why Slurm refused a request -> its own sentence and the key of `Resources` to change.

The sentences are slurm_strerror's (src/common/slurm_errno.c) of 22.05 to 25.11, and what sbatch
and the controller print before them; tests/cluster makes a real Slurm say them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..model import Resources

# A limit's own name comes first: the sentence below it speaks of every limit at once. Names as in
# job_reason_string (src/common/slurm_protocol_defs.c): QOSMaxGRESPerUser, AssocMaxCpuPerJobLimit.
_LIMIT = r"\b(?:QOS|Assoc)(?:Max|Min|Grp)"
_FIELDS: Sequence[tuple[str, str]] = (
    (_LIMIT + r"(?:Wall|CPU(?:Run)?Minutes)|\bQOSTimeLimit\b|MaxWall", "time"),
    (_LIMIT + "(?:GRES|Gres)", "gres"),
    (_LIMIT + "Mem", "mem"),
    (_LIMIT + "(?:Cpu|CPU)", "cpus"),
    (_LIMIT + "Node", "nodes"),
    (_LIMIT + r"|\bQOS\w*Limit\b|QOSNotAllowed|InvalidQOS", "qos"),
    ("Invalid account or account/partition|InvalidAccount|Invalid parent account", "account"),
    ("Invalid qos|accounting/QOS policy|QOS usage threshold", "qos"),
    ("[Ii]nvalid partition|No partition specified|permitted to use this partition", "partition"),
    ("Requested partition configuration|Partition in DOWN state", "partition"),
    ("partition not available|Multiple partition job request", "partition"),
    ("[Rr]eservation", "reservation"),
    ("time limit is invalid|Time limit specification|Invalid --time|PartitionTimeLimit", "time"),
    ("generic resource|GRES|TRES|[Gg]res|any GPU", "gres"),
    ("Memory (?:specification|required)|Invalid --mem", "mem"),
    ("[Ff]eature specification|[Ff]eatures not subset", "constraint"),
    ("Invalid constraint|BadConstraints", "constraint"),
    ("Node count specification|PartitionNodeLimit|number of nodes|More nodes", "nodes"),
    ("CPU count|More processors|number of cpus|more tasks than available", "cpus"),
    ("Task count specification|number of tasks", "ntasks"),
)  # fmt: skip

_PREFIX = re.compile(r"^\w+: (?:error: )?(?:lua: |\w*cli_filter: )?")
_FINAL = re.compile(r"^(?:Batch job submission failed|allocation failure): ")
_CODE = re.compile(r"[A-Za-z_]{1,60}")


# Slurm says this of anything that no node can satisfy; what was asked for decides.
_NO_SUCH_NODE = re.compile("Requested node configuration is not available")
_SUSPECTS = ("gres", "constraint", "mem", "mem_per_cpu", "mem_per_gpu", "nodes", "ntasks", "cpus")


def parse_refusal(stderr: str, asked: Resources | None = None) -> tuple[str, str]:
    """Slurm's own sentence about a refused request, and the field to change (maybe empty).

    A bare code such as `QOSMaxGRESPerUser`, which the controller prints on a line of its own,
    follows the sentence in brackets; what a site's job_submit plug-in said comes before it.
    `asked` is the request, for the sentence that fits many fields.
    """
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [_PREFIX.sub("", line) for line in lines if "error:" in line] or lines
    if not errors:
        return "", ""
    *before, last = [_FINAL.sub("", line) for line in errors]
    codes = [line for line in before if _CODE.fullmatch(line)]
    told = [line.rstrip(".") for line in before if not _CODE.fullmatch(line) and line != last]
    sentence = ". ".join([*told, last]) + (f" ({', '.join(codes)})" if codes else "")
    everything = "\n".join(errors)
    for pattern, field in _FIELDS:
        if re.search(pattern, everything):
            return sentence, _as_asked(field, asked)
    if asked is not None and _NO_SUCH_NODE.search(everything):
        wanted = [key for key in _SUSPECTS if getattr(asked, key) is not None]
        return sentence, wanted[0] if wanted else "partition" if asked.partition else ""
    return sentence, ""


def _as_asked(field: str, asked: Resources | None) -> str:
    """The key under which the request has it: memory has three."""
    if field != "mem" or asked is None or asked.mem is not None:
        return field
    return next((key for key in ("mem_per_cpu", "mem_per_gpu") if getattr(asked, key)), field)


def change_hint(*fields: str) -> str:
    """What to change for these keys of `Resources`, as the command line and a recipe call it."""
    options = " and ".join(f"`--{field.replace('_', '-')}`" for field in fields)
    keys = " and ".join(f"`{field}`" for field in fields)
    return f"Change {options} ({keys} in a recipe's [resources])."
