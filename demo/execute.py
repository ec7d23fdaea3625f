"""execute.py NOTEBOOK KERNEL RESULT: run a notebook in a kernel with nbclient, print what it says."""

from __future__ import annotations

import sys

import nbformat
from nbclient import NotebookClient
from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text


def main(source: str, kernel: str, result: str) -> None:
    notebook = nbformat.read(source, as_version=4)
    NotebookClient(notebook, kernel_name=kernel, timeout=300).execute()
    # JupyterLab opens the result with the kernel that ran it.
    notebook.metadata.kernelspec = {"name": kernel, "display_name": kernel, "language": "python"}
    nbformat.write(notebook, result)
    show(notebook)


def show(notebook: nbformat.NotebookNode) -> None:
    console = Console(width=min(Console().width, 110))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            console.print(Text(cell.source.replace("#", "").strip(), style="bold"), "")
            continue
        console.print(Syntax(cell.source, "python", background_color="default", word_wrap=True))
        for output in cell.outputs:
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            console.print(Text(text.rstrip(), style="green"), "", soft_wrap=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
