"""What a user does in the sidebar, in a real Chromium, from the click to the node that it runs on."""

from __future__ import annotations

from typing import Any


def test_a_kernel_in_a_job(lab: Any, browser: Any) -> None:
    browser.run("jobs", lab.url)
