"""Whatever kernelkit runs inside of, Slurm's commands and jobs see little of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernelkit.slurm.scrub import command_environment, is_poison, job_environment

# A Jupyter server that Open OnDemand started: a batch step on a compute node.
ON_DEMAND = {
    "HOME": "/home/ada", "USER": "ada", "PATH": "/opt/ood/bin:/usr/bin", "LANG": "de_DE.UTF-8",
    "SLURM_CONF": "/etc/slurm/slurm.conf", "SLURM_EXPORT_ENV": "NONE", "SLURM_GET_USER_ENV": "1",
    "SLURM_CPU_BIND": "quiet,mask_cpu:0x1", "SLURM_JOB_ID": "17", "SLURM_NTASKS": "1",
    "SLURM_MEM_PER_NODE": "4096", "SLURM_JOB_GPUS": "0", "SBATCH_EXPORT": "NONE",
    "SBATCH_PARTITION": "interactive", "SQUEUE_FORMAT": "%i", "SINFO_FORMAT": "%P",
    "SACCT_FORMAT": "jobid", "SCANCEL_INTERACTIVE": "1", "SRUN_DEBUG": "3", "SLURMD_NODENAME": "n1",
    "CUDA_VISIBLE_DEVICES": "0", "ROCR_VISIBLE_DEVICES": "0", "PMI_RANK": "0", "PMIX_RANK": "0",
    "OMPI_COMM_WORLD_RANK": "0", "BASH_FUNC_module%%": "() { :; }", "BASH_ENV": "/etc/x",
    "LD_PRELOAD": "/x.so", "TMPDIR": "/tmp/job17", "XDG_RUNTIME_DIR": "/run/user/1",
    "SLURM_TIME_FORMAT": "standard",
}  # fmt: skip


def test_commands_see_who_we_are_and_a_language_we_parse() -> None:
    assert command_environment(ON_DEMAND) == {
        "HOME": "/home/ada",
        "USER": "ada",
        "PATH": "/opt/ood/bin:/usr/bin",
        "LANG": "de_DE.UTF-8",
        "SLURM_CONF": "/etc/slurm/slurm.conf",
        "LC_ALL": "C",
        "SLURM_TIME_FORMAT": "%s",
    }


def test_jobs_see_nothing_of_the_job_we_are_in() -> None:
    assert job_environment(ON_DEMAND, {}) == {
        "HOME": "/home/ada",
        "USER": "ada",
        "PATH": "/opt/ood/bin:/usr/bin",
        "LANG": "de_DE.UTF-8",
        "SLURM_CONF": "/etc/slurm/slurm.conf",
    }


def test_what_a_recipe_passes_on_cannot_steer() -> None:
    passed = job_environment({}, {**ON_DEMAND, "HF_HOME": "/scratch/hf", "HOME": "/home/eve"})
    assert passed["HF_HOME"] == "/scratch/hf"
    assert "LD_PRELOAD" not in passed
    assert "CUDA_VISIBLE_DEVICES" not in passed
    assert passed["PATH"] == "/usr/local/bin:/usr/bin:/bin"
    assert not [n for n in passed if n.startswith(("SLURM", "SBATCH")) and n != "SLURM_CONF"]


def test_a_bare_environment_still_finds_sbatch() -> None:
    assert command_environment({})["PATH"] == "/usr/local/bin:/usr/bin:/bin"
    assert job_environment({}, {})["PATH"] == "/usr/local/bin:/usr/bin:/bin"


@given(st.sampled_from(["SLURM_", "SBATCH_", "SRUN_", "PMI", "OMPI_", "BASH_FUNC_"]), st.text())
def test_every_name_of_these_families_is_left_behind(family: str, rest: str) -> None:
    name = family + rest
    if name != "SLURM_CONF":
        assert is_poison(name)
        assert name not in job_environment({name: "x"}, {name: "x"})
        assert name in {"SLURM_TIME_FORMAT"} or name not in command_environment({name: "x"})
