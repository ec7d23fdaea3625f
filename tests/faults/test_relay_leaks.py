"""A server that starts and ends kernels for weeks holds no more at the end than at the beginning."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import zmq
from jupyter_client.session import Session
from relaying import KEY, WAIT, RealKernel, Seen, started_relay
from slurm import wait_for

from kernelkit.running.relay.endpoints import endpoint

RELAYS = 30


def held_by_this_process() -> tuple[int, int]:
    """(open files, threads)."""
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir()), threading.active_count()


def test_relays_leave_no_file_and_no_thread_behind(tmp_path: Path) -> None:
    kernel = RealKernel(tmp_path, curve=True)
    session = Session(key=KEY.encode())

    def a_life(context: zmq.Context[zmq.Socket[bytes]]) -> None:
        """Held, joined, left and joined again, with a front end."""
        seen = Seen()
        with started_relay(seen.events()) as relay, context.socket(zmq.DEALER) as front_end:
            front_end.linger = 0
            front_end.connect(endpoint(relay.connection, "shell"))
            for _ in range(2):
                relay.splice(kernel.connection)
                assert seen.joined.wait(WAIT)
                session.send(front_end, "kernel_info_request", {})
                assert front_end.poll(int(WAIT * 1000))
                front_end.recv_multipart()
                relay.hold()
                seen.joined.clear()

    try:
        with zmq.Context() as context:
            a_life(context)  # pyzmq has a thread and a few files of its own from then on
            files, threads = held_by_this_process()
            for _ in range(RELAYS):
                a_life(context)
            # libzmq closes in threads of its own.
            wait_for(f"{files} open files", lambda: held_by_this_process()[0] <= files, 10)
            assert held_by_this_process()[1] <= threads
    finally:
        kernel.end()
