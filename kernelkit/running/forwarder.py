"""Curve on the node for kernels that have none: encrypted TCP outside, private sockets inside.

    PYTHON forwarder.py [--tcp] [--through WORD ...] FILE -- COMMAND ... {connection_file} ...

stands where supervisor.sh would start COMMAND itself. It reads the connection file FILE (address,
ports or 0, HMAC key, Curve keys), binds there, writes FILE again with the real ports, and starts
COMMAND with a connection file of its own, whose sockets lie in a directory that only this user
can enter. It ends with the exit code of COMMAND. Signals are expected to go to the process group,
which COMMAND is part of; TERM is passed on, INT and the others are not, or they would come twice.

The sockets are served by a second process, which needs pyzmq: this Python, or `WORD ... -c` where
pyzmq is only in the kernel's own environment (`--through launch.sh --run python3`). This file
stands alone: Python 3.6 and its standard library. `--tcp` is for kernels that know no ipc, whose
sockets are then on loopback: messages are signed there, but any user of the node can read them.
"""

import ctypes
import hashlib
import json
import os
import select
import shutil
import signal
import stat
import sys
import threading
import time
from typing import Any, Dict, List, NoReturn, Optional, Tuple

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")

# Exit codes as those of launch.sh: called wrongly, a missing or unsafe file, no usable Python.
USAGE, MISSING, NO_CURVE, FAILED = 64, 66, 67, 70

# sockaddr_un.sun_path holds 108 bytes with its NUL.
_LONGEST_SOCKET_PATH = 107
# A program that reads its own text, so that a container need not see this file.
_BOOTSTRAP = "import sys; exec(sys.stdin.readline()[1:-1].encode().decode('unicode_escape'))"
_READY = "kernelkit-forwarder "
_START_SECONDS = 120.0
_DRAIN_SECONDS = 0.3
_PR_SET_PDEATHSIG = 1
_IGNORED = (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_PASSED_ON = (signal.SIGTERM,)
# Kept for a slow reader before the kernel is slowed down: as much as zmq does by itself.
_MESSAGES = 1000

Connection = Dict[str, Any]


class Refused(Exception):
    """The end, with an exit code and a sentence."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


# --- the first process: files, two children, signals -----------------------------------------------


def main(arguments: List[str]) -> int:
    """Run the whole; returns the exit code of the kernel."""
    try:
        file, tcp, through, command = _parse(arguments)
        connection = read_connection(file)
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _leave)
        directory = socket_directory(os.path.dirname(file))
        try:
            return _serve(file, connection, directory, tcp, through, command)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    except Refused as error:
        sys.stderr.write("kernelkit: {}\n".format(error))
        return error.code


def _leave(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)  # not at once, so that the directory is removed


def _parse(arguments: List[str]) -> Tuple[str, bool, List[str], List[str]]:
    if "--" not in arguments[1:] or arguments[-1] == "--":
        raise Refused(USAGE, "give [--tcp] [--through WORD ...] FILE -- COMMAND ...")
    cut = arguments.index("--")
    options, command = arguments[: cut - 1], arguments[cut + 1 :]
    tcp = options[:1] == ["--tcp"]
    options = options[1:] if tcp else options
    if options and options[0] != "--through":
        raise Refused(USAGE, "`{}` is no option of the forwarder.".format(options[0]))
    return os.path.abspath(arguments[cut - 1]), tcp, options[1:] or [sys.executable], command


def read_connection(file: str) -> Connection:
    """The connection information in `file`, which must be private and hold Curve keys."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise Refused(MISSING, "`{}` cannot be read: {}.".format(file, error.strerror))
    with os.fdopen(descriptor) as opened:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o77:
            raise Refused(MISSING, "`{}` is not private to you.".format(file))
        try:
            connection = json.load(opened)
            asked = {c: int(connection[c + "_port"]) for c in CHANNELS}
            complete = connection["transport"] == "tcp" and connection["key"] and connection["ip"]
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(MISSING, "`{}` is no connection file: {!r}.".format(file, error))
    if not complete or min(asked.values()) < 0:
        raise Refused(MISSING, "`{}` needs tcp, an address and a key.".format(file))
    if not connection.get("curve_secretkey") or not connection.get("curve_publickey"):
        raise Refused(NO_CURVE, "`{}` holds no Curve keys; nothing is sent in plain.".format(file))
    return dict(connection)


def socket_directory(run: str) -> str:
    """A directory of this node's own disk, only for this user, short enough for sockets.

    Its name is made from the run's, so that kernels which were killed leave one a run at most.
    """
    name = "kk-" + hashlib.sha256(os.fsencode(run)).hexdigest()[:12]
    for root in (os.environ.get("TMPDIR", ""), "/tmp", "/dev/shm", "/var/tmp"):
        path = os.path.join(root, name)
        if not os.path.isabs(root) or len(os.fsencode(path)) + 4 > _LONGEST_SOCKET_PATH:
            continue
        try:
            if os.path.isdir(path) and os.lstat(path).st_uid == os.getuid():
                shutil.rmtree(path)
            os.mkdir(path, 0o700)
            return path
        except OSError:
            continue  # not writable, or somebody else made that name
    raise Refused(MISSING, "no directory for sockets can be made in TMPDIR, /tmp or /dev/shm.")


def inner_connection(connection: Connection, directory: str, tcp: bool) -> Connection:
    """What the kernel itself binds: the same key, without Curve, in `directory` or on loopback."""
    inner = {n: v for n, v in connection.items() if not n.startswith("curve_")}
    if tcp:
        inner.update(transport="tcp", ip="127.0.0.1", **_free_ports())
    else:
        inner.update(transport="ipc", ip=os.path.join(directory, "k"))
        inner.update({c + "_port": number for number, c in enumerate(CHANNELS, 1)})
    return inner


def _free_ports() -> Dict[str, int]:
    """Ports of loopback that nobody uses.

    The kernel binds them only some seconds later. As in supervisor.sh, they are none of those that
    Linux gives to whoever asks for any (32768 and up): IRkernel goes on without a port it cannot
    bind, and then hears no shutdown.
    """
    import random
    import socket

    ports: Dict[str, int] = {}
    for port in random.sample(range(20000, 32000), 1000):
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports[CHANNELS[len(ports)] + "_port"] = port
        if len(ports) == len(CHANNELS):
            return ports
    raise Refused(FAILED, "no free ports were found between 20000 and 32000 on loopback.")


def write_private(file: str, content: Connection) -> None:
    """Replace `file` in one step with mode 0600."""
    temporary = "{}.{}".format(file, os.getpid())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        json.dump(content, opened, indent=2)
        opened.flush()
        os.fsync(descriptor)
    os.rename(temporary, file)


def _serve(
    file: str,
    connection: Connection,
    directory: str,
    tcp: bool,
    through: List[str],
    command: List[str],
) -> int:
    inner = inner_connection(connection, directory, tcp)
    pump = Pump(through, directory)
    try:
        connection.update(pump.start(connection, inner))
        kernel_file = os.path.join(directory, "kernel.json")
        write_private(kernel_file, inner)
        words = [word.replace("{connection_file}", kernel_file) for word in command]
        # Until the copy of this process is the kernel, it would lose one.
        signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
        kernel = _spawn(words)

        def pass_on(number: int, _frame: object) -> None:
            os.kill(kernel, number)

        signal.signal(signal.SIGTERM, pass_on)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
        write_private(file, connection)  # who reads it connects
        return _wait(kernel, pump)
    finally:
        pump.stop()


def _spawn(words: List[str]) -> int:
    """Start the kernel, with signals as any program has them; TERM is blocked here."""
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        # A SIGKILL of this process cannot be passed on, nor one that came before this was said.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:
            os._exit(FAILED)
        for number in (*_IGNORED, *_PASSED_ON):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
        os.execvp(words[0], words)
    except BaseException as error:  # noqa: BLE001 - the copy of this process must end here
        sys.stderr.write("kernelkit: `{}` cannot be started: {}.\n".format(words[0], error))
    finally:
        sys.stderr.flush()
        os._exit(FAILED)


def _wait(kernel: int, pump: "Pump") -> int:
    while True:
        pid, status = os.wait()
        if pid == kernel:
            return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        if pid == pump.pid:
            pump.pid = 0
            os.kill(kernel, signal.SIGKILL)
            os.waitpid(kernel, 0)
            raise Refused(FAILED, "the forwarder's sockets ended; the kernel was ended too.")


class Pump:
    """The second process, started by `words`, seen from the first."""

    def __init__(self, words: List[str], directory: str) -> None:
        self.pid = 0
        self._words = words
        self._directory = directory
        self._to: Optional[int] = None

    def start(self, outer: Connection, inner: Connection) -> Dict[str, int]:
        """Start it with the keys on its standard input; the ports it bound."""
        read_in, write_in = os.pipe()
        read_out, write_out = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            self._become(read_in, write_out)
        os.close(read_in)
        os.close(write_out)
        self._to = write_in
        told = {"outer": outer, "inner": inner, "directory": self._directory}
        with open(os.path.abspath(__file__)) as opened:
            program = opened.read().encode("unicode_escape").decode()
        try:
            _write_all(write_in, "#{}\n{}\n".format(program, json.dumps(told)))
        except OSError:
            pass  # it ended; what it said is read below
        answer = _read_answer(read_out)
        os.close(read_out)
        if "refused" in answer:
            raise Refused(NO_CURVE, answer["refused"])
        return {str(name): int(port) for name, port in answer.items()}

    def _become(self, read_in: int, write_out: int) -> NoReturn:
        try:
            os.dup2(read_in, 0)
            os.dup2(write_out, 1)
            # It ends when its standard input does, after the kernel's last words are out.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            for name in ("APPTAINER_BIND", "SINGULARITY_BIND"):
                found = os.environ.get(name)
                os.environ[name] = found + "," + self._directory if found else self._directory
            os.execvp(self._words[0], self._words + ["-c", _BOOTSTRAP])
        except BaseException as error:  # noqa: BLE001 - the copy of this process must end here
            sys.stderr.write("kernelkit: `{}` cannot run: {}.\n".format(self._words[0], error))
        finally:
            sys.stderr.flush()
            os._exit(FAILED)

    def stop(self) -> None:
        """Let it send what it has, and end it."""
        if self._to is not None:
            os.close(self._to)
            self._to = None
        if not self.pid:
            return
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return
            time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _write_all(descriptor: int, text: str) -> None:
    data = text.encode()
    while data:
        data = data[os.write(descriptor, data) :]


def _read_answer(descriptor: int) -> Dict[str, Any]:
    """The line of the pump's that is meant for us; others, as modules print, are passed by."""
    end = time.monotonic() + _START_SECONDS
    text = ""
    while True:
        for line in text.split("\n")[:-1]:
            if line.startswith(_READY):
                return dict(json.loads(line[len(_READY) :]))
        left = end - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise Refused(
                FAILED, "the forwarder did not start within {:g} s.".format(_START_SECONDS)
            )
        data = os.read(descriptor, 65536)
        if not data:
            raise Refused(NO_CURVE, "the forwarder did not start; its own words stand above.")
        text += data.decode("utf-8", "replace")


# --- the second process: sockets ---------------------------------------------------------------------


def pump() -> int:
    """Bind, connect and forward until standard input ends. Runs in the kernel's environment."""
    connections = json.loads(sys.stdin.readline())
    try:
        import zmq
    except ImportError as error:
        return _refuse("`{}` has no pyzmq: {}.".format(sys.executable, error))
    if not zmq.has("curve"):
        return _refuse("the pyzmq of `{}` is built without Curve.".format(sys.executable))
    context = zmq.Context()
    try:
        pairs, ports = _open(zmq, context, connections["outer"], connections["inner"])
    except zmq.ZMQError as error:
        place = connections["outer"]["ip"]
        return _refuse("no socket can be bound at `{}`: {}.".format(place, error))
    threads = [threading.Thread(target=_forward, args=(zmq, *pair)) for pair in pairs]
    for thread in threads:
        thread.daemon = True
        thread.start()
    sys.stdout.write(_READY + json.dumps(ports) + "\n")
    sys.stdout.flush()
    while sys.stdin.read(4096):
        pass
    time.sleep(_DRAIN_SECONDS)  # what the kernel sent last is on its way through the threads
    # Here too, because the first process may have been killed.
    shutil.rmtree(connections["directory"], ignore_errors=True)
    context.term()
    return 0


def _refuse(text: str) -> int:
    sys.stdout.write(_READY + json.dumps({"refused": text}) + "\n")
    sys.stdout.flush()
    return NO_CURVE


def _open(
    zmq: Any, context: Any, outer: Connection, inner: Connection
) -> Tuple[List[Tuple[Any, Any]], Dict[str, int]]:
    pairs = []
    ports = {}
    identity = os.urandom(16)
    for channel in CHANNELS:
        kinds = (zmq.XPUB, zmq.XSUB) if channel == "iopub" else (zmq.ROUTER, zmq.DEALER)
        front, back = (context.socket(kind) for kind in kinds)
        for each in (front, back):
            each.sndhwm = each.rcvhwm = _MESSAGES
        # The kernel's last words; nothing is kept for a kernel that has gone.
        front.linger, back.linger = 2000, 0
        if channel == "iopub":
            front.setsockopt(zmq.XPUB_NODROP, 1)  # a slow reader slows the kernel down
            front.setsockopt(zmq.XPUB_VERBOSE, 1)
        else:
            front.setsockopt(zmq.ROUTER_HANDOVER, 1)
            # One identity for all: the kernel asks on stdin whoever sent the request on shell.
            back.setsockopt(zmq.IDENTITY, b"\x01" + identity)
        # A server that vanished must not keep the next one waiting for ever.
        front.setsockopt(zmq.HEARTBEAT_IVL, 15000)
        front.setsockopt(zmq.HEARTBEAT_TIMEOUT, 60000)
        back.setsockopt(zmq.RECONNECT_IVL, 20)
        front.curve_secretkey = outer["curve_secretkey"].encode()
        front.curve_publickey = outer["curve_publickey"].encode()
        front.curve_server = True
        front.bind("tcp://{}:{}".format(outer["ip"], outer[channel + "_port"] or "*"))
        bound = front.getsockopt(zmq.LAST_ENDPOINT).decode().rstrip("\0")
        ports[channel + "_port"] = int(bound.rsplit(":", 1)[1])
        separator = "-" if inner["transport"] == "ipc" else ":"
        place = inner["ip"] + separator + str(inner[channel + "_port"])
        back.connect("{}://{}".format(inner["transport"], place))
        pairs.append((front, back))
    return pairs, ports


def _forward(zmq: Any, front: Any, back: Any) -> None:
    while True:
        try:
            zmq.proxy(front, back)
        except zmq.ContextTerminated:
            break
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH and error.errno != 4:  # EINTR
                sys.stderr.write("kernelkit: forwarding ended: {}.\n".format(error))
                os._exit(FAILED)
    front.close()
    back.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if "__file__" in globals() else pump())
