"""pictures.py DIRECTORY: an install in a terminal, JupyterLab's launcher and a notebook, as files.

Run by docs/make-pictures with the demo's kernelkit on PATH, rich and selenium.
"""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text
from selenium import webdriver
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

NOTEBOOK = "where-am-i.ipynb"
COLUMNS = 116
# What else a cluster offers; left out where the machine has not got it.
MORE = ("python/3.11", "r/4.2", "bash/0.10", "pytorch-cpu/2.13.0")


# --- the terminal ---------------------------------------------------------------------------------


def terminal_text(command: list[str]) -> str:
    """What `command` leaves on a terminal: spinners and erased lines are gone, colours are not."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    with subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, env=environment
    ) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                shown += os.read(leader, 65536)
            except OSError:  # EIO: the other end is closed
                break
    os.close(leader)
    if process.returncode:
        sys.exit(f"{command} failed:\n{shown.decode()}")
    kept: list[str] = []
    for line in shown.decode().replace("\r", "").split("\n"):
        # rich goes up a line to erase its spinner.
        for _ in range(min(line.count("\x1b[1A"), len(kept))):
            kept.pop()
        kept.append(line.split("\x1b[2K")[-1])
    return re.sub(r"\x1b\[\?25[lh]", "", "\n".join(kept))


def save_terminal(command: list[str], file: Path) -> None:
    text = terminal_text(command)
    home = os.environ["JUPYTER_DATA_DIR"]
    text = text.replace(home, "~/.local/share/jupyter").replace(str(Path.home()), "~")
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(f"\x1b[1m$ {' '.join(command[:3])}\x1b[0m\n{text}"))
    # No font from elsewhere: a page that shows the picture would have to fetch it.
    frame = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    console.save_svg(str(file), title="kernelkit", code_format=frame, unique_id="terminal")


# --- JupyterLab -----------------------------------------------------------------------------------


@contextmanager
def jupyterlab() -> Iterator[str]:
    """JupyterLab of the demo, as its URL with the token."""
    with open("lab.log", "w") as log:
        process = subprocess.Popen(["demo/lab", "--port", "0"], stderr=log, start_new_session=True)
    try:
        while process.poll() is None:
            text = Path("lab.log").read_text()
            found = re.search(r"http://127\.0\.0\.1:\d+/lab\?token=\w+", text)
            if found:
                yield found[0]
                return
            time.sleep(0.1)
        sys.exit("JupyterLab did not start: see lab.log.")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"):
        options.add_argument(argument)
    service = webdriver.ChromeService("/usr/bin/chromedriver")
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()


def wait_for(driver: webdriver.Chrome, what: Callable[[webdriver.Chrome], object]) -> None:
    try:
        WebDriverWait(driver, 60, ignored_exceptions=[WebDriverException]).until(what)
    except TimeoutException:
        driver.save_screenshot("failed.png")
        raise


def show(driver: webdriver.Chrome, url: str) -> None:
    driver.get(url)
    wait_for(driver, lambda d: not d.find_elements(By.ID, "jupyterlab-splash"))


def save_launcher(driver: webdriver.Chrome, url: str, file: Path) -> None:
    show(driver, url.replace("/lab?", "/lab?reset&"))
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, ".jp-LauncherCard img"))
    wait_for(
        driver,
        lambda d: d.execute_script(
            "return [...document.querySelectorAll('.jp-LauncherCard img')]"
            ".every(image => image.complete && image.naturalWidth > 0)"
        ),
    )
    driver.save_screenshot(str(file))


def save_notebook(driver: webdriver.Chrome, url: str, file: Path) -> None:
    show(driver, url.replace("/lab?", f"/lab/tree/{NOTEBOOK}?"))
    # JupyterLab says idle early. Cells that are sent before its connection stands are lost.
    wait_for(driver, lambda d: kernels(url) == [("idle", 1)] and kernel_state(d) == "idle")
    wait_for(driver, lambda d: press(d, "#jp-MainMenu .lm-MenuBar-item:nth-child(4)"))
    wait_for(driver, lambda d: press(d, ".lm-Menu-item[data-command='runmenu:run-all']"))
    wait_for(driver, lambda d: len(prompts(d)) == 3 and kernel_state(d) == "idle")
    wait_for(driver, lambda d: press(d, ".jp-MarkdownCell"))
    driver.save_screenshot(str(file))


def kernels(url: str) -> list[tuple[str, int]]:
    """(state, connections) of each kernel that the server runs."""
    with urlopen(url.replace("/lab?", "/api/kernels?")) as answer:
        return [(kernel["execution_state"], kernel["connections"]) for kernel in json.load(answer)]


def press(driver: webdriver.Chrome, selector: str) -> bool:
    driver.find_element(By.CSS_SELECTOR, selector).click()
    return True


def kernel_state(driver: webdriver.Chrome) -> str:
    found = driver.find_element(By.CSS_SELECTOR, ".jp-Notebook-ExecutionIndicator")
    return found.get_attribute("data-status") or ""


def prompts(driver: webdriver.Chrome) -> list[str]:
    found = driver.find_elements(By.CSS_SELECTOR, ".jp-CodeCell .jp-InputPrompt")
    return [prompt.text for prompt in found if re.search(r"\d", prompt.text)]


def forget_outputs(notebook: Path) -> None:
    """What the picture shows must have been run in it."""
    content = json.loads(notebook.read_text())
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    notebook.write_text(json.dumps(content))


def main(directory: Path) -> None:
    directory.mkdir(exist_ok=True)
    install = ["kernelkit", "install", "pytorch/2.7.1", "--replace"]
    save_terminal(install, directory / "install.svg")
    for source in MORE:
        subprocess.run(["kernelkit", "install", source, "--replace"], capture_output=True)
    forget_outputs(Path(os.environ["JUPYTER_DATA_DIR"]).parent / "notebooks" / NOTEBOOK)
    with jupyterlab() as url, browser() as driver:
        save_launcher(driver, url, directory / "launcher.png")
        save_notebook(driver, url, directory / "notebook.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
