"""Text into bash and into comments: the only place that quotes."""

from __future__ import annotations

import re
import textwrap

from ..names import printable

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")


def quote(text: str) -> str:
    """`text` as one bash word that expands to exactly `text`.

    No word can hold NUL; `names.env_value` and `names.path_text` refuse it before.
    """
    if _PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def quote_with_variables(text: str) -> str:
    """Like `quote`, but a leading `~` and `$NAME` / `${NAME}` are expanded when the script runs.

    For paths in site settings (`/scratch/$USER`), which differ from user to user and node to node.
    """
    pieces = []
    if text == "~" or text.startswith("~/"):
        pieces.append('"$HOME"')
        text = text[1:]
    last = 0
    for found in _VARIABLE.finditer(text):
        if found.start() > last:
            pieces.append(quote(text[last : found.start()]))
        pieces.append(f'"${{{found[1] or found[2]}-}}"')
        last = found.end()
    if last < len(text):
        pieces.append(quote(text[last:]))
    return "".join(pieces) or "''"


def comment(text: str, *, width: int = 92, bullet: str = "") -> list[str]:
    """`text` as comment lines, each line of it wrapped; no character of it can end the comment.

    `bullet` begins the first line, and the others are indented as far.
    """
    lines: list[str] = []
    for line in text.strip().splitlines():
        wrapped = textwrap.wrap(
            printable(line), width, initial_indent=bullet, subsequent_indent=" " * len(bullet)
        )
        lines += [f"# {piece}" for piece in wrapped] or ["#"]
    return lines
