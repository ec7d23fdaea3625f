"""What front ends do with a kernel besides running cells; each function fails where it does not work.

A client that is ready comes in, and leaves with nothing unread of what was asked here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from jupyter_client import BlockingKernelClient
from relaying import WAIT, iopub_of, kinds, stream_text

BLOB = bytes(range(256)) * 4096

ECHO = """
from comm import get_comm_manager
def echo(comm, opened):
    def answer(message):
        comm.send(message['content']['data'], buffers=message['buffers'])
    comm.on_msg(answer)
get_comm_manager().register_target('echo', echo)
"""


def run(client: BlockingKernelClient, code: str) -> list[dict[str, Any]]:
    """The iopub messages of one cell that must succeed."""
    sent = client.execute(code)
    found = iopub_of(client, sent)
    assert "error" not in kinds(found), found
    assert client.get_shell_msg(timeout=WAIT)["parent_header"]["msg_id"] == sent
    return found


def printed(client: BlockingKernelClient, code: str) -> str:
    """What one cell printed."""
    return stream_text(run(client, code))


def send_comm(
    client: BlockingKernelClient,
    kind: str,
    comm: str,
    buffers: Sequence[bytes] = (),
    **content: Any,
) -> str:
    """Send a message of a comm; its id."""
    message = client.session.msg(kind, {"comm_id": comm, "data": {}, **content})
    client.session.send(client.shell_channel.socket, message, buffers=list(buffers))
    return str(message["header"]["msg_id"])


def ask_of_many_kinds(client: BlockingKernelClient, count: int) -> list[str]:
    """Four requests `count` times; their ids. The cells append to the kernel's list `seen`."""
    sent = []
    for number in range(count):
        sent.append(client.execute(f"seen.append({number})", silent=True))
        sent.append(client.complete("see"))
        sent.append(client.inspect("print"))
        sent.append(client.is_complete(f"seen == {number}"))
    return sent


def move_a_widget(client: BlockingKernelClient) -> None:
    """A slider is shown, and moved in the page: both sides know."""
    made = run(
        client,
        "import ipywidgets\n"
        "slider = ipywidgets.IntSlider()\n"
        "slider.observe(lambda change: print('moved to', change.new), 'value')\n"
        "slider",
    )
    model = next(
        m["content"]["comm_id"]
        for m in made
        if m["msg_type"] == "comm_open" and "IntSliderModel" in json.dumps(m["content"])
    )
    data = {"method": "update", "state": {"value": 42}, "buffer_paths": []}
    answered = iopub_of(client, send_comm(client, "comm_msg", model, data=data))
    assert "moved to 42\n" in stream_text(answered)
    assert printed(client, "print(slider.value)") == "42\n"


def ask_the_debugger(
    client: BlockingKernelClient, command: str, **arguments: Any
) -> dict[str, Any]:
    """One request of the debug adapter protocol, on the control channel; the body of its answer."""
    request = {"seq": 1, "type": "request", "command": command, "arguments": arguments}
    client.control_channel.send(client.session.msg("debug_request", request))
    reply = client.get_control_msg(timeout=WAIT)
    assert reply["msg_type"] == "debug_reply"
    assert reply["content"]["success"] is True, reply["content"]
    body = reply["content"].get("body")
    return body if isinstance(body, dict) else {}


def stop_at_a_breakpoint(client: BlockingKernelClient) -> None:
    """As JupyterLab's debugger does: a cell stops in the middle, its variables are seen, it goes on."""
    code = "def double(number):\n    twice = 2 * number\n    return twice\nprint(double(21))"
    ask_the_debugger(
        client, "initialize", clientID="test", clientName="test", adapterID="", pathFormat="path",
        linesStartAt1=True, columnsStartAt1=True, supportsVariableType=True,
    )  # fmt: skip
    ask_the_debugger(client, "attach")
    path = ask_the_debugger(client, "dumpCell", code=code)["sourcePath"]
    points = {"source": {"path": path}, "breakpoints": [{"line": 3}], "sourceModified": False}
    (point,) = ask_the_debugger(client, "setBreakpoints", **points)["breakpoints"]
    assert point["verified"]
    ask_the_debugger(client, "configurationDone")

    cell = client.execute(code)
    stopped: dict[str, Any] = {}
    while stopped.get("event") != "stopped":
        message = client.get_iopub_msg(timeout=WAIT)
        assert message["content"].get("execution_state") != "idle" or (
            message["parent_header"].get("msg_id") != cell
        ), "the cell ended without a stop"
        stopped = message["content"] if message["msg_type"] == "debug_event" else {}
    thread = stopped["body"]["threadId"]
    frames = ask_the_debugger(client, "stackTrace", threadId=thread)["stackFrames"]
    assert (frames[0]["name"], frames[0]["line"]) == ("double", 3)
    scopes = ask_the_debugger(client, "scopes", frameId=frames[0]["id"])["scopes"]
    local = scopes[0]["variablesReference"]
    found = ask_the_debugger(client, "variables", variablesReference=local)["variables"]
    assert {"number": "21", "twice": "42"}.items() <= {v["name"]: v["value"] for v in found}.items()
    ask_the_debugger(client, "continue", threadId=thread)
    heard = iopub_of(client, cell)
    assert "42\n" in stream_text(heard)
    assert client.get_shell_msg(timeout=WAIT)["content"]["status"] == "ok"
    ask_the_debugger(client, "disconnect", restart=False, terminateDebuggee=False)


def run_beside_a_busy_cell(client: BlockingKernelClient) -> None:
    """A subshell ends what the main shell waits for."""
    client.control_channel.send(client.session.msg("create_subshell_request", {}))
    created = client.get_control_msg(timeout=WAIT)["content"]
    assert created["status"] == "ok", created
    run(client, "import threading\nevent = threading.Event()")
    client.execute("reached = event.wait(60)")
    message = client.session.msg(
        "execute_request",
        {"code": "event.set()", "silent": True, "store_history": False, "allow_stdin": False},
    )
    message["header"]["subshell_id"] = created["subshell_id"]
    client.shell_channel.send(message)
    replies = [client.get_shell_msg(timeout=WAIT) for _ in range(2)]
    assert {m["content"]["status"] for m in replies} == {"ok"}
    assert printed(client, "print(reached)") == "True\n"
