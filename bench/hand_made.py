"""What a person does today: an sbatch script that execs ipykernel, and jupyter_client."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jupyter_client import BlockingKernelClient
from place import Place
from slurm import wait_for

LIMIT = 120.0  # seconds

_SCRIPT = """. {init}
export MODULEPATH={tree}
module load python/3.11
read -r address _ < <(getent ahostsv4 "$SLURMD_NODENAME")
exec python3 -m ipykernel_launcher --ip="$address" -f {file}
"""


@dataclass(frozen=True)
class HandMade:
    """A kernel in a job of its own, and a client of it."""

    job: str
    client: BlockingKernelClient

    def run(self, code: str) -> None:
        """Run a cell to its reply."""
        request = self.client.execute(code)
        while True:
            reply = self.client.get_shell_msg(timeout=LIMIT)
            assert reply["content"]["status"] == "ok", reply
            if reply["parent_header"]["msg_id"] == request:
                return


@contextmanager
def hand_made(place: Place) -> Iterator[HandMade]:
    """Submit the script, and connect as soon as the kernel has written its connection file."""
    file = place.home / f"by-hand-{time.monotonic_ns()}.json"
    script = _SCRIPT.format(init=place.parts.lmod_init, tree=place.parts.lmod_tree, file=file)
    job = place.cluster.submit("--output", f"{file}.log", script=script)
    client = BlockingKernelClient()
    try:
        wait_for("the kernel by hand", lambda: _connection(file), LIMIT)
        client.load_connection_file(str(file))
        client.start_channels(hb=False)
        # As every front end does, and the relay.
        client.kernel_info()
        yield HandMade(job, client)
    finally:
        client.stop_channels()
        place.cluster.cancel(job)


def _connection(file: Path) -> bool:
    try:
        return bool(json.loads(file.read_text()))
    except (OSError, ValueError):  # not there, or half written
        return False
