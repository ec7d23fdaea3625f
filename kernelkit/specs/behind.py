"""What is behind the layers: which language, Python and Jupyter kernel, and whether they fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from ..environment.pythons import probe_python
from ..errors import EnvironmentBroken
from ..files import mark_file
from ..model import AddedIpykernel, LayerRecord, Plan, PythonFacts
from .draft import Draft
from .resolve import LANGUAGE_HINTS, LANGUAGE_PROBES, is_python, python_words
from .work import Work


def probe(work: Work, draft: Draft) -> None:
    """Ask what kernel is behind the layers; an ipykernel is added where Python has none."""
    _guess_language(work)
    plan = work.plan()
    if not is_python(work.recipe, work.probes.wrapped):
        _probe_command(work, draft, plan)
        return
    with work.step("python", "Asking Python what it is"):
        python = probe_python(draft, _words(work), functions=work.functions, timeout=work.timeout)
        work.add(python=_with_image(work, python))
        work.progress.note(
            f"Python {python.version} at {python.executable}"
            + (f" in {python.container}" if python.container else "")
        )
    if not python.ipykernel:
        with work.step("ipykernel", "Adding an ipykernel that fits this Python"):
            _add_ipykernel(work, draft)


def _with_image(work: Work, python: PythonFacts) -> PythonFacts:
    """`python` with a mark of the image that a module's own `python` runs in."""
    image = Path(python.container)
    if work.probes.container or not python.container or not image.exists():
        return python
    return msgspec.structs.replace(python, mark=mark_file(image, hashed=False, role="image"))


def check(work: Work, draft: Draft) -> None:
    """See that what the recipe needs is there and that the packages dir fits."""
    if not work.probes.python:
        return
    if work.recipe.requires:
        with work.step("requires", "Looking for " + ", ".join(work.recipe.requires)):
            _check_requires(work, draft)
    if work.probes.packages_dir:
        _check_packages(work)


def _words(work: Work) -> tuple[str, ...]:
    if work.probes.environment:
        if not work.probes.environment.interpreter:
            raise EnvironmentBroken(
                f"`{work.probes.environment.prefix}` has no Python.",
                hint="Give its `language` (r, julia …), or install Python into it.",
            )
        return (work.probes.environment.interpreter,)
    if work.probes.container:
        return ("python3", "python")
    words = python_words(work.probes.modules, _found_on_path(work), work.site.base_path)
    if not words:
        named = " ".join(work.recipe.modules.load) if work.recipe.modules else ""
        raise EnvironmentBroken(
            f"`{named or work.recipe.identity}` brings no Python, R or Julia.",
            hint="Add what the kernel should run: `--python /usr/bin/python3`, `--venv`, "
            "`--conda`, `--container`, or another module.",
        )
    return words


def _found_on_path(work: Work) -> dict[str, str]:
    words = ("python3", "python", "R", "julia")
    return {w: p for w in words if (p := shutil.which(w, path=work.path))}


def _guess_language(work: Work) -> None:
    recipe, probes = work.recipe, work.probes
    if recipe.language or probes.wrapped or recipe.kernel and recipe.kernel.command:
        return
    if probes.environment and not probes.environment.interpreter:
        has_r = (Path(probes.environment.prefix) / "bin/R").exists()
        _speak(work, "r" if has_r else "python")
        return
    if probes.environment or probes.container or not probes.modules:
        return
    found, base = _found_on_path(work), set(work.site.base_path.split(":"))
    if python_words(probes.modules, found, work.site.base_path):
        return
    for word, language in (("R", "r"), ("julia", "julia")):
        if word in found and found[word].rpartition("/")[0] not in base:
            _speak(work, language)
            return


def _speak(work: Work, language: str) -> None:
    work.recipe = msgspec.structs.replace(work.recipe, language=language)


def _probe_command(work: Work, draft: Draft, plan: Plan) -> None:
    probe = LANGUAGE_PROBES.get(plan.language)
    if not probe or work.probes.wrapped:
        return
    with work.step("kernel", f"Asking {plan.language} for its Jupyter kernel"):
        own = work.recipe.kernel.command if work.recipe.kernel else ()
        # The recipe's own interpreter, where it names one for the same kind of command.
        first = own[0] if own and plan.language in ("bash", "r", "julia") else probe[0]
        done = draft((first, *probe[1:]), timeout=work.timeout)
        if done.returncode:
            raise EnvironmentBroken(
                f"The Jupyter kernel for {plan.language} was not found in these layers.",
                hint=LANGUAGE_HINTS[plan.language],
                detail=done.tail,
            )
        work.progress.note(f"{plan.language} kernel {done.stdout.strip().splitlines()[-1]}")


def _add_ipykernel(work: Work, draft: Draft) -> None:
    from ..environment.ipykernels import add_ipykernel

    python = work.probes.python
    assert python
    if work.options.dry_run:
        work.progress.note("ipykernel is missing: an install adds one, a dry run does not.")
        work.add(ipykernel=AddedIpykernel(dir="(added at install)", distributions={}))
        return
    added = add_ipykernel(draft, python, root=work.data, on_line=work.progress.line)
    version = added.distributions.get("ipykernel", "")
    completed = msgspec.structs.replace(
        python, ipykernel=version, debugger=added.debugger, curve=added.curve
    )
    work.add(ipykernel=added, python=completed)
    work.progress.note(f"ipykernel {version} from {added.dir}")


def _check_requires(work: Work, draft: Draft) -> None:
    python = work.probes.python
    assert python
    names = list(work.recipe.requires)
    code = (
        "import sys, importlib.util as u\n"
        f"print('\\n'.join(n for n in {names!r} if u.find_spec(n) is None))"
    )
    done = draft([python.command, "-"], input=code, timeout=work.timeout)
    missing = done.stdout.split()
    if done.returncode or missing:
        raise EnvironmentBroken(
            f"The recipe needs {', '.join(f'`{n}`' for n in missing or names)}, which this "
            "Python does not have.",
            hint="Check the recipe's `requires`, or use the version it was made for.",
            detail=done.tail,
        )


def _check_packages(work: Work) -> None:
    from ..environment.package_checks import check_packages_dir

    assert work.probes.python
    path = Path(work.probes.packages_dir)
    if not path.is_dir():
        return
    with work.step("packages", f"Checking {path}"):
        findings = check_packages_dir(path, work.probes.python)
        errors = [found.message for found in findings if found.severity == "error"]
        if errors:
            raise EnvironmentBroken(
                f"The packages dir `{path}` does not fit this Python: {errors[0]}",
                hint="Remove what does not fit, or give another `--packages` directory.",
                detail="\n".join(errors[1:]),
            )
        for found in findings:
            work.progress.note(found.message)


def changes(work: Work, draft: Draft) -> tuple[LayerRecord, ...]:
    """What each layer changes in the environment, for `kernelkit show`."""
    traced = draft.trace()
    if not work.resolution:
        return traced
    # One record a module says more than one for them all.
    return tuple(
        record
        for found in traced
        for record in (work.resolution.records if found.layer.startswith("Modules") else (found,))
    )
