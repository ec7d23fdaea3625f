"""execute.py NOTEBOOK KERNEL RESULT LOG: run a notebook in a kernel, print what it says."""

from __future__ import annotations

import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from rich.console import Console
from rich.text import Text


def main(source: str, kernel: str, result: str, log: str) -> None:
    notebook = nbformat.read(source, as_version=4)
    # What the layers and the kernel say on stderr is worth a look only when it fails.
    with open(log, "w") as stderr:
        try:
            NotebookClient(notebook, kernel_name=kernel, timeout=300).execute(stderr=stderr)
        except (CellExecutionError, DeadKernelError, RuntimeError) as error:
            sys.exit(f"{error}\nThe kernel's own words are in {log}.")
    # JupyterLab opens the result with the kernel that ran it.
    notebook.metadata.kernelspec = {"name": kernel, "display_name": kernel, "language": "python"}
    nbformat.write(notebook, result)
    show(notebook)


def show(notebook: nbformat.NotebookNode) -> None:
    console = Console(highlight=False)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            continue
        for line in cell.source.splitlines():
            console.print(Text(f"  {line}", style="dim"), soft_wrap=True)
        for output in cell.outputs:
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            for line in text.rstrip().splitlines():
                console.print(Text(f"  {line}", style="green"), soft_wrap=True)
        console.print()


if __name__ == "__main__":
    main(*sys.argv[1:])
