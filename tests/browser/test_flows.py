"""What a user does in the sidebar, in a real Chromium, from the click to the node that it runs on."""

from __future__ import annotations

import signal
from typing import Any

import pytest

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


@pytest.mark.parametrize(
    "flow",
    ["jobs", "places", "limit", "catalog", "offers", "editor", "access", "german", "outside"],
)
def test_flow(flow: str, lab: Any, browser: Any) -> None:
    browser.run(flow, lab.url, KERNELKIT_UI_MODULES=str(lab.modules))


def test_accounts(accounting: Any, lab: Any, browser: Any) -> None:
    browser.run("accounts", lab.url)


@pytest.mark.parametrize("jupyterlab", ["4.4"])
def test_the_oldest_jupyterlab(jupyterlab: str, lab: Any, browser: Any) -> None:
    browser.run("oldest", lab.url, KERNELKIT_UI_JUPYTERLAB=f"{jupyterlab}.")


# What the page hears while it waits for a slow Slurm's answer is newer than that.
@pytest.mark.parametrize("squeue_takes", [0.0, 1.5])
@pytest.mark.parametrize("program", ["notebook"])
def test_notebook_7(lab: Any, browser: Any) -> None:
    browser.run("notebook", lab.url)


def test_texts_of_others(lab: Any, browser: Any) -> None:
    module = lab.modules / "hostile-module/1.0.lua"
    module.parent.mkdir()
    module.write_text(f"whatis([==[{HOSTILE}]==])\n")
    browser.run("hostile", lab.url)


def test_a_server_that_was_killed(lab: Any, browser: Any) -> None:
    browser.run("left", lab.url)
    lab.stop(signal.SIGKILL)
    lab.start()
    browser.run("attach", lab.url)
