"""How a kernel's messages travel between the server and its node: encrypted, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import KernelFailed, NotPermitted
from ..model import AddedIpykernel, PythonFacts

Wire = Literal["curve", "forwarder", "plain"]

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")

# Kernels that take `ipc` in a connection file as jupyter_client means it: ipykernel and what is
# built on it, and IRkernel. Others (IJulia builds `PATH:PORT`) get loopback TCP on the node.
_KNOWS_IPC = {"python", "r", "bash"}


@dataclass(frozen=True)
class WirePlan:
    """What was decided, and why in `words`; `warning` is true where people must be told.

    `pump` is the Python that serves the forwarder's sockets: the kernel's own by its command, to
    be run through `launch.sh --run`, or empty for the site's `node_python`.
    `loopback` is for kernels that know only TCP.
    """

    wire: Wire
    words: str
    pump: str = ""
    loopback: bool = False
    warning: bool = False


def wire_plan(
    python: PythonFacts | None,
    language: str,
    *,
    own_python: str,
    ipykernel: AddedIpykernel | None = None,
    ours: bool = True,
    allow_plain: bool = False,
) -> WirePlan:
    """Choose the wire of a kernel that runs on another node.

    `python` is the interpreter behind the kernel's layers, `ours` false for a kernel that is not
    an ipykernel which kernelkit starts itself; `own_python` is the site's `node_python`, empty
    where nodes see none, `allow_plain` its other setting. Called at install.

    Raises NotPermitted where nothing can encrypt and the site does not allow plain.
    """
    if ours and language == "python":
        able = ipykernel.curve if ipykernel else bool(python and python.curve)
        if able:
            return WirePlan("curve", "The kernel itself encrypts (CurveZMQ).")
    loopback = language not in _KNOWS_IPC
    # The site's comes first: it runs outside of the layers and of the container.
    if own_python:
        return WirePlan("forwarder", "A forwarder on the node encrypts.", "", loopback)
    if python and (_has_pyzmq(python) or (ipykernel and "pyzmq" in ipykernel.distributions)):
        return WirePlan(
            "forwarder",
            "A forwarder on the node encrypts, with the kernel's own Python.",
            python.command,
            loopback,
        )
    if allow_plain:
        return WirePlan(
            "plain",
            "This kernel's messages cross the network unencrypted: whoever can listen between "
            "server and node reads code and output.",
            warning=True,
        )
    mend = "Add ipykernel 7.3 or newer, or pyzmq, to its environment. " if python else ""
    raise NotPermitted(
        f"Nothing can encrypt what this {language} kernel says on the network: it has no "
        "CurveZMQ of its own, and neither its environment nor the node has a Python with pyzmq.",
        hint=f"{mend}A site sets `node_python` to one that its nodes see, or `allow_plain`.",
    )


def check_node_python(own_python: str) -> None:
    """Raise NotPermitted where a forwarder is to run with the site's Python and nodes see none."""
    if not own_python:
        raise NotPermitted(
            "This kernel was installed when nodes saw a Python of kernelkit's, by which its "
            "messages were encrypted; the site's `node_python` is empty now.",
            hint="Make it anew: `kernelkit upgrade --force NAME`.",
        )


def _has_pyzmq(python: PythonFacts) -> bool:
    return "pyzmq" in python.distributions


def accepted_connection(
    seed: Mapping[str, Any], found: Mapping[str, Any], node: str = "the node"
) -> dict[str, Any]:
    """What to connect to, from the seed and the file as the node completed it.

    Only the address and ports are taken from the node; keys are those of the seed, so that a
    kernel which dropped them cannot make the server speak in plain. Raises KernelFailed for a
    file that says another key, or one without the Curve keys that were given.
    """
    for name in ("key", "curve_publickey"):
        if found.get(name) != seed.get(name):
            lacks = name == "curve_publickey" and not found.get(name)
            raise KernelFailed(
                f"The kernel on {node} "
                + ("does not encrypt (CurveZMQ), though it was found able to at install."
                   if lacks else f"came up with another `{name}` than it was given."),
                hint="Install the kernel again; nothing was sent to it.",
            )  # fmt: skip
    ports = {f"{channel}_port": found[f"{channel}_port"] for channel in CHANNELS}
    if not all(isinstance(port, int) and 0 < port < 65536 for port in ports.values()):
        raise KernelFailed(f"The kernel on {node} named unusable ports: {ports}.")
    return {**seed, "ip": found["ip"], **ports}


def forwarder_words(plan: WirePlan, *, own_python: str, forwarder: str, run: str) -> list[str]:
    """What stands before `FILE -- COMMAND … {connection_file} …` where the wire is a forwarder.

    `own_python` as for `wire_plan`, `forwarder` the path of forwarder.py that the node sees,
    `run` the run's directory. For one whose sockets run in the kernel's environment, `python3` of
    the node is the first process; that needs nothing but its standard library.
    """
    words = [own_python or "python3", forwarder]
    if plan.loopback:
        words.append("--tcp")
    if plan.pump:
        words += ["--through", "/bin/bash", "-p", f"{run}/launch.sh", "--run", plan.pump]
    return words
