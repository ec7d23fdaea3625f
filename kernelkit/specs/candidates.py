"""What a person may mean by a name: recipes, modules, images, environments and other kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .. import names
from ..errors import Ambiguous, InvalidName, NotFound
from ..model import EnvironmentPlan, Origin, Recipe
from .recipes import Catalog, CatalogEntry
from .states import Installed

if TYPE_CHECKING:
    from ..environment.containers import FoundImage
    from ..environment.modules.backend import ModuleBackend
    from ..environment.modules.catalogue import AvailableModule
    from ..site import Site


@dataclass(frozen=True)
class Candidate:
    """One thing a kernel can be made of; `identity` is what to give to `kernelkit install`.

    `origin` says which of the other fields holds it; a catalog recipe also has `module` when a
    module of the same identity exists. `name` is the identity without a version, or the plain
    name of an image or environment. `default` marks what the name alone means. `kernel` is the
    installed kernel that was made from it. `missing` are modules it needs that are not here.
    """

    identity: str
    name: str
    origin: Origin
    description: str = ""
    default: bool = False
    path: str = ""
    entry: CatalogEntry | None = None
    module: AvailableModule | None = None
    image: FoundImage | None = None
    environment: EnvironmentPlan | None = None
    spec: Installed | None = None
    kernel: Installed | None = None
    missing: tuple[str, ...] = ()

    @cached_property
    def searched(self) -> tuple[str, str, str, str]:
        """What a search looks through, in lower case: name, identity, a recipe's aliases and
        modules, descriptions. Kept, because a catalog of thousands is searched at every key."""
        recipe = self.entry.recipe if self.entry else None
        loads = recipe.modules.load if recipe and recipe.modules else ()
        others = "\n".join((*recipe.aliases, *loads)) if recipe else ""
        long = self.module.description if self.module else ""
        texts = (self.name, self.identity, others, f"{self.description}\n{long}")
        name, identity, other, described = (text.lower() for text in texts)
        return name, identity, other, described

    def to_dict(self) -> dict[str, object]:
        """The candidate as `--json` prints it."""
        found: dict[str, object] = {
            "identity": self.identity,
            "origin": self.origin,
            "description": self.description,
            "default": self.default,
            "installed": self.kernel.name if self.kernel else None,
            "state": self.kernel.state if self.kernel else None,
            "path": self.path,
            "missing": list(self.missing),
        }
        if self.module is not None:
            found["module"] = self.module.name
            found["needs"] = [list(parents) for parents in self.module.parents]
        return found


def choose(text: str, site: Site, catalog: Catalog, backend: ModuleBackend | None) -> Candidate:
    """The one candidate that `text` means.

    Raises InvalidName, Ambiguous with the identities that fit, NotFound with near ones.
    """
    found = find_candidates(text, site, catalog, backend)
    if len(found) == 1:
        return found[0]
    if found:
        raise Ambiguous(
            f"`{text}` fits {len(found)} things.",
            matches=[c.identity for c in found],
            hint="Give more of the name.",
        )
    raise NotFound(
        f"There is no recipe, module, image, environment or kernel named `{text}`.",
        hint=_near(text, site, catalog, backend),
    )


def find_candidates(
    text: str, site: Site, catalog: Catalog, backend: ModuleBackend | None
) -> tuple[Candidate, ...]:
    """Everything that `text` can mean: recipes and modules, or, where none fits, the rest by name.

    A name alone means the catalog's default, else the module system's. A version is exact, or
    the beginning of one or several; an exact one is alone. A recipe and a module of one identity
    are one candidate. A recipe whose modules this machine does not have counts only when nothing
    else fits. Raises InvalidName for what can be none of these.
    """
    entries, fitting = _by_identity(text, catalog, backend)
    here = ModulesHere(backend.available() if backend else ())
    recipes = [of_entry(entry, catalog, here) for entry in entries]
    name = text.partition("/")[0]
    if any(module.package == name for module in fitting):
        # An alias stands for another name; a module that has this very name is what was meant.
        recipes = [recipe for recipe in recipes if recipe.name == name]
    if recipes and "/" not in text:
        default = default_entry(recipes[0].name, catalog, here)
        if default is not None:
            return (of_entry(default, catalog, here),)
        return tuple(map(of_module, fitting)) or tuple(recipes)
    found = {c.identity: c for c in recipes}
    for module in fitting:
        found.setdefault(module.name, of_module(module))
    if text in found:
        return (found[text],)
    usable = tuple(c for c in found.values() if not c.missing)
    if found:
        return usable or tuple(found.values())
    return tuple(c for c in others(site) if c.name == text or c.identity == text)


class ModulesHere:
    """The modules of this machine, indexed: a catalog is compared with thousands of them."""

    def __init__(self, modules: Sequence[AvailableModule]) -> None:
        self.modules = modules
        self._by_name = {module.name: module for module in modules}
        self._packages = {module.package for module in modules}

    def get(self, name: str) -> AvailableModule | None:
        """The module of exactly this full name."""
        return self._by_name.get(name)

    def missing(self, recipe: Recipe) -> tuple[str, ...]:
        """The modules a recipe loads that this machine does not list.

        A recipe with directories of its own (`use`) or a collection is not judged.
        """
        declared = recipe.modules
        if declared is None or declared.use or declared.collection:
            return ()
        return tuple(name for name in declared.load if not self._has(name))

    def _has(self, name: str) -> bool:
        from ..environment.modules.catalogue import begins

        if name in self._by_name or name in self._packages:
            return True
        return any(begins(module.name, name) for module in self.modules)


def default_entry(name: str, catalog: Catalog, here: ModulesHere) -> CatalogEntry | None:
    """The recipe that `name` alone means here: the default of those whose modules exist."""
    named = [e for e in catalog.entries if e.recipe.name == name]
    usable = [e for e in named if not here.missing(e.recipe)]
    return catalog.default(usable) if usable else None


def _by_identity(
    text: str, catalog: Catalog, backend: ModuleBackend | None
) -> tuple[tuple[CatalogEntry, ...], tuple[AvailableModule, ...]]:
    try:
        entries = catalog.find(text)
    except InvalidName:
        # `tools/gcc/12.2` is a module and can be no recipe.
        names.module_name(text)
        entries = ()
    try:
        return entries, backend.find(text) if backend else ()
    except InvalidName:
        return entries, ()


# --- one candidate of each kind -------------------------------------------------------------------


def of_entry(entry: CatalogEntry, catalog: Catalog, here: ModulesHere) -> Candidate:
    """A catalog recipe, with the module of the same identity."""
    recipe = entry.recipe
    return Candidate(
        identity=entry.identity,
        name=recipe.name,
        origin="catalog",
        description=recipe.description or recipe.display_name,
        default=default_entry(recipe.name, catalog, here) == entry,
        path=entry.provenance.file.path if entry.provenance.file else "",
        entry=entry,
        module=here.get(entry.identity),
        missing=here.missing(recipe),
    )


def of_module(module: AvailableModule) -> Candidate:
    """A module of this machine."""
    return Candidate(
        identity=module.name,
        name=module.package,
        origin="module",
        description=module.whatis or module.description,
        default=module.default,
        path=module.path,
        module=module,
    )


def others(site: Site) -> tuple[Candidate, ...]:
    """Images, conda and virtual environments, and kernelspecs that kernelkit did not make."""
    return (*_images(site), *_environments(), *_kernelspecs())


def _images(site: Site) -> tuple[Candidate, ...]:
    from ..environment.containers import list_images

    return tuple(
        Candidate(
            identity=image.path,
            name=image.name,
            origin="image",
            description=_size(image.size) + (", pulled" if image.pulled else ""),
            path=image.path,
            image=image,
        )
        for image in list_images(site)
    )


def _size(count: int) -> str:
    if not count:
        return "folder image"
    return f"image, {count / 1e9:.1f} GB" if count >= 1e9 else f"image, {count / 1e6:.0f} MB"


def _environments() -> tuple[Candidate, ...]:
    import os

    from ..environment.condas import list_condas
    from ..environment.venv_places import list_venvs

    condas = list_condas(os.environ.get("PATH", ""))
    named = [plan.name for plan in condas]
    found = []
    for plan in condas:
        # A name tells which one only while no other conda has an environment of that name.
        identity = plan.name if named.count(plan.name) == 1 else plan.prefix
        found.append(_environment(plan, identity, plan.name, "conda"))
    for plan in list_venvs():
        name = plan.prefix.rpartition("/")[2]
        found.append(_environment(plan, plan.prefix, name, "venv"))
    return tuple(found)


def _environment(plan: EnvironmentPlan, identity: str, name: str, origin: Origin) -> Candidate:
    return Candidate(
        identity=identity,
        name=name,
        origin=origin,
        description=plan.prefix,
        path=plan.prefix,
        environment=plan,
    )


def _kernelspecs() -> tuple[Candidate, ...]:
    from .states import list_kernels

    return tuple(
        Candidate(
            identity=kernel.name,
            name=kernel.name,
            origin="kernelspec",
            description=kernel.display_name,
            path=str(kernel.directory),
            spec=kernel,
        )
        for kernel in list_kernels()
        if kernel.state == "unmanaged"
    )


def _near(text: str, site: Site, catalog: Catalog, backend: ModuleBackend | None) -> str:
    import difflib

    modules = backend.available() if backend else ()
    known = {e.identity for e in catalog.entries} | {m.name for m in modules}
    known |= {e.recipe.name for e in catalog.entries} | {m.package for m in modules}
    known |= {c.identity for c in others(site)}
    near = difflib.get_close_matches(text, sorted(known), 3, 0.6)
    name = text.partition("/")[0]
    near += sorted(k for k in known if k.startswith(f"{name}/") and k not in near)[-4:]
    if not near:
        return "`kernelkit avail` lists what there is; a file is given by its path."
    return "Did you mean " + ", ".join(f"`{k}`" for k in near) + "?"
