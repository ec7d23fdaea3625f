"""`kernelkit config`: the settings in force, each with where it comes from."""

from __future__ import annotations

import json
from typing import Any

import click

from .output import Cell, note, print_table, verb


def select_settings(name: str | None) -> list[dict[str, Any]]:
    """All settings, or the one called `name`. Raises NotFound with near names."""
    from ..errors import NotFound
    from ..site import load_site

    settings = load_site().settings
    if name is not None and name not in settings:
        from difflib import get_close_matches

        near = get_close_matches(name, settings, 2)
        raise NotFound(
            f"There is no setting `{name}`.",
            hint="Did you mean " + " or ".join(f"`{n}`" for n in near) + "?"
            if near
            else "`kernelkit config` lists them.",
        )
    return [
        {"name": s.name, "value": s.value, "origin": s.origin, "help": s.help}
        for s in settings.values()
        if name in (None, s.name)
    ]


def show_settings(data: dict[str, Any]) -> None:
    """Print the table and how a setting is set."""
    rows = []
    for setting in data["settings"]:
        value = setting["value"]
        text = value if isinstance(value, str) else json.dumps(value, default=list)
        origin = setting["origin"]
        known = origin in ("default", "detected")
        rows.append(
            (setting["name"], text, Cell(origin, "dim" if known else "green"), setting["help"])
        )
    print_table(("Setting", "Value", "Origin", "What it is"), rows)
    note(f"Set them as `c.KernelkitSite.NAME = VALUE` in {data['file']}", "dim")


@verb("config", show=show_settings)
@click.argument("name", required=False)
def command(name: str | None) -> dict[str, Any]:
    """Show every setting with its value and where that comes from.

    The origin is a file, `detected` (found on this machine) or `default`. NAME shows one setting.
    """
    from jupyter_core.paths import jupyter_config_dir

    from ..site import CONFIG_NAME

    file = f"{jupyter_config_dir()}/{CONFIG_NAME}.py"
    return {"settings": select_settings(name), "file": file}
