"""The documentation's pictures of the sidebar: docs/make-pictures runs this; the suite does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

IMAGES = Path(__file__).parents[2] / "docs" / "images"
# Where a site would keep its recipes; docs/make-pictures puts the catalog there meanwhile.
CATALOG = Path("/opt/site/kernels")


@pytest.fixture
def site_settings() -> dict[str, Any]:
    return {"catalog_dirs": [str(CATALOG)] if CATALOG.is_dir() else []}


@pytest.mark.timeout(0)
def test_pictures(accounting: Any, lab: Any, browser: Any) -> None:
    settings = {"KERNELKIT_PICTURES": str(IMAGES), "KERNELKIT_UI_MODULES": str(lab.modules)}
    browser.run("pictures", lab.url, **settings)
