"""What launch.sh relies on in `apptainer exec`, held to the real one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from real import Parts

from kernelkit.proc import run

NASTY = "a,b\n$HOME `id` \"x\" \\ 'q'=c $(id) é"
SHOW = "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv[1:]]))"


@pytest.fixture
def inside(need: Callable[..., None], parts: Parts, home: Path) -> list[str]:
    need("apptainer", "image-demo")
    return [str(parts.apptainer_bin / "apptainer"), "exec", str(parts.image("demo.sif"))]


def show(inside: list[str], *options: str, **variables: str) -> dict[str, str]:
    argv = [*inside[:2], *options, inside[2], "python3", "-c", SHOW, "a\nb", "", "$HOME"]
    done = run(argv, timeout=60, env={**os.environ, **variables})
    environment, arguments = json.loads(done.stdout)
    assert arguments == ["a\nb", "", "$HOME"], "arguments pass as they are"
    assert isinstance(environment, dict)
    return environment


def test_values_pass_exactly_with_no_eval(inside: list[str]) -> None:
    found = show(inside, APPTAINER_NO_EVAL="1", APPTAINERENV_VALUE=NASTY, PLAIN=NASTY)
    assert (found["VALUE"], found["PLAIN"]) == (NASTY, NASTY)


def test_values_are_run_by_a_shell_without_it(inside: list[str]) -> None:
    assert "uid=" in show(inside, APPTAINERENV_VALUE=NASTY)["VALUE"]


def test_the_env_option_cannot_carry_every_value(inside: list[str]) -> None:
    # It splits at commas, so launch.sh uses APPTAINERENV_ variables.
    done = run([*inside[:2], "--env", f"VALUE={NASTY}", inside[2], "true"], timeout=60)
    assert done.returncode != 0


def test_a_clean_environment_keeps_what_is_passed_by_name(inside: list[str]) -> None:
    found = show(inside, "--cleanenv", APPTAINERENV_KEPT="1", LOST="1", PYTHONPATH="/host")
    assert found["KEPT"] == "1"
    assert "LOST" not in found
    assert "PYTHONPATH" not in found


def test_a_bind_from_outside_reaches_a_wrapped_container(inside: list[str], tmp_path: Path) -> None:
    there = tmp_path / "a b"
    there.mkdir()
    argv = [*inside[:2], "--contain", inside[2], "ls", "-d", str(there)]
    done = run(argv, timeout=60, env={**os.environ, "APPTAINER_BIND": str(there)})
    assert done.returncode == 0


def test_a_bind_that_does_not_exist_ends_the_launch(inside: list[str], tmp_path: Path) -> None:
    done = run([*inside[:2], "--bind", f"{tmp_path}/gone", inside[2], "true"], timeout=60)
    assert done.returncode == 255
    assert "doesn't exist" in done.stderr


def test_an_interrupt_of_the_whole_group_keeps_the_image_mounted(inside: list[str]) -> None:
    # Older versions lost their FUSE mount here: the next import failed. The signal arrives once
    # or twice, from the group and forwarded by Apptainer, so kernels in containers are interrupted
    # by message where they can be.
    code = (
        "import signal\n"
        "found = []\n"
        "signal.signal(signal.SIGINT, lambda *_: found.append(1))\n"
        "print('ready', flush=True)\n"
        "while not found: signal.sigtimedwait([], 0.01)\n"
        "import wave, mailbox\n"
        "print('alive', flush=True)\n"
    )
    process = subprocess.Popen(
        [*inside, "python3", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "alive\n"
        assert process.wait(30) == 0
    finally:
        process.stdout.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
