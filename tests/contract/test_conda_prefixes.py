"""A conda installation as it lies on disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from real import Parts
from runners import host_runner

from kernelkit.environment.condas import find_conda, list_condas
from kernelkit.environment.pythons import probe_python


def test_by_name_and_by_prefix(need: Callable[..., None], parts: Parts, home: Path) -> None:
    need("conda")
    path = f"{parts.conda_root}/bin:{os.environ['PATH']}"
    by_name = find_conda("science", base=home, path=path)
    by_prefix = find_conda(str(parts.conda_env), base=home, path=os.environ["PATH"])
    assert by_name == by_prefix
    assert by_name.prefix == str(parts.conda_env)
    assert by_name.variables
    facts = probe_python(host_runner(), [by_name.interpreter])
    assert facts.prefix == by_name.prefix
    assert facts.ipykernel


def test_all_of_them(need: Callable[..., None], parts: Parts, home: Path) -> None:
    need("conda")
    found = list_condas(f"{parts.conda_root}/bin", {"HOME": str(home)})
    mine = {p.name: p.prefix for p in found if p.prefix.startswith(str(parts.root))}
    assert mine == {
        "base": str(parts.conda_root),
        "science": str(parts.conda_env),
        "nokernel": str(parts.conda_env_without_ipykernel),
    }
