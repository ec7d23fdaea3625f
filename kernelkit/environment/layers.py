"""What probes are given: a way to run a command through the layers, and a way to say what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ..model import Change, LayerRecord
from ..proc import Completed

# Bookkeeping of module systems and of bash itself; true of every shell, of interest to nobody.
_NOISE_PREFIXES = ("_ModuleTable", "__LMOD_", "__MODULES_", "LMOD_", "MODULES_", "BASH_FUNC_")
_NOISE = frozenset({"_", "SHLVL", "PWD", "OLDPWD", "_LMFILES_", "LOADEDMODULES", "MODULESHOME"})


class LayerRunner(Protocol):
    """Runs `argv` through every layer of a draft Plan, inside the container if there is one."""

    def __call__(
        self, argv: Sequence[str], *, input: str = "", timeout: float = 120.0
    ) -> Completed: ...


def record_layer(
    layer: str, source: str, before: Mapping[str, str], after: Mapping[str, str]
) -> LayerRecord:
    """What a layer did to the environment, as `kernelkit show` prints it."""
    return LayerRecord(layer=layer, source=source, changes=tuple(_changes(before, after)))


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new or name in _NOISE or name.startswith(_NOISE_PREFIXES):
            continue
        if new is None:
            found.append(Change(variable=name, kind="unset"))
        elif old and new.endswith(f":{old}"):
            found.append(Change(variable=name, kind="prepended", value=new[: -len(old) - 1]))
        elif old and new.startswith(f"{old}:"):
            found.append(Change(variable=name, kind="appended", value=new[len(old) + 1 :]))
        else:
            found.append(Change(variable=name, kind="set", value=new))
    return found
