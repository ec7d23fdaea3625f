"""The documentation's pictures of the sidebar: docs/make-pictures runs this; the suite does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def test_pictures(lab: Any, browser: Any) -> None:
    browser.run("pictures", lab.url, KERNELKIT_PICTURES=str(IMAGES))
