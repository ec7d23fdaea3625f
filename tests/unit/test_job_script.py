"""The job script: settings quoted for bash, then supervisor.sh as it is shipped."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from kernelkit.errors import InvalidName
from kernelkit.slurm.job_script import JobSettings, render_job_script


def head(settings: JobSettings) -> str:
    """What stands before supervisor.sh."""
    return render_job_script(settings).partition("# Runs kernels inside one Slurm job")[0]


def test_the_head_is_settings_and_nothing_else(golden: Callable[[str, str], None]) -> None:
    settings = JobSettings(
        run_root="/home/a user/it's $HOME `id`/runs",
        job_name="kernelkit-0123456789ab",
        grace=20,
        interface="ib0",
        network="10.1.2.3/16",
    )
    golden("job_script_head.txt", head(settings))


def test_bash_reads_the_settings_as_they_are() -> None:
    root = "/a b/'$(touch x)`id`\"\\"
    script = head(JobSettings(run_root=root, job_name="kernelkit-0123456789ab"))
    shown = subprocess.run(
        ["/bin/bash", "-p", "-c", script + 'printf "%s|%s|%s" "$root" "$network" "$grace"'],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout == f"{root}||10"


def test_slurm_takes_it_for_a_script_and_bash_for_a_correct_one() -> None:
    script = render_job_script(JobSettings(run_root="/runs", job_name="kernelkit-0123456789ab"))
    assert script.startswith("#!/bin/bash -p\n")
    assert script.count("#!") == 1
    assert not any(line.startswith("#SBATCH") for line in script.splitlines())
    subprocess.run(["/bin/bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("network", ["10.0.0.0/99", "ib0", "fe80::/10", "10.0.0.0/8\nid", "$(id)"])
def test_what_is_no_network(network: str) -> None:
    with pytest.raises(InvalidName, match="is not an IPv4 network"):
        render_job_script(JobSettings(run_root="/runs", job_name="x", network=network))


@pytest.mark.parametrize("root", ["", "/a\nb", "/a\0b"])
def test_what_is_no_run_directory(root: str) -> None:
    with pytest.raises(InvalidName):
        render_job_script(JobSettings(run_root=root, job_name="x"))


def test_supervisor_is_a_file_of_the_package() -> None:
    found = resources.files("kernelkit.slurm").joinpath("supervisor.sh")
    assert found.is_file()
    assert found.read_text("utf-8").splitlines()[0] == "#!/bin/bash -p"
    # From a zip import there would be no path; the job script needs none.
    assert not zipfile.is_zipfile(Path(str(found)))
