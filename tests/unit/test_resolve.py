"""Recipe and answers to Plan: what each language, layer and name comes to."""

from __future__ import annotations

import msgspec
import pytest
from canned import BASE_PATH, conda, image, interpreter, modules, provenance, python, venv

from kernelkit.errors import InvalidName, NotPermitted, RecipeError
from kernelkit.model import AddedIpykernel, KernelCommand, Plan, Recipe
from kernelkit.specs.resolve import (
    LANGUAGE_COMMANDS,
    LANGUAGE_HINTS,
    LANGUAGE_PROBES,
    Probes,
    WrappedKernelspec,
    is_python,
    python_words,
    resolve_plan,
)

RECIPE = Recipe(name="tool", version="1.0")
WRAPPED = WrappedKernelspec(
    name="old",
    command=("/opt/old/run", "{connection_file}"),
    env={"A": "wrapped", "B": "wrapped"},
    language="octave",
    display_name="Old kernel",
    interrupt_mode="message",
)


def plan(recipe: Recipe = RECIPE, *, name: str | None = None, **answers: object) -> Plan:
    probes = Probes(**{"base_path": BASE_PATH, **answers})  # type: ignore[arg-type]
    return resolve_plan(recipe, provenance(), probes, name=name)


def changed(**changes: object) -> Recipe:
    return msgspec.structs.replace(RECIPE, **changes)


def test_a_draft_runs_commands_only() -> None:
    found = plan()
    assert (found.python, found.command, found.interrupt_mode) == (None, (), "signal")


# --- names ---------------------------------------------------------------------------------------


def test_names_come_from_the_identity() -> None:
    found = plan()
    assert (found.kernel_name, found.display_name) == ("tool-1.0", "tool 1.0")
    assert plan(name="mine").kernel_name == "mine"
    assert plan(changed(display_name="My tool")).display_name == "My tool"


def test_a_display_name_that_is_taken_is_told_apart() -> None:
    taken = frozenset({"tool 1.0"})
    assert plan(taken_display_names=taken).display_name == "tool 1.0 (tool-1.0)"
    assert plan(taken_display_names=taken, name="mine").display_name == "tool 1.0 (mine)"


@pytest.mark.parametrize("name", ["..", "-x", "a/b", "python3", "a\n", "x" * 300])
def test_a_bad_kernel_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        plan(name=name)


# --- commands and languages -----------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGE_COMMANDS)
def test_a_known_language_has_a_command_a_probe_and_a_hint(language: str) -> None:
    recipe = changed(language=language)
    assert plan(recipe).command == LANGUAGE_COMMANDS[language]
    assert plan(recipe).command.count("{connection_file}") == 1
    assert LANGUAGE_PROBES[language] and LANGUAGE_HINTS[language]
    assert not is_python(recipe, None)


def test_python_is_started_by_the_guard() -> None:
    assert plan(python=python()).command == ()
    assert is_python(RECIPE, None) and is_python(changed(language="python"), None)
    own = changed(kernel=KernelCommand(command=("xeus", "{connection_file}")))
    assert not is_python(own, None)
    assert plan(own).command == ("xeus", "{connection_file}")


def test_an_unknown_language_needs_a_command() -> None:
    with pytest.raises(RecipeError, match="`tool/1.0` has the language `octave`") as caught:
        plan(changed(language="octave"))
    assert "command = [" in str(caught.value.hint)


def test_a_command_names_the_connection_file() -> None:
    with pytest.raises(RecipeError, match="never names `{connection_file}`"):
        plan(changed(kernel=KernelCommand(command=("xeus",))))


def test_a_wrapped_kernelspec_gives_what_the_recipe_does_not() -> None:
    recipe = changed(env={"A": "recipe"})
    found = plan(recipe, wrapped=WRAPPED)
    assert found.command == WRAPPED.command
    assert (found.language, found.display_name) == ("octave", "Old kernel")
    assert found.env == {"A": "recipe", "B": "wrapped"}
    assert found.interrupt_mode == "message"
    own = changed(kernel=KernelCommand(interrupt_mode="signal"), language="bash")
    assert plan(own, wrapped=WRAPPED).interrupt_mode == "signal"


# --- what is probed decides ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "mode"),
    [("5.5.6", "signal"), ("6.0.0", "message"), ("7.4.0", "message"), ("10.1", "message"),
     ("", "signal"), ("unknown", "signal")],
)  # fmt: skip
def test_interrupts_go_by_message_where_ipykernel_answers_them(version: str, mode: str) -> None:
    assert plan(python=python(ipykernel=version)).interrupt_mode == mode


@pytest.mark.parametrize(
    ("answers", "sees"),
    [
        ({}, True),
        ({"modules": modules("python/3.11")}, True),
        ({"environment": interpreter("/usr/bin/python3")}, True),
        ({"environment": venv("/v")}, False),
        ({"environment": conda("/c")}, False),
        ({"container": image("/i.sif")}, False),
        ({"modules": modules("tf"), "python": python(container="/tf.sif")}, False),
    ],
)
def test_the_users_own_packages(answers: dict[str, object], sees: bool) -> None:
    assert plan(**answers).user_site is sees
    for wish in (True, False):
        asked = changed(kernel=KernelCommand(user_site=wish))
        assert plan(asked, **answers).user_site is wish


def test_the_rest_is_carried_over() -> None:
    added = AddedIpykernel(dir="/added", distributions={})
    recipe = changed(description="D.", troubleshoot="T.", env_passthrough=("WANDB_MODE",))
    found = plan(recipe, ipykernel=added, cache_root="/scratch", packages_dir="/p")
    assert (found.ipykernel, found.cache_root, found.packages_dir) == (added, "/scratch", "/p")
    assert (found.description, found.troubleshoot) == ("D.", "T.")
    assert (found.path, found.env_passthrough) == (BASE_PATH, ("WANDB_MODE",))


def test_a_variable_that_changes_what_runs_first_needs_the_sites_word() -> None:
    for recipe in (changed(env={"LD_PRELOAD": "x"}), changed(env_passthrough=("LD_PRELOAD",))):
        with pytest.raises(NotPermitted, match="`LD_PRELOAD`"):
            plan(recipe)
        assert plan(recipe, allowed_variables=("LD_PRELOAD",))


# --- the words that start a module's Python -------------------------------------------------


@pytest.mark.parametrize(
    ("functions", "found", "words"),
    [
        ((), {"python3": "/apps/bin/python3", "python": "/apps/bin/python"}, ("python3", "python")),
        ((), {"python3": "/usr/bin/python3", "python": "/apps/bin/python"}, ("python",)),
        (("python",), {"python3": "/usr/bin/python3"}, ("python",)),
        (("python",), {"python3": "/apps/bin/python3"}, ("python", "python3")),
        (("ml",), {"python3": "/usr/bin/python3"}, ()),
        ((), {}, ()),
    ],
)
def test_a_word_of_the_base_system_is_not_the_modules(
    functions: tuple[str, ...], found: dict[str, str], words: tuple[str, ...]
) -> None:
    loaded = modules("x", functions=functions)
    assert python_words(loaded, found, BASE_PATH) == words
    if not functions:
        assert python_words(None, found, BASE_PATH) == words
