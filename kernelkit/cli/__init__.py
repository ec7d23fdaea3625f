"""The command line: one file a verb, results apart from printing."""

from __future__ import annotations


def main() -> None:
    """The `kernelkit` and `jupyter-kernelkit` scripts."""
    from .main import run

    raise SystemExit(run())
