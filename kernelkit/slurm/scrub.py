"""Which environment a Slurm command and a job get: a short allowlist, whatever we run inside."""

from __future__ import annotations

from collections.abc import Mapping

from ..names import DANGEROUS_VARIABLES

# What a command needs to find its configuration, its user and its language. Everything else is
# left behind: inside an Open OnDemand session SLURM_EXPORT_ENV=NONE and SLURM_GET_USER_ENV=1
# poison nested jobs, and SLURM_CPU_BIND pins them to the cores of the outer job; its TMPDIR is
# often a directory that exists on its own node alone.
_KEPT = frozenset(
    {
        "HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "LC_ALL", "TZ", "SLURM_CONF",
        "KRB5CCNAME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
        "JUPYTER_PATH", "JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH", "JUPYTER_DATA_DIR",
    }
)  # fmt: skip


def command_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a Slurm command: the allowlist, and words we can parse.

    LC_ALL=C keeps messages in English; SLURM_TIME_FORMAT=%s makes times seconds since 1970.
    """
    found = {name: value for name, value in environment.items() if name in _KEPT}
    found.setdefault("PATH", "/usr/local/bin:/usr/bin:/bin")
    return {**found, "LC_ALL": "C", "SLURM_TIME_FORMAT": "%s"}


def job_environment(environment: Mapping[str, str], passed: Mapping[str, str]) -> dict[str, str]:
    """What sbatch is run with, and so the job's environment: the allowlist and `passed`.

    `passed` are the recipe's env_passthrough variables; a name that steers Slurm or the loader
    never gets through.
    """
    found = {name: value for name, value in environment.items() if name in _KEPT}
    found.setdefault("PATH", "/usr/local/bin:/usr/bin:/bin")
    found |= {name: value for name, value in passed.items() if not is_poison(name)}
    return found


_POISON = (
    "SLURM_", "SLURMD_", "SBATCH_", "SRUN_", "SALLOC_", "SQUEUE_", "SINFO_", "SACCT_", "SCANCEL_",
    "PMI", "PMIX", "OMPI_", "MPI_LOCAL", "MV2_", "I_MPI_", "PRTE_", "HYDRA_", "BASH_FUNC_",
)  # fmt: skip

# The GPUs of the outer job, by number; the new one is told its own.
_DEVICES = frozenset(
    {"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL"}
)


def is_poison(name: str) -> bool:
    """Whether a variable of this name belongs to the outer job or would change what runs."""
    if name == "SLURM_CONF":
        return False
    return name.startswith(_POISON) or name in _DEVICES | DANGEROUS_VARIABLES
