"""A draft launch.sh to probe with: what a probe sees is what the kernel will see."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from ..environment.layers import record_layer
from ..errors import ContainerError, EnvironmentBroken, ModuleError
from ..files import remove_tree, write_file
from ..model import LayerRecord, Plan
from ..proc import Completed, run
from .script import MISSING, MODULE, render_script, sections

# How launch.sh words the refusals that are about an image; the others are about an environment.
_ABOUT_AN_IMAGE = ("the image `", "the image needs `")


class Draft:
    """Runs commands through the layers of `plan`; a LayerRunner.

    `visible` are directories that a container must show as well. Its script lives in a private
    temporary directory for as long as the `with` block runs.
    """

    def __init__(self, plan: Plan, *, timeout: float, visible: Sequence[str] = ()) -> None:
        self.plan = plan
        self._timeout = timeout
        self._environment = dict(os.environ)
        for name in ("APPTAINER_BIND", "SINGULARITY_BIND"):
            binds = [*filter(None, [os.environ.get(name)]), *visible]
            self._environment |= {name: ",".join(binds)} if binds else {}

    def __enter__(self) -> Draft:
        self._directory = Path(tempfile.mkdtemp(prefix="kernelkit-"))
        write_file(self._directory / "launch.sh", render_script(self.plan), 0o700)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        remove_tree(self._directory)

    def __call__(
        self, argv: Sequence[str], *, input: str = "", timeout: float | None = None
    ) -> Completed:
        """Run `argv`. Raises what `raise_for_layers` raises."""
        done = self._run("launch.sh", argv, input=input, timeout=timeout)
        raise_for_layers(done)
        return done

    def trace(self) -> tuple[LayerRecord, ...]:
        """What each section of the script changed in the environment of a shell on the host."""
        script = self._directory / "trace.sh"
        if not script.exists():
            write_file(script, render_script(self.plan, trace=True), 0o700)
        done = self._run("trace.sh", ["true"], want_fd3=True)
        raise_for_layers(done)
        states = parse_trace(done.fd3)
        sources = {section.title: section.source for section in sections(self.plan)}
        return tuple(
            record_layer(title, sources[title], before, after)
            for (_, before), (title, after) in zip(states, states[1:], strict=False)
        )

    def _run(
        self,
        script: str,
        argv: Sequence[str],
        *,
        input: str = "",
        timeout: float | None = None,
        want_fd3: bool = False,
    ) -> Completed:
        return run(
            ["/bin/bash", "-p", str(self._directory / script), "--run", *argv],
            input=input,
            env=self._environment,
            timeout=timeout or self._timeout,
            cwd=self._directory,
            want_fd3=want_fd3,
        )


def raise_for_layers(done: Completed) -> None:
    """Raise ModuleError, ContainerError or EnvironmentBroken where launch.sh itself refused.

    Its exit code alone does not tell: the command may end with the same one.
    """
    said = [line for line in done.stderr.splitlines() if line.startswith("kernelkit: ")]
    if not said or done.returncode not in (MODULE, MISSING):
        return
    sentence = said[-1].removeprefix("kernelkit: ")
    above = "\n".join(line for line in done.stderr.splitlines() if line != said[-1]).strip()
    about_an_image = sentence.startswith(_ABOUT_AN_IMAGE)
    sentence = sentence[:1].upper() + sentence[1:]
    if done.returncode == MODULE:
        raise ModuleError(sentence, hint="Its own text says why.", detail=above)
    if about_an_image:
        raise ContainerError(sentence, hint="Check the path and your rights.", detail=above)
    raise EnvironmentBroken(sentence, hint="Check the path and your rights.", detail=above)


def parse_trace(data: bytes) -> list[tuple[str, dict[str, str]]]:
    """The environments that a traced script wrote: TITLE NUL (NAME=VALUE NUL)* NUL, repeated."""
    found: list[tuple[str, dict[str, str]]] = []
    for block in data.split(b"\0\0"):
        title, *pairs = block.split(b"\0")
        if not title:
            continue
        environment = dict(os.fsdecode(pair).partition("=")[::2] for pair in pairs if b"=" in pair)
        found.append((os.fsdecode(title), environment))
    return found
