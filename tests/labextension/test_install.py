"""Every way to install it gives JupyterLab the sidebar and the server its routes, with no Node anywhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from front_end import SOURCES

ROOT = SOURCES.parent
# What the `jupyter` commands of those names run.
LAB_EXTENSIONS = "from jupyterlab.labextensions import main; main()"
SERVER_EXTENSIONS = "from jupyter_server.extension.serverextension import main; main()"


@dataclass(frozen=True)
class Venv:
    """A virtual environment that finds only itself on PATH."""

    root: Path

    def run(self, *argv: str) -> str:
        home = self.root / "home"
        home.mkdir(exist_ok=True)
        done = subprocess.run(
            [self.root / "bin/python", *argv],
            cwd=home,
            env={"PATH": str(self.root / "bin"), "HOME": str(home), "TERM": "dumb"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def check(self) -> None:
        """Both extensions are there, enabled and sound, and so are the translations."""
        assert shutil.which("node", path=str(self.root / "bin")) is None
        labextensions = self.run("-c", LAB_EXTENSIONS, "list")
        (ours,) = (line for line in labextensions.splitlines() if "kernelkit v" in line)
        assert "enabled" in ours and "OK" in ours
        assert str(self.root / "share/jupyter/labextensions") in labextensions
        server = self.run("-c", SERVER_EXTENSIONS, "list")
        assert str(self.root / "etc/jupyter") in server
        (ours, verdict) = (line for line in server.splitlines() if "kernelkit.server " in line)
        assert "enabled" in ours and "OK" in verdict
        program = (
            "import json, kernelkit; from jupyterlab_server.translation_utils import *; "
            "print(json.dumps([kernelkit.__file__, sorted(get_installed_packages_locale('de_DE')[0])]))"
        )
        file, packages = json.loads(self.run("-c", program).splitlines()[-1])
        assert Path(file).is_relative_to(self.root)
        assert "kernelkit" in packages


@pytest.fixture
def venv(tmp_path: Path) -> Venv:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    return Venv(tmp_path / "venv")


@pytest.fixture
def with_jupyterlab(venv: Venv) -> Venv:
    """JupyterLab is this environment's, found behind the venv's own packages; kernelkit is not."""
    (packages,) = venv.root.glob("lib/python3.*/site-packages")
    (packages / "jupyterlab.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the wheel and the sdist of this tree."""
    target = tmp_path_factory.mktemp("dist")
    argv = [sys.executable, "-m", "hatchling", "build", "-d", str(target)]
    subprocess.run(argv, cwd=ROOT, check=True)
    return target


@pytest.mark.parametrize("kind", ["wheel", "sdist", "clone"])
def test_an_install_is_complete(
    kind: str, built: Path, with_jupyterlab: Venv, tmp_path: Path
) -> None:
    source = ROOT
    if kind == "wheel":
        (source,) = built.glob("*.whl")
    if kind == "sdist":
        with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
            sdist.extractall(tmp_path / "source")
        (source,) = (tmp_path / "source").iterdir()
    # No isolation: what builds it is here, and no test needs an index.
    how = ("--no-deps", "--ignore-installed", "--no-build-isolation", "--no-index")
    with_jupyterlab.run("-m", "pip", "install", "--quiet", *how, str(source))
    with_jupyterlab.check()


@pytest.mark.slow
def test_the_oldest_jupyterlab(built: Path, venv: Venv) -> None:
    (wheel,) = built.glob("*.whl")
    venv.run("-m", "pip", "install", "--quiet", "jupyterlab==4.4.*", str(wheel))
    assert venv.run("-m", "jupyterlab", "--version").startswith("4.4.")
    venv.check()
