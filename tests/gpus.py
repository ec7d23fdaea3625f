"""A stand-in for nvidia-smi on nodes whose GPUs lead nowhere: four GPUs, each of them busier or fuller."""

from __future__ import annotations

from pathlib import Path

NAME = "NVIDIA A100-SXM4-80GB"
PROGRAM = f"""#!/bin/bash
[ "$1" = --format=csv,noheader,nounits ] || exit 2
echo "$SLURMD_NODENAME $SLURM_JOB_ID" >>"$(dirname "$0")/asked"
for number in 0 1 2 3; do
  echo "$number, GPU-$number$number, Disabled, $((90 - 13 * number)), $((1536 + 20480 * number)), 81920, {NAME}"
done
"""


def put_nvidia_smi(directory: Path) -> Path:
    """Make it in a new directory, which is to be put on PATH; its file `asked` tells who asked."""
    directory.mkdir()
    program = directory / "nvidia-smi"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return directory
