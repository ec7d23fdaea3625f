"""Whatever a module system prints or sets, reading it neither fails nor invents."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kernelkit.environment.modules import AvailableModule
from kernelkit.environment.modules.catalogue import arranged, matching, natural, nearest
from kernelkit.environment.modules.lmod import Lmod, parse_spider_json, parse_terse
from kernelkit.environment.modules.session import Step, clean_environment, run_steps
from kernelkit.environment.modules.tcl import (
    EnvironmentModules,
    parse_avail,
    parse_plain,
    parse_whatis,
)
from kernelkit.names import module_name

words = st.text(st.sampled_from("abc/1.2-_():;\"'`$ \n\t{}[]<>HINT:ERROR"), max_size=200)
sentences = st.sampled_from(
    [
        "The following module(s) are unknown: ",
        "exist but cannot be loaded as requested: ",
        "without these module(s) loaded:\n",
        "At least one of these module(s) must be loaded:\n",
        "You will need to load all module(s) on any one of the lines below\n\n      ",
        "Unable to locate a modulefile for '",
        "    HINT: the following module must be loaded first: ",
        'Collection "x" contains:\n 1) ',
        "module load ",
        "/m:\n",
    ]
)
texts = st.lists(st.one_of(words, sentences)).map("".join)
names = st.from_regex(r"[a-c]{1,2}(/[12](\.[0-9]{1,2}){0,2}(-[ab])?)?", fullmatch=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["fullName", "parentAA", "whatis", "wV", "help", "name", "symbols", "tags", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(texts)
def test_text_is_read_into_valid_names_or_nothing(text: str) -> None:
    found: list[str] = [*parse_terse(text), *parse_whatis(text)]
    found += [module.name for _, module in parse_plain(text)]
    for dialect in (Lmod(), EnvironmentModules()):
        refusal = dialect.parse_refusal(text)
        found += [*refusal.unknown, *refusal.concealed, *dialect.parse_described(text)]
        found += [name for chain in refusal.prerequisites for name in chain]
        found += [name for chain in dialect.parse_spider(text) for name in chain]
        dialect.parse_version(text)
    for name in found:
        assert module_name(name) == name


@given(values)
def test_any_json_is_a_catalogue_or_a_value_error(value: object) -> None:
    text = json.dumps(value)
    for parse in (parse_spider_json, parse_avail):
        try:
            found = parse(text)
        except ValueError:
            continue
        for entry in found:
            module = entry if isinstance(entry, AvailableModule) else entry[1]
            assert isinstance(module.name, str)
            hash(module)


@given(st.lists(names, max_size=12), names)
def test_a_name_means_what_it_says(known: list[str], asked: str) -> None:
    modules = arranged(AvailableModule(name) for name in known)
    assert [m.name for m in modules] == list(dict.fromkeys(m.name for m in modules))
    found = [m.name for m in matching(modules, asked)]
    if asked in known:
        assert found == [asked]
    assert all(name == asked or name.startswith(asked) for name in found)
    assert nearest(modules, asked)


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_versions_have_one_order(a: str, b: str, c: str) -> None:
    one, two, three = sorted([a, b, c], key=natural)
    assert natural(one) <= natural(two) <= natural(three)


environment_values = st.text(
    st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=60
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.from_regex(r"K[A-Z_]{0,8}", fullmatch=True), environment_values), words)
def test_an_environment_comes_back_as_it_was(given_values: dict[str, str], printed: str) -> None:
    environment = {**clean_environment("/usr/bin:/bin"), **given_values}
    steps = [Step(("printf", "%s", printed)), Step(("false",)), Step(("printf", "end"))]
    first, second, third = run_steps(steps, environment, timeout=60)
    assert {name: first.environment.get(name) for name in given_values} == given_values
    assert (first.returncode, second.returncode, third.text) == (0, 1, "end")
    assert first.text == printed.strip()
    assert second.text == ""


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda b: b"\0" not in b), max_size=5))
def test_words_reach_a_step_unchanged(raw: list[bytes]) -> None:
    arguments = [os.fsdecode(b) for b in raw]
    step = Step(("printf", "%q\\n", *arguments, "end"))
    (state,) = run_steps([step], clean_environment("/usr/bin:/bin"), timeout=60)
    assert state.text.endswith("end")
    assert not Path("/tmp/kernelkit-evil").exists()
