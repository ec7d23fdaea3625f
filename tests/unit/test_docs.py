"""Documentation says what the code does: generated pages are current, links and names exist."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "kernels/*.md", "binder/*.md", "tests/parts/*.md")
    for path in ROOT.glob(pattern)
)


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs/reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_current(reference: ModuleType) -> None:
    for path, text in reference.pages():
        assert path.read_text() == text, f"{path.name} is not current: run `make docs`"


def test_every_setting_is_described(reference: ModuleType) -> None:
    from kernelkit.site import KernelkitSite

    page = (ROOT / "docs/site-admin.md").read_text()
    for name, trait in KernelkitSite.class_traits(config=True).items():
        assert f"| `{name}` |" in page
        assert trait.help


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_verbs_and_targets_exist(page: Path) -> None:
    from kernelkit.cli.main import VERBS

    text = page.read_text()
    for block in re.findall(r"^```.*?^```", text, flags=re.DOTALL | re.MULTILINE):
        for verb in re.findall(r"^kernelkit ([a-z]+)", block, flags=re.MULTILINE):
            assert verb in VERBS
    for verb in re.findall(r"`kernelkit ([a-z]+)", text):
        assert verb in VERBS
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert target in targets


def test_settings_that_pages_name_exist() -> None:
    from kernelkit.site import KernelkitSite

    for page in PAGES:
        for name in re.findall(r"KernelkitSite\.([a-z_]+)", page.read_text()):
            assert name in KernelkitSite.class_trait_names(config=True), f"{page.name}: {name}"


def test_exit_codes_of_launch_sh_are_explained() -> None:
    page = (ROOT / "docs/troubleshooting.md").read_text()
    used = set()
    for path in (ROOT / "tests/golden").glob("*.sh"):
        used |= set(re.findall(r"(?:\bfail |refuse\()(6\d)\b", path.read_text()))
    assert len(used) == 4
    for code in used:
        assert f"| {code} |" in page


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs/images").iterdir())
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > 200_000] == []
