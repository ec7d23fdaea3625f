"""Where tests find the real parts that tests/parts/install puts on a machine."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

# Begins the reason of every skip for a missing part: conftest fails a session that must not skip.
MISSING = "real part missing:"

# A login's PATH on a cluster: neither the tests' own environment nor Apptainer is on it.
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Parts:
    """Paths below the installation's prefix; `need` says whether a part is there."""

    root: Path

    @property
    def lmod_init(self) -> Path:
        """Debian 12's Lmod 8.6, which has no depends_on_any."""
        return Path("/usr/share/lmod/lmod/init/bash")

    @property
    def lmod_new_init(self) -> Path:
        """Debian 13's Lmod 8.7."""
        return self.root / "lmod-new/usr/share/lmod/lmod/init/bash"

    @property
    def environment_modules_init(self) -> Path:
        return self.root / "environment-modules/usr/share/modules/init/bash"

    @property
    def lmod_tree(self) -> Path:
        return self.root / "modulefiles/lmod"

    @property
    def lmod_new_tree(self) -> Path:
        """Modules that only the newer Lmod understands; they need `lmod_tree` too."""
        return self.root / "modulefiles/lmod-new"

    @property
    def tcl_tree(self) -> Path:
        return self.root / "modulefiles/tcl"

    @property
    def apptainer_bin(self) -> Path:
        """The directory to put on PATH; the module apptainer/1.4.5 does just that."""
        return self.root / "apptainer/bin"

    @property
    def singularity_bin(self) -> Path:
        """A directory in which the same program has only its older name."""
        return self.root / "singularity-only/bin"

    def image(self, name: str) -> Path:
        """`demo.sif`, the folder `demo`, `noipykernel.sif`, `ipykernel6.sif` or `torch.sif`."""
        return self.root / "images" / name

    @property
    def software(self) -> Path:
        return self.root / "software"

    @property
    def python(self) -> Path:
        return self.software / "python-3.11/bin/python"

    @property
    def python_bare(self) -> Path:
        """An interpreter without ipykernel and pip."""
        return self.software / "python-bare/bin/python"

    @property
    def bash_kernel_python(self) -> Path:
        return self.software / "bash_kernel/bin/python"

    @property
    def r(self) -> Path:
        return self.software / "r/bin/R"

    @property
    def r_kernel(self) -> list[str]:
        """IRkernel's argv; a connection file is to follow."""
        return [str(self.r), "--slave", "-e", "IRkernel::main()", "--args"]

    @property
    def conda_root(self) -> Path:
        return self.root / "conda"

    @property
    def conda_env(self) -> Path:
        """An environment with ipykernel, activation scripts and variables of its own."""
        return self.conda_root / "envs/science"

    @property
    def conda_env_without_ipykernel(self) -> Path:
        return self.conda_root / "envs/nokernel"

    @property
    def node_bin(self) -> Path:
        """`node` and `jlpm`."""
        return self.root / "node/bin"

    @property
    def node_modules(self) -> Path:
        """What labextension/yarn.lock names."""
        return self.root / "node/labextension/node_modules"

    def version(self, part: str) -> str:
        """What the installation reported of a part that is there."""
        return (self.root / "stamps" / part).read_text().splitlines()[1].split()[1]

    def why_missing(self, part: str) -> str | None:
        """A sentence when the part cannot be used here, else None."""
        if part.startswith(("apptainer", "image-")) and os.getuid() == 0:
            return f"`{part}` works for an ordinary user only; `make test` runs tests as one"
        if (self.root / "stamps" / part).is_file():
            return None
        left_out = self.root / "stamps" / f"{part}.left-out"
        why = left_out.read_text().strip() if left_out.is_file() else "it is not installed"
        return f"`{part}`: {why}; run tests/parts/install {part}"

    def need(self, *names: str) -> None:
        """Skip the calling test, or fail it where no part may be missing."""
        for name in names:
            why = self.why_missing(name)
            if why is not None:
                (pytest.fail if parts_are_required() else pytest.skip)(f"{MISSING} {why}")


def parts_are_required() -> bool:
    return os.environ.get("KERNELKIT_REQUIRE_PARTS") == "1"


def find_parts() -> Parts:
    return Parts(Path(os.environ.get("KERNELKIT_PARTS", "/opt/kernelkit-parts")))


def module_shell(
    init: Path, tree: Path | str, script: str, *, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run bash with `module` defined and `tree` as MODULEPATH, in an empty environment."""
    setup = f"source '{init}'\nexport MODULEPATH='{tree}'\n"
    base = {
        "PATH": SYSTEM_PATH,
        "HOME": os.environ["HOME"],
        "LMOD_PAGER": "none",
        "LMOD_COLORIZE": "no",
    }
    return subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-c", setup + script],
        env=base | (env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
