"""What an interpreter is, asked through every layer of a kernel in one run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import CommandFailed, EnvironmentBroken
from ..files import mark_file
from ..model import FileMark, PythonFacts
from ..proc import Completed, tail
from .layers import LayerRunner
from .programs import PROBE, fenced, with_arguments

OLDEST = (3, 6)
_HINT = "Run the layers by hand and see what `python3 --version` says there."


def probe_python(
    runner: LayerRunner,
    words: Sequence[str],
    *,
    functions: Sequence[str] = (),
    timeout: float = 120.0,
) -> PythonFacts:
    """The first of `words` that is a Python of at least 3.6 behind the layers of `runner`.

    Each word is started as `WORD -` with the probe on its standard input, so nothing need be
    quoted on the way. `functions` are the shell functions that modules defined. Called by the
    installer and by `kernelkit show`.

    Raises EnvironmentBroken with what was tried, and the tail of what the last one printed.
    """
    tried: list[str] = []
    for word in words:
        try:
            done = runner([word, "-"], input=with_arguments(PROBE), timeout=timeout)
        except CommandFailed as error:
            tried.append(f"`{word}`: {error.message} {error.detail}".strip())
            continue
        facts = parse_facts(done.stdout)
        if facts is None:
            tried.append(f"`{word}` ended with code {done.returncode}: {done.tail or 'no word'}")
        elif _version(facts) < OLDEST:
            tried.append(f"`{word}` is Python {facts.get('version', '')}, at least 3.6 is needed")
        else:
            return _build(word, facts, functions)
    raise EnvironmentBroken(
        f"No usable Python was found: tried {', '.join(f'`{word}`' for word in words)}.",
        hint=_HINT,
        detail=tail("\n".join(tried)),
    )


def parse_facts(stdout: str) -> dict[str, Any] | None:
    """The probe's answer in what an interpreter printed, noise before and after it ignored."""
    answer = fenced(stdout)
    return answer if isinstance(answer, dict) and "executable" in answer else None


def _version(facts: dict[str, Any]) -> tuple[int, int]:
    found = re.match(r"(\d{1,4})\.(\d{1,4})", str(facts.get("version", "")))
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def _build(word: str, facts: dict[str, Any], functions: Sequence[str]) -> PythonFacts:
    texts = {
        name: _text(name, facts.get(name))
        for name in (
            "executable", "prefix", "version", "implementation", "cache_tag", "platform",
            "machine", "libc", "container", "pythonpath",
        )
    }  # fmt: skip
    if not texts["executable"]:
        raise EnvironmentBroken(
            f"`{word}` does not know its own path (sys.executable is empty).", hint=_HINT
        )
    known = _distributions(facts.get("distributions"))
    return PythonFacts(
        command=word,
        found_as="function" if word in functions else "file",
        ipykernel=known.get("ipykernel", ""),
        pip=known.get("pip", ""),
        debugger=bool(facts.get("debugger")),
        curve=bool(facts.get("curve")),
        mark=None if texts["container"] else _mark(texts["executable"]),
        distributions=known,
        **texts,
    )


def _distributions(value: object) -> dict[str, str]:
    found = value.items() if isinstance(value, dict) else ()
    pairs = ((str(name), str(version)) for name, version in found)
    return dict(sorted(pair for pair in pairs if "".join(pair).isascii()))


def _text(name: str, value: object) -> str:
    text = value if isinstance(value, str) else ""
    if text.encode("utf-8", "replace") != text.encode("utf-8", "surrogatepass"):
        raise EnvironmentBroken(
            f"The interpreter's {name} is not UTF-8: `{ascii(text)}`.",
            hint="Use an interpreter whose path is plain text.",
        )
    return text


def _mark(executable: str) -> FileMark | None:
    try:
        return mark_file(Path(executable).resolve(), hashed=False)
    except OSError:
        return None


def ask(
    runner: LayerRunner, word: str, program: str, *arguments: object, timeout: float = 120.0
) -> tuple[Any, Completed]:
    """Run one of our programs by `word` through the layers; its fenced answer, or None."""
    done = runner([word, "-"], input=with_arguments(program, *arguments), timeout=timeout)
    return fenced(done.stdout), done


def describe(python: PythonFacts) -> str:
    """`Python 3.9.2 (glibc 2.31, x86_64) of image.sif`, for messages."""
    where = f" of `{python.container}`" if python.container else f" at `{python.executable}`"
    built = ", ".join(part for part in (python.libc, python.machine) if part)
    name = "Python" if python.implementation in ("cpython", "") else python.implementation
    return f"{name} {python.version} ({built}){where}"
