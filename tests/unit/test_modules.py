"""Reading what module systems print, and searching a catalogue, without either."""

from __future__ import annotations

import pytest

from kernelkit.environment.modules import AvailableModule
from kernelkit.environment.modules.catalogue import arranged, begins, matching, nearest
from kernelkit.environment.modules.dialect import Refusal, valid_names
from kernelkit.environment.modules.lmod import Lmod, parse_spider_json, parse_terse
from kernelkit.environment.modules.session import parse_states
from kernelkit.environment.modules.tcl import (
    EnvironmentModules,
    parse_avail,
    parse_plain,
    parse_whatis,
)

LMOD, TCL = Lmod(), EnvironmentModules()


# --- refusals -------------------------------------------------------------------------------------


def test_lmod_wraps_its_sentences() -> None:
    said = """Lmod has detected the following error: Cannot load module "a-long-name/1.0"
without these module(s) loaded:
   libfoo/1.0 bar/2.0(@1.2:)

While processing the following module(s):
    Module fullname   Module Filename
    ---------------   ---------------
    a-long-name/1.0   /apps/a-long-name/1.0.lua
"""
    assert LMOD.parse_refusal(said) == Refusal(prerequisites=(("libfoo/1.0", "bar/2.0"),))


def test_lmod_one_of_several() -> None:
    said = """Lmod has detected the following error: Cannot load module
"x/1.0". At least one of these module(s) must be loaded:
   libabsent libfoo
"""
    assert LMOD.parse_refusal(said).prerequisites == (("libabsent",), ("libfoo",))


def test_lmod_unknown_and_concealed() -> None:
    said = """Lmod has detected the following error: These module(s) or extension(s) exist
but cannot be loaded as requested: "mpi4py/3.1", "fftw"
   Try: "module spider mpi4py/3.1 fftw" to see how to load the module(s).

Lmod has detected the following error: The following module(s) are unknown:
"absent/1"

Please check the spelling or version number. Also try "module spider ..."
"""
    assert LMOD.parse_refusal(said) == Refusal(("absent/1",), ("mpi4py/3.1", "fftw"))


def test_lmod_spider() -> None:
    said = """
----------------------------------------------------------------------------
  mpi4py: mpi4py/3.1
----------------------------------------------------------------------------
    Description:
      Python bindings of MPI


    You will need to load all module(s) on any one of the lines below before the "x" module is

      gcc/12.2  openmpi/4.1
      gcc/13.1  openmpi/5.0

    Help:
      Load it and import mpi4py
"""
    assert LMOD.parse_spider(said) == (("gcc/12.2", "openmpi/4.1"), ("gcc/13.1", "openmpi/5.0"))
    assert LMOD.parse_spider("    This module can be loaded directly: module load x\n") == ()


def test_environment_modules_hints() -> None:
    said = """Loading style-prereq-any/1.0
  ERROR: Module cannot be loaded due to missing prereq.
    HINT: at least one of the following modules must be loaded first: libabsent
    libfoo
Loading other/1.0
  ERROR: Unable to locate a modulefile for 'absent/1'
"""
    assert TCL.parse_refusal(said) == Refusal(("absent/1",), (), (("libabsent",), ("libfoo",)))
    said = "  HINT: the following modules must be\n    loaded first: a/1 b/2\n"
    assert TCL.parse_refusal(said).prerequisites == (("a/1", "b/2"),)


def test_environment_modules_3() -> None:
    said = "x/1(3):ERROR:151: Module 'x/1' depends on one of the module(s) 'gcc/4 gcc/5'"
    assert TCL.parse_refusal(said).prerequisites == (("gcc/4",), ("gcc/5",))


def test_versions() -> None:
    said = "\nModules based on Lua: Version 9.2  2026-01-01 12:50 -05:00\n    by Robert McLay\n"
    assert LMOD.parse_version(said) == "9.2"
    assert TCL.parse_version("Modules Release 5.2.0 (2022-11-08)") == "5.2.0"
    assert TCL.parse_version("VERSION=3.2.10\nDATE=2012") == "3.2.10"
    assert TCL.parse_version("something else") == ""


def test_collections() -> None:
    said = 'Collection "good" contains: \n   1) gcc/12.2     3) python-mpi\n   2) openmpi/4.1\n'
    assert LMOD.parse_described(said) == ("gcc/12.2", "python-mpi", "openmpi/4.1")
    assert LMOD.parse_described('No collection named "x" found.') == ()
    said = "module use --append /m\nmodule load gcc\nmodule load --tag=auto-loaded python-mpi\n"
    assert TCL.parse_described(said) == ("gcc", "python-mpi")


def test_names_among_other_words() -> None:
    assert valid_names('"a/1", `b` (c) foo(@1.2:) --x $y') == ("a/1", "b", "foo")


# --- catalogues -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "no json", "{", "]"])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_spider_json(text)
    with pytest.raises(ValueError, match=r".*"):
        parse_avail(text)


def test_lua_writes_an_empty_table_either_way() -> None:
    assert parse_spider_json("[]") == parse_spider_json("{}") == []
    text = '{"a": [], "b": {}, "c": {"/c/1": {"fullName": "c/1", "parentAA": {}, "whatis": {}}}}'
    assert parse_spider_json(text) == [AvailableModule("c/1", default=True, path="/c/1")]


def test_a_whatis_line_without_a_keyword() -> None:
    text = '{"c": {"/c/1": {"fullName": "c/1", "whatis": ["Name: c", "does things"]}}}'
    assert parse_spider_json(text)[0].whatis == "does things"


def test_a_hidden_version_is_no_default() -> None:
    text = """{"c": {"/c/1": {"fullName": "c/1", "wV": "1"},
                     "/c/2": {"fullName": "c/2", "wV": "2", "hidden": true}}}"""
    assert {m.name: (m.default, m.hidden) for m in parse_spider_json(text)} == {
        "c/1": (True, False),
        "c/2": (False, True),
    }


def test_json_between_warnings() -> None:
    text = 'WARNING: {odd}\n{ "/m": {\n"a/1": {"name": "a/1", "symbols": ["default"]}}}\nbye\n'
    assert parse_avail(text) == [("/m", AvailableModule("a/1", default=True))]


def test_the_plain_list_of_environment_modules() -> None:
    found = parse_plain("/m:\ngdal/3.6(default)\ngdal/3.8\nx/1.10\nx/1.9 <S>\n")
    assert [(m.name, m.default, m.path) for _, m in found] == [
        ("gdal/3.6", True, "/m/gdal/3.6"),
        ("gdal/3.8", False, "/m/gdal/3.8"),
        ("x/1.10", True, "/m/x/1.10"),
        ("x/1.9", False, "/m/x/1.9"),
    ]


def test_the_plain_list_of_lmod() -> None:
    assert parse_terse("/m/lmod:\ngcc/\ngcc/12.2\ngcc/13(default)\n@odd name\n") == [
        "gcc/12.2",
        "gcc/13",
    ]


def test_whatis() -> None:
    text = "---- /m ----\n   a/1: Description: One: two\n   a/1: more\nb/2: x\n"
    assert parse_whatis(text) == {"a/1": "One: two more", "b/2": "x"}


def modules(*names: str, default: str = "") -> tuple[AvailableModule, ...]:
    return arranged(AvailableModule(name, default=name == default) for name in names)


def test_sorted_by_name_and_number() -> None:
    found = modules("x/1.10", "X/1.9", "a/b/2", "x/1.10-rc1", "x/2", "x/1.10.1")
    names = [m.name for m in found]
    assert names == ["a/b/2", "X/1.9", "x/1.10", "x/1.10-rc1", "x/1.10.1", "x/2"]


def test_one_name_in_several_branches_of_a_hierarchy() -> None:
    one = AvailableModule("fftw/3", parents=(("gcc/12",),))
    two = AvailableModule("fftw/3", parents=(("gcc/13",),))
    assert arranged([one, two])[0].parents == (("gcc/12",), ("gcc/13",))
    assert arranged([one, two, AvailableModule("fftw/3")])[0].parents == ()


def test_what_a_name_means() -> None:
    known = modules("pytorch/2.7.1-a", "pytorch/2.8.0", "pytorch-cpu/1", default="pytorch/2.7.1-a")
    assert [m.name for m in matching(known, "pytorch")] == ["pytorch/2.7.1-a"]
    assert [m.name for m in matching(known, "pytorch/2")] == ["pytorch/2.7.1-a", "pytorch/2.8.0"]
    assert [m.name for m in matching(known, "pytorch/2.8.0")] == ["pytorch/2.8.0"]
    assert matching(known, "pytorch/2.") == matching(known, "pytorch/2")
    assert matching(known, "pyt") == matching(known, "pytorch/2.7.1-a/x") == ()
    assert begins("python/3.11", "python/3.1") is False


def test_nearest_names() -> None:
    known = modules("pytorch/2.7.1", "gdal/3.6", "gdal/3.8")
    assert nearest(known, "gdal/9") == "There is `gdal/3.6`, `gdal/3.8`."
    assert nearest(known, "pytroch").startswith("Did you mean `pytorch")
    assert "kernelkit avail" in nearest((), "x")


def test_an_incomplete_record_is_left_out() -> None:
    whole = b"F 0\0A=1\0B=x=y\0F declare -fx module\ndeclare -f f\0"
    (state,) = parse_states(whole + b"F 1\0A=2\0", "F", ["said"])
    assert state.environment == {"A": "1", "B": "x=y"}
    assert state.functions == {"module", "f"}
    assert state.text == "said"
