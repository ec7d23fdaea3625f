"""Collects what the sidebar says, and compiles its translations: `make translations`.

Writes kernelkit/locale: the template, each language's .po brought up to date with it, and the .json
that JupyterLab reads through the entry point `jupyterlab.locale`. A language begins as a folder
`locale/<language>/LC_MESSAGES` with an empty kernelkit.po; it is named as JupyterLab's language packs are
(`de_DE`). The last lines name what has no translation yet.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from kernelkit import __version__
from kernelkit.model import InstallOptions, schema
from kernelkit.server.labels import LABELS

SOURCES = Path(__file__).parent
LOCALE = SOURCES.parent / "kernelkit/locale"
DOMAIN = "kernelkit"
TEMPLATE = LOCALE / f"{DOMAIN}.pot"

# The methods of JupyterLab's TranslationBundle, and which argument is what.
KEYWORDS: dict[str, Any] = {
    "__": None,
    "_n": (1, 2),
    "_p": ((1, "c"), 2),
    "_np": ((1, "c"), 2, 3),
}


def template() -> Catalog:
    """Everything that is shown and can be translated."""
    catalog = Catalog(domain=DOMAIN, project=DOMAIN, fuzzy=False)
    for path in sources():
        _add_calls(catalog, path)
    _add_form(catalog)
    _add_settings(catalog)
    for message in catalog:
        _plain(message)
    return catalog


def sources() -> list[Path]:
    """The TypeScript that may ask for a translation."""
    paths = (SOURCES / "src").rglob("*.ts*")
    return sorted(path for path in paths if "__tests__" not in path.parts)


def languages() -> list[Path]:
    """The .po of each language."""
    return sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def calls(path: Path) -> Iterator[tuple[Any, str | None]]:
    """The texts that a source asks translations of, with their contexts."""
    options = {"parse_template_string": True}
    with path.open("rb") as file:
        for _, id, _, context in extract("javascript", file, keywords=KEYWORDS, options=options):
            yield id, context


def read(path: Path) -> Catalog:
    """A language's catalog as it stands."""
    with path.open("rb") as file:
        catalog = read_po(file, locale=path.parts[-3], domain=DOMAIN)
    catalog.project, catalog.version = DOMAIN, __version__
    return catalog


def untranslated(catalog: Catalog) -> list[Message]:
    """What a catalog has no words for yet."""
    return [message for message in catalog if message.id and not all(_forms(message.string))]


def compiled(catalog: Catalog) -> dict[str, Any]:
    """The catalog as JupyterLab's Gettext takes it."""
    head = {
        "domain": DOMAIN,
        # A tag as the browser has it: the folder's `de_DE` finds nothing there.
        "language": str(catalog.locale).replace("_", "-"),
        "plural_forms": catalog.plural_forms,
    }
    return {"": head} | {
        key(message): _forms(message.string)
        for message in sorted(catalog, key=key)
        if message.id and all(_forms(message.string))
    }


def key(message: Message) -> str:
    """What a message is found by: context and singular, as in gettext's own files."""
    singular = _forms(message.id)[0]
    return f"{message.context}\x04{singular}" if message.context else singular


def _add_calls(catalog: Catalog, path: Path) -> None:
    where = [(str(path.relative_to(SOURCES.parent)), 0)]
    for id, context in calls(path):
        catalog.add(id, locations=where, context=context)


def _add_form(catalog: Catalog) -> None:
    """The words of the form: the server's labels, and the descriptions in its schemas."""
    for label in LABELS.values():
        catalog.add(label, locations=[("kernelkit/server/labels.py", 0)])
    for whole in (schema(), msgspec.json.schema(InstallOptions)):
        for description in _descriptions(whole):
            catalog.add(description, locations=[("kernelkit/model.py", 0)])


def _descriptions(value: Any) -> Iterator[str]:
    """Of the keys; those of whole tables are shown nowhere."""
    if isinstance(value, list):
        for each in value:
            yield from _descriptions(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name == "properties":
                yield from (one["description"] for one in each.values() if "description" in one)
            yield from _descriptions(each)


def _add_settings(catalog: Catalog) -> None:
    """The texts of the settings, in the contexts that JupyterLab's server looks them up in."""
    for path in sorted((SOURCES / "schema").glob("*.json")):
        settings = json.loads(path.read_text())
        where = [(str(path.relative_to(SOURCES.parent)), 0)]
        for name in ("title", "description"):
            catalog.add(settings[name], locations=where, context="schema")
            for setting in settings["properties"].values():
                catalog.add(setting[name], locations=where, context="settings")


def _plain(message: Message) -> None:
    # `%1 d` looks like a format of Python's to Babel.
    message.flags.discard("python-format")


def _forms(text: Any) -> list[str]:
    return list(text) if isinstance(text, (list, tuple)) else [text or ""]


def _write(catalog: Catalog, path: Path, **options: Any) -> None:
    with path.open("wb") as file:
        write_po(file, catalog, sort_by_file=True, include_lineno=False, width=100, **options)


def main() -> int:
    whole = template()
    _write(whole, TEMPLATE, omit_header=True)
    missing = 0
    for path in languages():
        catalog = read(path)
        catalog.update(whole, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        for message in catalog:
            _plain(message)
        _write(catalog, path)
        text = json.dumps(compiled(catalog), ensure_ascii=False, indent=0)
        path.with_suffix(".json").write_text(text + "\n")
        for message in untranslated(catalog):
            missing += 1
            print(f"{path.parts[-3]}: {key(message)!r} has no translation", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
