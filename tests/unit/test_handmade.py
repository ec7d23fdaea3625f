"""What hand-made kernelspecs do, read from their command and their wrapper script."""

from __future__ import annotations

from typing import Any

import pytest

from kernelkit.specs.handmade import Layers, Opaque, parse_argv, parse_script, script_of

FILE = "{connection_file}"
IPYKERNEL = ["-m", "ipykernel_launcher", "-f", FILE]
PYTHON = ["python", *IPYKERNEL]


def said(layers: Layers) -> dict[str, Any]:
    """What differs from a command with no layers, without the command."""
    plain = Layers()
    return {
        key: value
        for key, value in vars(layers).items()
        if key != "command" and value != getattr(plain, key)
    }


@pytest.mark.parametrize(
    ("argv", "layers", "python"),
    [
        (PYTHON, {}, "python"),
        (["/opt/py/bin/python3.11", *IPYKERNEL], {}, "/opt/py/bin/python3.11"),
        (["/usr/bin/env", "A=1", "B=x y", *PYTHON], {"env": {"A": "1", "B": "x y"}}, "python"),
        (
            ["singularity", "exec", "--nv", "-B", "/a,/b:/c:ro", "/i.sif", "python3", *IPYKERNEL],
            {"image": "/i.sif", "binds": ["/a", "/b:/c:ro"]},
            "python3",
        ),
        (
            ["/usr/bin/apptainer", "exec", "--cleanenv", "--bind=/d", "/i.sif", *PYTHON],
            {"image": "/i.sif", "binds": ["/d"], "clean_env": True},
            "python",
        ),
        (
            ["/opt/bin/envkernel", "lmod", "run", "--purge", "gcc/12", "py/3", "--", *PYTHON],
            {"load": ["gcc/12", "py/3"], "baseline": "purge"},
            "python",
        ),
        (["envkernel", "conda", "run", "/envs/x", "--", *PYTHON], {"conda": "/envs/x"}, "python"),
        (["envkernel", "virtualenv", "run", "/v", "--", *PYTHON], {"venv": "/v"}, "python"),
        (
            ["envkernel", "singularity", "run", "--connection-file", FILE, "/i.sif", "--nv", "--",
             *PYTHON],
            {"image": "/i.sif"},
            "python",
        ),
        (
            ["bash", "-lc", "module load py/3 && exec python -m ipykernel_launcher -f $1", "_", FILE],
            {"load": ["py/3"]},
            "python",
        ),
        (["R", "--slave", "-e", "IRkernel::main()", "--args", FILE], {}, None),
        (["python", "-m", "bash_kernel", "-f", FILE], {}, None),
        ([*PYTHON, "--debug"], {}, None),
    ],
)  # fmt: skip
def test_commands(argv: list[str], layers: dict[str, Any], python: str | None) -> None:
    found = parse_argv(argv)
    assert said(found) == layers
    assert found.python == python
    assert FILE in found.command


WRAPPER = """\
#!/usr/bin/env bash
# Starts a kernel.
set -euo pipefail
source /etc/profile
source /usr/share/lmod/lmod/init/bash
module purge >/dev/null 2>&1
module use "$HOME/modules"
module load gcc/12.2 \\
    python/3.11
unset PYTHONPATH
export PYTHONPATH=$HOME/extra:$PYTHONPATH
export OMP_NUM_THREADS=4; export A='b c'
. /envs/mine/bin/activate
exec python $@
"""


def test_a_wrapper_script() -> None:
    found = parse_script(WRAPPER, IPYKERNEL)
    assert found.python == "python"
    assert said(found) == {
        "load": ["gcc/12.2", "python/3.11"],
        "use": ["~/modules"],
        "baseline": "purge",
        "venv": "/envs/mine",
        "packages": "~/extra",
        "env": {"OMP_NUM_THREADS": "4", "A": "b c"},
    }


@pytest.mark.parametrize(
    "script",
    [
        "module load py/3\nexec python -m ipykernel_launcher -f $1",
        'ml py/3\npython -m ipykernel_launcher -f "${1}"\n',
        "module --force purge\nmodule -q load py/3\nexec python -m ipykernel_launcher -f $1",
        'ml load py/3; exec python -m ipykernel_launcher -f "$1"',
    ],
)
def test_a_script_that_is_given_the_file(script: str) -> None:
    found = parse_script(script, [FILE])
    assert (found.load, found.python) == (["py/3"], "python")


@pytest.mark.parametrize(
    "script",
    [
        "if [ -d /x ]; then module load a; fi\nexec python $@",
        "export LD_LIBRARY_PATH=/x\nexec python $@",
        "export A=$(date)\nexec python $@",
        "export A=$USER\nexec python $@",
        "module load a | tee /tmp/x\nexec python $@",
        "python $@\necho done",
        "module swap a b\nexec python $@",
        "module load a\nmodule purge\nexec python $@",
        "export PYTHONPATH=/a:/b\nexec python $@",
        "exec python $3",
        "echo 'open\nexec python $@",
        "cd /somewhere\nexec python $@",
        "rm -rf /tmp/x\nexec python $@",
        "module load a",
        "",
    ],
)
def test_what_no_layer_can_say(script: str) -> None:
    with pytest.raises(Opaque):
        parse_script(script, IPYKERNEL)


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["env"],
        ["python", "-m", "ipykernel_launcher"],
        ["python", "-m", "ipykernel_launcher", "-f={connection_file}"],
        ["apptainer", "run", "/i.sif", *PYTHON],
        ["apptainer", "exec", "--userns", "/i.sif", *PYTHON],
        ["apptainer", "exec", "--bind"],
        ["apptainer", "exec", "/a.sif", "apptainer", "exec", "/b.sif", *PYTHON],
        ["envkernel", "docker", "run", "image", "--", *PYTHON],
        ["envkernel", "lmod", "run", "--other", "a", "--", *PYTHON],
        ["envkernel", "lmod"],
        ["/usr/bin/env", "LD_PRELOAD=/x.so", *PYTHON],
    ],
)
def test_commands_that_stay_as_they_are(argv: list[str]) -> None:
    with pytest.raises(Opaque):
        parse_argv(argv)


def test_the_script_of_a_command() -> None:
    assert script_of(["/w.sh", "-f", FILE]) == "/w.sh"
    assert script_of(["bash", "-l", "/w.sh", FILE]) == "/w.sh"
    assert script_of(["bash", "-c", "x"]) is None
    assert script_of(["python"]) is None
