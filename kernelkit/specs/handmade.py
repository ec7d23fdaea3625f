"""What a kernelspec that somebody made by hand does, as layers; pure, text in and layers out.

Knows the forms that people and tools leave behind: an interpreter's own (`ipykernel install`), a
wrapper script that loads modules and starts Python, an `apptainer exec` in argv, and envkernel's
(https://pypi.org/project/envkernel, 1.1: `envkernel KIND run OPTIONS… -- COMMAND…`). Whatever has a
part that no layer can say is `Opaque`: its command is then kept as it is.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ..model import Baseline

CONNECTION_FILE = "{connection_file}"
_RUNTIMES = {"apptainer", "singularity"}
_SHELLS = {"bash", "sh", "dash", "zsh", "ksh"}
_IPYKERNEL = {"ipykernel", "ipykernel_launcher"}
_PYTHON = re.compile(r"python(\d(\.\d+)?)?")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
# Lines of wrapper scripts that a clean start makes needless, or that only concern the shell.
_NEEDLESS = re.compile(
    r"""set\s[-+][A-Za-z]+(\s+pipefail)? | shopt\s.* | :
    | (source|\.)\s+\S*/(lmod|Lmod|Modules|modules|init|profile\.d)\S*
    | (source|\.)\s+(/etc/(profile|bashrc)|\S*/conda\.sh)
    | eval\s+"\$\(\S*conda\sshell\.(bash|posix)\shook\)"
    | unset\s+(PYTHONPATH|PYTHONHOME|XDG_RUNTIME_DIR)(\s+\w+)* """,
    re.VERBOSE,
)


class Opaque(Exception):
    """No layers say what this does; the text says which part."""


@dataclass
class Layers:
    """What a command does before the kernel itself, and the words that start that."""

    load: list[str] = field(default_factory=list)
    use: list[str] = field(default_factory=list)
    baseline: Baseline | None = None
    conda: str = ""
    venv: str = ""
    image: str = ""
    binds: list[str] = field(default_factory=list)
    clean_env: bool = False
    contain: bool = False
    overlay: str | None = None
    packages: str = ""
    env: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)

    @property
    def python(self) -> str | None:
        """The word that starts an ipykernel and nothing else, or None for any other command."""
        words = self.command
        fits = len(words) >= 5 and words[1] == "-m" and words[2] in _IPYKERNEL
        if not fits or words[3:5] != ["-f", CONNECTION_FILE] or len(words) > 5:
            return None
        return words[0] if _PYTHON.fullmatch(PurePosixPath(words[0]).name) else None


def script_of(argv: Sequence[str]) -> str | None:
    """The path of the script that `argv` starts, where it may be a shell's; else None."""
    words = list(argv)
    if words and PurePosixPath(words[0]).name in _SHELLS:
        words = words[1:]
        while words and words[0] in ("-l", "--login", "-e", "-p", "--noprofile", "--norc"):
            words = words[1:]
    return words[0] if words and words[0].startswith("/") else None


def parse_argv(argv: Sequence[str], layers: Layers | None = None) -> Layers:
    """The layers of a command in `argv`. Raises Opaque."""
    found = layers or Layers()
    words = list(argv)
    if words and PurePosixPath(words[0]).name == "env":
        words = words[1:]
        while words and (pair := _ASSIGNMENT.fullmatch(words[0])):
            _set(found, pair[1], pair[2])
            words = words[1:]
    if not words:
        raise Opaque("it starts nothing")
    name = PurePosixPath(words[0]).name
    if name in ("envkernel", "envkernel.py"):
        return _envkernel(words[1:], found)
    if name in _RUNTIMES:
        return _container(words[1:], found)
    if name in _SHELLS and len(words) > 2 and re.fullmatch(r"-[el]*c", words[1]):
        return parse_script(words[2], words[4:], found)
    if any(f"{CONNECTION_FILE}" in word for word in words):
        found.command = [_own_word(word) for word in words]
        return found
    raise Opaque("its command does not name the connection file")


def _own_word(word: str) -> str:
    if word != CONNECTION_FILE and CONNECTION_FILE in word:
        raise Opaque(f"`{word}` joins the connection file to something else")
    return word


def parse_script(text: str, arguments: Sequence[str], layers: Layers | None = None) -> Layers:
    """The layers of a wrapper script that is started with `arguments`. Raises Opaque."""
    found = layers or Layers()
    lines = text.replace("\\\n", " ").splitlines()
    for number, line in enumerate(lines, 1):
        for statement in _statements(line, number):
            if found.command:
                raise Opaque(f"line {number} runs after the kernel")
            _statement(statement, list(arguments), found, number)
    if not found.command:
        raise Opaque("it starts no kernel")
    return found


def _statements(line: str, number: int) -> list[str]:
    line = line.strip()
    if not line or line.startswith("#"):
        return []
    if re.search(r"\|\||[|<>`]|\bif\b|\bfor\b|\bwhile\b|\bcase\b|\bfunction\b|\(\)", line):
        # `module load x >/dev/null 2>&1` only silences.
        quiet = re.sub(r"\s*(&|\d)?>{1,2}\s*(/dev/null|&\d)", "", line)
        if quiet == line or re.search(r"[|<>`]", quiet):
            if not _NEEDLESS.fullmatch(line):
                raise Opaque(f"line {number}, `{line[:60]}`")
            return []
        line = quiet
    return [part.strip() for part in re.split(r";|&&", line) if part.strip()]


def _statement(text: str, arguments: list[str], found: Layers, number: int) -> None:
    if _NEEDLESS.fullmatch(text):
        return
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        raise Opaque(f"line {number}, `{text[:60]}`") from None
    first, rest = words[0], words[1:]
    if first in ("module", "ml"):
        _module(first, rest, found, text)
    elif first in ("source", ".") and len(rest) == 1 and rest[0].endswith("/bin/activate"):
        found.venv = _plain(rest[0].removesuffix("/bin/activate"), text)
    elif words[:2] == ["conda", "activate"] or words[:2] == ["source", "activate"]:
        found.conda = _plain(words[-1], text) if len(words) == 3 else "base"
    elif first == "export" or _ASSIGNMENT.fullmatch(first):
        _export(rest if first == "export" else words, found, text)
    else:
        command = words[1:] if first == "exec" else words
        parse_argv(_expanded(command, arguments, text), found)


_QUIET = ("-q", "--quiet", "-s", "--silent")


def _module(first: str, rest: list[str], found: Layers, text: str) -> None:
    while rest and (rest[0] in _QUIET or rest[:2] == ["--force", "purge"]):
        rest = rest[1:]
    verb = rest[0] if rest else ""
    names = rest[1:]
    if first == "ml" and verb not in ("load", "use", "purge", "reset", "add"):
        verb, names = "load", rest
    names = [_plain(name, text) for name in names]
    if any(name.startswith("-") for name in names):
        raise Opaque(f"`{text[:60]}`")
    if verb in ("load", "add") and names:
        found.load += names
    elif verb == "use" and names:
        found.use += names
    elif verb in ("purge", "reset") and not found.load:
        found.baseline = "purge" if verb == "purge" else "reset"
    else:
        raise Opaque(f"`{text[:60]}`")


def _export(words: list[str], found: Layers, text: str) -> None:
    for word in words:
        pair = _ASSIGNMENT.fullmatch(word)
        if pair is None:
            raise Opaque(f"`{text[:60]}`")
        name, value = pair[1], pair[2]
        if name == "PYTHONPATH":
            # What the layers set comes after the packages dir in launch.sh, too.
            found.packages = _plain(re.sub(r":\$\{?PYTHONPATH(:-)?\}?$", "", value), text)
            if ":" in found.packages:
                raise Opaque(f"`{text[:60]}` names several directories")
        else:
            _set(found, name, _plain(value, text))


def _set(found: Layers, name: str, value: str) -> None:
    if name in ("PATH", "LD_LIBRARY_PATH", "LD_PRELOAD"):
        raise Opaque(f"it sets `{name}`")
    found.env[name] = value


def _plain(value: str, text: str) -> str:
    home = re.sub(r"^(\$HOME|\$\{HOME\})(?=/|$)", "~", value)
    if "$" in home or "`" in home:
        raise Opaque(f"`{text[:60]}`")
    return home


def _expanded(words: list[str], arguments: list[str], text: str) -> list[str]:
    found: list[str] = []
    for word in words:
        if word in ("$@", "${@}", "$*"):
            found += arguments
        elif position := re.fullmatch(r"\$\{?(\d)\}?", word):
            number = int(position[1]) - 1
            if not 0 <= number < len(arguments):
                raise Opaque(f"`{text[:60]}`")
            found.append(arguments[number])
        else:
            found.append(word if word == CONNECTION_FILE else _plain(word, text))
    return found


def _envkernel(words: list[str], found: Layers) -> Layers:
    kind, rest = (words[0] if words else ""), words[2:]
    if words[1:2] != ["run"] or "--" not in rest:
        raise Opaque("envkernel's command is not of the known form")
    options, command = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
    places = [word for word in options if not word.startswith("-")]
    flags = [word for word in options if word.startswith("-")]
    if kind == "lmod" and set(flags) <= {"--purge"}:
        found.load += places
        found.baseline = "purge" if flags else None
    elif kind in ("conda", "virtualenv") and not flags and len(places) == 1:
        setattr(found, "conda" if kind == "conda" else "venv", places[0])
    elif kind == "singularity":
        cut = options.index("--connection-file") if "--connection-file" in options else -2
        kept = [word for index, word in enumerate(options) if index not in (cut, cut + 1)]
        kept = [word for word in kept if word != "--pwd"]
        # There the image comes first and the options of `exec` after it.
        return _container(["exec", *kept[1:], *kept[:1], *command], found)
    else:
        raise Opaque(f"envkernel's kind `{kind}` with {' '.join(flags) or 'these options'}")
    return parse_argv(command, found)


_WITH_VALUE = {"-B": "binds", "--bind": "binds", "--overlay": "overlay", "-o": "overlay"}
_SWITCHES = {
    **dict.fromkeys(("--nv", "--rocm", "-s", "--silent", "-q", "--quiet"), ""),
    **dict.fromkeys(("-e", "--cleanenv"), "clean_env"),
    **dict.fromkeys(("-c", "--contain"), "contain"),
}


def _container(words: list[str], found: Layers) -> Layers:
    """`apptainer exec OPTIONS IMAGE COMMAND…`, without the program's own name."""
    if words[:1] != ["exec"]:
        raise Opaque("a container's own start script (`run`) is not known")
    words = words[1:]
    while words and words[0].startswith("-"):
        option, equals, value = words.pop(0).partition("=")
        if option in _SWITCHES and not equals:
            if _SWITCHES[option]:
                setattr(found, _SWITCHES[option], True)
        elif option in _WITH_VALUE:
            if not equals and not words:
                raise Opaque(f"the option `{option}` of the container has no value")
            value = value if equals else words.pop(0)
            if _WITH_VALUE[option] == "binds":
                found.binds += value.split(",")
            else:
                found.overlay = value
        else:
            raise Opaque(f"the option `{option}` of the container")
    if len(words) < 2 or found.image:
        raise Opaque("the container's command is not of the known form")
    found.image = words[0]
    return parse_argv(words[1:], found)
