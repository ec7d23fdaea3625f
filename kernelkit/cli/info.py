"""`kernelkit info`: what one name brings, needs and comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from .output import note, print_pairs, print_text, verb, warn
from .params import complete_identities

if TYPE_CHECKING:
    from ..model import Recipe
    from ..specs.candidates import Candidate


def describe(candidate: Candidate) -> dict[str, Any]:
    """Everything that is known of a candidate without loading or starting it."""
    found: dict[str, Any] = {**candidate.to_dict(), "name": candidate.name}
    if candidate.entry is not None:
        import msgspec

        found["recipe"] = msgspec.to_builtins(candidate.entry.recipe)
        found["catalog"] = candidate.entry.provenance.catalog
        found["problem"] = candidate.entry.problem
    if candidate.module is not None:
        found["help"] = candidate.module.description
    if candidate.environment is not None:
        found["environment"] = candidate.environment
    if candidate.spec is not None:
        found["kernelspec"] = candidate.spec
    found["pairs"] = list(_pairs(candidate))
    found["troubleshoot"] = candidate.entry.recipe.troubleshoot if candidate.entry else ""
    return found


def _pairs(candidate: Candidate) -> Iterator[tuple[str, str]]:
    yield "Name", candidate.identity + (" (default)" if candidate.default else "")
    yield "What it is", candidate.description
    if candidate.entry is not None:
        yield from _recipe_pairs(candidate.entry.recipe)
        yield "Recipe", candidate.path
        yield "Catalog", candidate.entry.provenance.catalog
    elif candidate.origin == "module":
        yield "Kind", "module of this machine"
        yield "Modulefile", candidate.path
    else:
        yield "Kind", candidate.origin
        yield "Path", candidate.path
    if candidate.module is not None and candidate.module.parents:
        yield "Needs first", " or ".join(" ".join(p) for p in candidate.module.parents)
    if candidate.kernel is not None:
        kernel = candidate.kernel
        reasons = f": {'; '.join(kernel.reasons)}" if kernel.reasons else ""
        yield "Installed as", f"{kernel.name} ({kernel.state}{reasons})"
    elif not candidate.missing:
        yield "Install with", f"kernelkit install {candidate.identity}"
    if candidate.missing:
        yield "Not here", "no module " + ", ".join(candidate.missing)


def _recipe_pairs(recipe: Recipe) -> Iterator[tuple[str, str]]:
    yield "Kind", "recipe"
    yield "Language", recipe.language or "python"
    yield "Aliases", ", ".join(recipe.aliases)
    if recipe.modules:
        yield "Modules", " ".join(recipe.modules.load)
    if recipe.container:
        yield "Container", recipe.container.image
        yield "GPU", recipe.container.gpu
    if recipe.conda:
        yield "Conda", recipe.conda.environment
    if recipe.venv:
        yield "Venv", recipe.venv.path
    if recipe.python:
        yield "Interpreter", recipe.python.interpreter
    if recipe.packages:
        yield "Packages dir", recipe.packages.dir
    yield "Requires", ", ".join(recipe.requires)
    yield "Variables", ", ".join(f"{k}={v}" for k, v in recipe.env.items())
    if recipe.verified:
        yield "Verified", f"{recipe.verified.on}, against {recipe.verified.against}"
    else:
        yield "Verified", "no"


def show_info(data: dict[str, Any]) -> None:
    """Print it as pairs, a module's own help and the troubleshooting text below."""
    print_pairs([(name, value) for name, value in data["pairs"] if value])
    for text, title in ((data.get("help"), "Help"), (data["troubleshoot"], "Troubleshooting")):
        if text and text != data["description"]:
            print_text()
            print_text(title, "bold")
            for line in text.strip().splitlines():
                print_text(f"  {line}")
    if data.get("problem"):
        warn(data["problem"])
    if data["installed"] and data["state"] != "ready":
        note(f"`kernelkit install {data['identity']} --replace` makes it anew.", "dim")


@verb("info", show=show_info)
@click.argument("name", metavar="NAME[/VERSION]", shell_complete=complete_identities)
def command(name: str) -> dict[str, Any]:
    """Tell what one recipe, module, image, environment or kernel brings and where it comes from."""
    from ..environment.modules import module_backend_or_none
    from ..site import load_site
    from ..specs.candidates import choose
    from ..specs.offers import with_kernels
    from ..specs.recipes import Catalog

    site = load_site()
    chosen = choose(name, site, Catalog(site), module_backend_or_none(site))
    return describe(with_kernels([chosen])[0])
