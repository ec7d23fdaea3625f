"""The offers of this machine: read beside the requests, and kept until they are old."""

from __future__ import annotations

import dataclasses
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import KernelkitError
from ..proc import check_wanted

if TYPE_CHECKING:
    from ..environment.modules import Backend
    from ..site import Site
    from ..specs.candidates import Candidate
    from .services import Services

# How long an offer is believed, and how long a request waits for the first reading of modules.
_SECONDS = 300.0
_PATIENCE = 1.5
# Seconds between two looks whether a reading is still waited for.
_LOOK = 0.2


@dataclass(frozen=True)
class Stock:
    """All offers as of `taken`; `reading` while the modules are not among them yet.

    `modules` are all modules, those that a recipe of the same identity stands for included.
    `generation` is the shelf's when they began to be read; `outdated` ones are not its last.
    """

    candidates: tuple[Candidate, ...] = ()
    modules: tuple[Candidate, ...] = ()
    problems: tuple[str, ...] = ()
    taken: float = 0.0
    got: float = field(default_factory=time.monotonic)
    generation: int = 0
    reading: bool = False
    outdated: bool = False


class Shelf:
    """The offers of this machine, read at most once at a time.

    Reading thousands of modules for the first time takes minutes on a slow disk: that goes on
    beside the requests, which are answered with what there is. Whatever makes offers old begins a
    generation, so that a reading that had begun before does not pass for the new one.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._stock: Stock | None = None
        self._reader: threading.Thread | None = None
        self._generation = 0
        # The generation that the last reading began with, and whether the next one asks the
        # module system.
        self._begun = 0
        self._anew = False

    def stock(self, *, refresh: bool = False) -> Stock:
        """The offers, minutes old at most or `outdated`: a moment later there are newer ones.

        With `refresh` they are read anew after this call, and waited for; raises Cancelled as
        proc.check_wanted does.
        """
        if refresh:
            self._read_anew()
        with self._lock:
            known = self._stock
            reader = (self._reader or self._begin()) if self._is_old() else None
        if known is None and reader is not None:
            reader.join(_PATIENCE)
        with self._lock:
            found = self._stock
            if found is not None:
                return dataclasses.replace(found, outdated=True) if self._is_old() else found
        return _read_stock(self._services.site, with_modules=False)

    def outdate(self) -> None:
        """Have them read again beside the next request: kernels are among the offers."""
        with self._lock:
            self._generation += 1

    def _read_anew(self) -> None:
        with self._lock:
            self._generation += 1
            self._anew = True
            wanted = self._generation
        # At most twice: what begins from now on is of this generation, or of a later one.
        while reader := self._reader_until(wanted):
            while reader.is_alive():
                reader.join(_LOOK)
                check_wanted()

    def _reader_until(self, wanted: int) -> threading.Thread | None:
        """Who reads now; None once somebody has read what was `wanted`, or newer."""
        with self._lock:
            if self._reader is None and self._begun >= wanted:
                return None
            return self._reader or self._begin()

    def _is_old(self) -> bool:
        known = self._stock
        return (
            known is None
            or known.generation < self._generation
            or time.monotonic() - known.got > _SECONDS
        )

    def _begin(self) -> threading.Thread:
        reader = threading.Thread(
            target=self._read, args=(self._generation, self._anew), daemon=True
        )
        reader.start()
        self._reader, self._begun, self._anew = reader, self._generation, False
        return reader

    def _read(self, generation: int, anew: bool) -> None:
        found: Stock | None = None
        try:
            found = _read_stock(self._services.site, with_modules=True, refresh=anew)
        except KernelkitError as error:
            found = Stock(problems=(f"{error.message} {error.hint}".strip(),), taken=time.time())
        finally:
            with self._lock:
                self._reader = None
                # Where a bug ended it, the log tells, and what was known stays for a while: a page
                # that is told to ask again would begin the same reading every time.
                known = found or self._stock
                if known is not None:
                    now = time.monotonic()
                    self._stock = dataclasses.replace(known, generation=generation, got=now)


def _read_stock(site: Site, *, with_modules: bool, refresh: bool = False) -> Stock:
    from ..specs.candidates import ModulesHere, of_module
    from ..specs.offers import list_candidates
    from ..specs.recipes import Catalog

    taken = time.time()
    problems: list[str] = []
    catalog = Catalog(site)
    backend = _backend(site, problems, refresh=refresh) if with_modules else None
    found = list_candidates(site, catalog, backend)
    problems += catalog.warnings
    if not with_modules:
        # Without the modules, every recipe would seem to miss its own.
        found = tuple(dataclasses.replace(candidate, missing=()) for candidate in found)
    modules = map(of_module, ModulesHere(backend.available()).modules) if backend else ()
    return Stock(found, tuple(modules), tuple(problems), taken, reading=not with_modules)


def _backend(site: Site, problems: list[str], *, refresh: bool) -> Backend | None:
    """The module system with its modules read; None, and a problem, where that fails."""
    from ..environment.modules import module_backend_or_none

    try:
        backend = module_backend_or_none(site)
        if backend is not None:
            backend.available(refresh=refresh)
        return backend
    except KernelkitError as error:
        problems.append(f"The modules cannot be listed: {error.message} {error.hint}".strip())
        return None
