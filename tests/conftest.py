"""Fixtures that every kind of test shares: the real parts, a private home, golden files."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Test directories are no packages, so `from real import …` needs this one on the path.
sys.path.insert(0, str(Path(__file__).parent))

from real import MISSING, SYSTEM_PATH, Parts, find_parts, parts_are_required

# The suite says the same twice, on a slow machine too; `--hypothesis-profile explore` looks further.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=5000, deadline=None)
settings.load_profile("same")

# How several runs share the suite; the fixtures of Slurm.
pytest_plugins = ["sharing", "slurm"]

# Directories of tests.
DRIVES_OTHERS = {"attack", "browser", "cluster", "contract", "faults", "integration", "server"}

# What a developer's shell, an activated environment, a loaded module or a job leaves behind.
LEAKS = (
    "APPTAINER",
    "BASH_ENV",
    "BASH_FUNC_",
    "COLUMNS",
    "CONDA",
    "IPYTHON",
    "JPY_",
    "JUPYTER",
    "LMOD",
    "LOADEDMODULES",
    "MAMBA",
    "MODULE",
    "PYTHON",
    "R_LIBS",
    "SINGULARITY",
    "SLURM",
    "VIRTUAL_ENV",
    "XDG_",
    "_LMFILES_",
    "_ModuleTable",
    "__LMOD",
    "__MODULES",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden/ files")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # These drive other people's programs: a cluster's daemons that wake once a second, kernels (of
    # some thousand ipykernels one aborts or stands still at its end), Chromium; three runs at a
    # time on two cores. A second failure counts, and the summary shows what the first one was.
    tests = Path(__file__).parent
    for item in items:
        if item.path.relative_to(tests).parts[0] in DRIVES_OTHERS:
            item.add_marker(pytest.mark.flaky(reruns=1))
        if "session_cluster" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.on_cluster)


@pytest.fixture(scope="session")
def parts() -> Parts:
    return find_parts()


@pytest.fixture(scope="session")
def need(parts: Parts) -> Callable[..., None]:
    """`need("lmod", "apptainer")` skips the test, with the reason, when one is missing."""
    return parts.need


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A private HOME with Jupyter's directories in it, a login's PATH, and nothing inherited."""
    path = tmp_path / "home"
    for name in list(os.environ):
        if name.startswith(LEAKS):
            monkeypatch.delenv(name)
    # Sockets live in the runtime directory, and a socket's path is limited to 107 bytes.
    runtime = Path(tempfile.mkdtemp(prefix="kk-"))
    directories = {
        "JUPYTER_DATA_DIR": path / ".local/share/jupyter",
        "JUPYTER_CONFIG_DIR": path / ".jupyter",
        "JUPYTER_RUNTIME_DIR": runtime,
    }
    for name, directory in directories.items():
        directory.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(name, str(directory))
    path.chmod(0o700)
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setenv("PATH", SYSTEM_PATH)
    yield path
    shutil.rmtree(runtime, ignore_errors=True)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden("name.sh", text)` holds text to tests/golden/name.sh; --update-golden rewrites it."""

    def check(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.is_file(), f"`{path}` is missing; run pytest --update-golden and read the diff"
        assert text == path.read_text(), f"`{path}` differs; --update-golden rewrites it"

    return check


def _skipped_parts(session: pytest.Session) -> list[str]:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []
    return [report.nodeid for report in reports if MISSING in str(report.longrepr)]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    # `need` fails by itself; this catches marks and module-level skips.
    if parts_are_required() and _skipped_parts(session):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    session = terminalreporter._session
    skipped = _skipped_parts(session) if session else []
    if skipped and parts_are_required():
        terminalreporter.section("real parts are required, but tests skipped for want of one")
        for nodeid in skipped:
            terminalreporter.line(nodeid)
    again = terminalreporter.stats.get("rerun", [])
    if again:
        terminalreporter.section("run again, because of")
        for report in again:
            terminalreporter.section(report.nodeid, sep="-")
            terminalreporter.line(report.longreprtext)
