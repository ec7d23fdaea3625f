"""What front ends ask of a kernel before its job runs, and then: all of it, by way of a real job."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import front_ends
import pytest
from front_ends import BLOB, ECHO, ask_of_many_kinds, printed, send_comm
from job_kernels import Kernels
from jupyter_client import BlockingKernelClient
from relaying import WAIT, iopub_of
from slurm import Cluster
from test_provisioner import started


@pytest.mark.parametrize(("kind", "rounds"), [("own", 250), ("ipykernel6", 25)])
def test_nothing_is_lost_or_doubled(
    kind: str, rounds: int, kernels: Kernels, cluster: Cluster
) -> None:
    """A thousand messages, a comm with a buffer and a question, by either wire."""
    name = kernels.put(kind, partition="full", config={"wait": "never"})
    with cluster.filled() as filler, started(name) as kernel, ThreadPoolExecutor(1) as aside:
        client = kernel.client
        sent = [client.execute(f"seen = []\n{ECHO}"), *ask_of_many_kinds(client, rounds)]
        send_comm(client, "comm_open", "1", target_name="echo")
        send_comm(client, "comm_msg", "1", [BLOB], data={"n": 1})
        question = client.execute(f"print(input('name? '), seen == list(range({rounds})))")
        assert "PENDING" in [row[2] for row in cluster.queue()]
        cluster.cancel(filler)

        # Output is read all along: nobody keeps it for ever for a client that does not.
        hearing = aside.submit(everything_until_idle, client, question)
        asked = client.get_stdin_msg(timeout=WAIT)
        assert asked["content"]["prompt"] == "name? "
        client.input("me")
        replies = [client.get_shell_msg(timeout=WAIT) for _ in [*sent, question]]
        assert [m["parent_header"]["msg_id"] for m in replies] == [*sent, question]
        assert {m["content"]["status"] for m in replies} == {"ok", "complete"}
        completed, inspected = replies[2]["content"], replies[3]["content"]
        assert "seen" in completed["matches"]
        assert inspected["found"]
        heard = hearing.result()
        (echoed,) = [m for m in heard if m["msg_type"] == "comm_msg"]
        assert (echoed["content"]["data"], bytes(echoed["buffers"][0])) == ({"n": 1}, BLOB)
        streams = [m["content"] for m in heard if m["msg_type"] == "stream"]
        # On stderr ipykernel 7 tells of a comm whose message it reads before it opened it.
        texts = [content["text"] for content in streams if content["name"] == "stdout"]
        assert "".join(texts) == "me True\n"


def everything_until_idle(client: BlockingKernelClient, request: str) -> list[dict[str, Any]]:
    """All iopub messages, whoever asked, until the kernel is done with a request."""
    found = []
    while True:
        found.append(client.get_iopub_msg(timeout=WAIT))
        if (
            found[-1]["content"].get("execution_state") == "idle"
            and found[-1]["parent_header"].get("msg_id") == request
        ):
            return found


def test_what_notebooks_do_with_a_kernel_that_runs(kernels: Kernels, cluster: Cluster) -> None:
    with started(kernels.put("own")) as kernel:
        client = kernel.client
        front_ends.move_a_widget(client)
        front_ends.stop_at_a_breakpoint(client)
        front_ends.run_beside_a_busy_cell(client)
        assert len(printed(client, "print('x' * 20_000_000)")) == 20_000_001
        printed(client, ECHO)
        iopub_of(client, send_comm(client, "comm_open", "1", target_name="echo"))
        heard = iopub_of(client, send_comm(client, "comm_msg", "1", [BLOB] * 3))
        (echoed,) = [m for m in heard if m["msg_type"] == "comm_msg"]
        assert [bytes(buffer) for buffer in echoed["buffers"]] == [BLOB] * 3
