"""All that the sidebar says can be translated, and German says all of it."""

from __future__ import annotations

import importlib.util
import json
import re
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

import pytest
from front_end import SOURCES

GERMAN = SOURCES.parent / "kernelkit/locale/de_DE/LC_MESSAGES/kernelkit.po"
CALL = re.compile(r"\b(?:__|_n|_p|_np)\(")


@pytest.fixture(scope="module")
def translations() -> ModuleType:
    spec = importlib.util.spec_from_file_location("translations", SOURCES / "translations.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def template(translations: ModuleType) -> Any:
    return translations.template()


@pytest.fixture(scope="module")
def german(translations: ModuleType) -> Any:
    return translations.read(GERMAN)


def texts(catalog: Any, key: Any) -> dict[str, Any]:
    return {key(message): message for message in catalog if message.id}


def test_no_call_is_overlooked(translations: ModuleType) -> None:
    # One call of the form's, which passes on the server's labels, takes no literal.
    calls = sum(len(CALL.findall(path.read_text())) for path in translations.sources())
    found = sum(len(list(translations.calls(path))) for path in translations.sources())
    assert calls - found == 1


def test_german_has_every_text(template: Any, german: Any, translations: ModuleType) -> None:
    wanted, there = (texts(each, translations.key) for each in (template, german))
    assert wanted.keys() == there.keys(), "run `make translations` and fill in what it names"
    assert [message.id for message in translations.untranslated(german)] == []


def test_placeholders_are_kept(german: Any) -> None:
    for message in german:
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        words = [message.string] if isinstance(message.id, str) else list(message.string)
        for one, other in zip(ids, words, strict=True):
            assert sorted(re.findall(r"%\d", one)) == sorted(re.findall(r"%\d", other)), one
            assert re.match(r"\s*", one)[0] == re.match(r"\s*", other)[0], one  # type: ignore[index]


def test_what_is_compiled_is_current(german: Any, translations: ModuleType) -> None:
    compiled = json.loads(GERMAN.with_suffix(".json").read_text())
    assert compiled == translations.compiled(german), "run `make translations`"


def test_jupyterlab_finds_it() -> None:
    from jupyterlab_server.translation_utils import get_language_pack

    assert "kernelkit" in {each.name for each in entry_points(group="jupyterlab.locale")}
    packs, message = get_language_pack("de_DE")
    assert message == ""
    assert packs["kernelkit"]["Queued"] == ["Wartet"]
    assert "jupyterlab" in packs
