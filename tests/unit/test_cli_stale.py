"""A stale kernel is told by the exit code of `show`, for scripts that look before they launch."""

from __future__ import annotations

from pathlib import Path

import pytest
from shelf import mark, put

from kernelkit.cli.main import run
from kernelkit.errors import Stale


def test_show_tells_a_stale_kernel_by_its_exit_code(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    modulefile = home / "tool.lua"
    modulefile.write_text("-- as it was")
    put(home / ".local/share/jupyter", "mine", marks=[mark(modulefile, "module", "tool/1.0")])
    assert run(["show", "mine"]) == 0
    modulefile.write_text("-- as it is now")
    assert run(["show", "mine"]) == Stale.exit_code == 3
    assert "tool/1.0" in capsys.readouterr().out
