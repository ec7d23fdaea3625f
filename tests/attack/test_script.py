"""What somebody plants in names, values, directories or the environment never runs in a kernel."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from canned import LMOD_INIT, draft, image, modules, provenance, python, venv
from module_sites import SYSTEMS, init_and_tree
from real import Parts
from scripts import ATTACKS, ENV, environment_of, launch, run_env, write_script

from kernelkit.errors import RecipeError
from kernelkit.model import Plan, ProjectPlan
from kernelkit.specs.recipe_text import parse_recipe
from kernelkit.specs.resolve import Probes, resolve_plan

as_root = os.getuid() == 0


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """Where everything runs; no attack may leave its marker in it."""
    directory = tmp_path / "here"
    directory.mkdir()
    yield directory
    assert not (directory / "marker").exists()


# --- texts of a recipe ---------------------------------------------------------------------------


def toml(text: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


@pytest.mark.parametrize("attack", ATTACKS)
def test_texts_of_a_recipe_stay_texts(attack: str, here: Path) -> None:
    recipe = parse_recipe(
        f"name = 'attack'\ndisplay_name = {toml('x' + attack)}\ndescription = {toml(attack)}\n"
        f"troubleshoot = {toml(attack)}\n[env]\nVALUE = {toml(attack)}\n",
        source="attack.toml",
    )
    plan = resolve_plan(recipe, provenance(attack), Probes(base_path="/usr/bin:/bin"))
    assert run_env(write_script(plan, here), cwd=here)["VALUE"] == attack


# Both module systems take a lone `~` for a name.
@pytest.mark.parametrize("name", [*(text for text in ATTACKS if text != "~"), "a b", "-x"])
def test_such_a_module_is_refused(name: str) -> None:
    with pytest.raises(RecipeError):
        parse_recipe(f"name = 'attack'\n[modules]\nload = [{toml(name)}]\n", source="attack.toml")


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("attack", [text for text in ATTACKS if "'" not in text])
def test_and_would_not_run_if_it_got_through(
    system: str, attack: str, here: Path, home: Path, parts: Parts, need: Callable[..., None]
) -> None:
    # A single quote does run, in Lmod's own `eval` of what it says of an unknown module.
    need(system)
    init, tree = init_and_tree(parts, system)
    kind = "environment-modules" if system == "environment-modules" else "lmod"
    plan = draft(modules=modules(attack, system=kind, init=(str(init),), use=tuple(tree)))
    done = launch(write_script(plan, here), "--run", "true", cwd=here)
    assert done.returncode == 65
    assert os.fsencode(f"kernelkit: the module `{attack}` did not load") in done.stderr


# --- the environment of whoever starts it ---------------------------------------------------------


@pytest.fixture(params=["plain", "modules", "venv"])
def script(request: pytest.FixtureRequest, here: Path) -> Path:
    """A launch.sh whose module system, if it has one, says that everything loaded."""
    if request.param == "plain":
        return write_script(draft(), here)
    if request.param == "venv":
        (here / "bin").mkdir()
        (here / "bin/python").symlink_to("/bin/true")
        return write_script(draft(environment=venv(str(here))), here)
    (here / "init file").write_text("module() { :; }\nexport LOADEDMODULES=one\n")
    return write_script(draft(modules=modules("one", init=(f"{here}/init file",))), here)


@pytest.mark.parametrize(
    "variables",
    [
        {"BASH_ENV": "evil"},
        {"ENV": "evil"},
        {"SHELLOPTS": "xtrace", "PS4": "$(touch marker)"},
        {"BASHOPTS": "extdebug", "PROMPT_COMMAND": "touch marker"},
        *({f"BASH_FUNC_{name}%%": "() { touch marker; }"} for name in (
            "fail", "module", "exec", "export", "unset", "set", "type", "printf", "[", "true",
        )),
        {"CDPATH": "/", "GLOBIGNORE": "*", "IFS": "/"},
    ],
    ids=lambda variables: ",".join(variables),
)  # fmt: skip
def test_the_callers_shell_does_not_get_in(
    variables: dict[str, str], script: Path, here: Path
) -> None:
    (here / "evil").write_text("touch marker\n")
    done = launch(script, "--run", "/bin/true", env=variables, cwd=here)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_names_of_the_script_cannot_be_given_from_outside(script: Path, here: Path) -> None:
    given = ("_file", "_arguments", "_environment", "_modules", "_inside", "_guard", "_project")
    variables = dict.fromkeys(given, "$(touch marker)")
    done = launch(script, "--run", "/bin/echo", "fine", env=variables, cwd=here)
    assert (done.returncode, done.stdout) == (0, b"fine\n")


def test_what_a_user_calls_project_or_image_is_theirs(script: Path, here: Path) -> None:
    words = ("project", "image", "environment", "modules", "module", "run", "arguments", "name",
             "inside", "packages", "cache", "directory", "connection_file", "guard")  # fmt: skip
    mine = {word: f"my {word}" for word in words}
    found = run_env(script, env=mine, cwd=here)
    assert {word: found[word] for word in words} == mine


def test_the_servers_python_does_not_leak(script: Path, here: Path) -> None:
    leaks = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "CONDA_PREFIX", "CONDA_SHLVL",
             "CONDA_DEFAULT_ENV", "R_HOME", "R_LIBS", "R_LIBS_SITE", "R_LIBS_USER")  # fmt: skip
    found = run_env(script, env=dict.fromkeys(leaks, "/leak"), cwd=here)
    assert [name for name in found if found[name] == "/leak"] == []


def test_a_sourced_file_sees_no_words_and_its_text_stays_off_stdout(here: Path) -> None:
    init = here / "init"
    init.write_text(
        'echo "noise $#"; cat; set -- touch marker; environment=/ modules=x image=y\n'
        "module() { echo noise; cat; }\nexport LOADEDMODULES=one\n"
    )
    plan = draft(modules=modules("one", init=(str(init),), baseline="keep"))
    done = launch(write_script(plan, here), "--run", "/bin/echo", "a b", cwd=here)
    assert (done.returncode, done.stdout) == (0, b"a b\n")
    assert done.stderr == b"noise 0\nnoise\n"


# --- projects ------------------------------------------------------------------------------------


@pytest.fixture
def recipe() -> str:
    """A recipe's file name that no other test plants anywhere."""
    return f"kernelkit-{uuid4().hex}.toml"


def project(directory: Path, recipe: str) -> Path:
    """A project: its recipe, and a venv that is used if the project is."""
    (directory / ".venv/bin").mkdir(parents=True, exist_ok=True)
    (directory / ".venv/bin/python").symlink_to("/bin/true")
    (directory / recipe).write_text("name = 'p'\n")
    return directory


def used(at_install: Path, recipe: str, cwd: Path, **changes: object) -> Path:
    """The project whose venv a kernel that is started in `cwd` uses."""
    plan: Plan = draft(
        project=ProjectPlan(directory=str(at_install), recipe_file=recipe),
        environment=venv(str(at_install / ".venv"), relative=".venv"),
    )
    script = write_script(msgspec.structs.replace(plan, **changes), at_install)
    done = launch(script, "--run", *ENV, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return Path(environment_of(done.stdout)["VIRTUAL_ENV"]).parent


@pytest.fixture
def home_project(tmp_path: Path, recipe: str) -> Path:
    return project(tmp_path / "at install", recipe)


def test_a_copied_project_uses_its_own(home_project: Path, tmp_path: Path, recipe: str) -> None:
    copy = project(tmp_path / "a 'copy' $HOME", recipe)
    deep = copy / "notebooks/2026"
    deep.mkdir(parents=True)
    assert used(home_project, recipe, deep) == copy
    assert used(home_project, recipe, copy) == copy
    assert used(home_project, recipe, tmp_path) == home_project
    copy.chmod(0o775)
    assert used(home_project, recipe, copy) == copy


def test_a_directory_that_all_may_write_is_no_project(
    home_project: Path, tmp_path: Path, recipe: str
) -> None:
    open_to_all = project(tmp_path / "open", recipe)
    open_to_all.chmod(0o777)
    assert used(home_project, recipe, open_to_all) == home_project
    open_to_all.chmod(0o1777)
    assert used(home_project, recipe, open_to_all) == home_project
    # Where the permissions cannot be asked, nothing is a project.
    open_to_all.chmod(0o700)
    assert used(home_project, recipe, open_to_all) == open_to_all
    assert used(home_project, recipe, open_to_all, path="/nonexistent") == home_project


def test_the_shared_tmp_is_no_project(home_project: Path, recipe: str) -> None:
    shared = Path("/tmp")
    planted, inside = shared / recipe, shared / f"{recipe}-d"
    try:
        planted.write_text("name = 'p'\n")
        inside.mkdir()
        assert used(home_project, recipe, inside) == home_project
    finally:
        planted.unlink(missing_ok=True)
        shutil.rmtree(inside, ignore_errors=True)


@pytest.mark.parametrize("kind", ["link to another's file", "directory", "dangling link"])
def test_only_a_file_of_yours_makes_a_project(
    kind: str, home_project: Path, tmp_path: Path, recipe: str
) -> None:
    other = project(tmp_path / "other", recipe)
    (other / recipe).unlink()
    if kind == "directory":
        (other / recipe).mkdir()
    elif kind == "dangling link":
        (other / recipe).symlink_to(tmp_path / "gone")
    else:
        theirs = tmp_path / "theirs"
        theirs.write_text("name = 'p'\n")
        if as_root:
            os.chown(theirs, 65534, 65534)
        (other / recipe).symlink_to(theirs if as_root else "/etc/passwd")
    assert used(home_project, recipe, other) == home_project


@pytest.mark.skipif(not as_root, reason="only root gives a directory to another user")
def test_a_directory_of_somebody_else_is_no_project(
    home_project: Path, tmp_path: Path, recipe: str
) -> None:
    # Even with a recipe that is yours in it: a link to the real one is enough to plant that.
    theirs = project(tmp_path / "theirs", recipe)
    (theirs / recipe).unlink()
    (theirs / recipe).symlink_to(home_project / recipe)
    os.chown(theirs, 65534, 65534)
    assert used(home_project, recipe, theirs) == home_project


def test_a_directory_of_roots_is_no_project(home_project: Path) -> None:
    if as_root:
        pytest.skip("everything here is root's")
    # /etc is root's, and every machine has this file in it.
    (home_project / "os-release").write_text("name = 'p'\n")
    assert used(home_project, "os-release", Path("/etc")) == home_project


def test_a_lying_pwd_leads_nowhere(home_project: Path, tmp_path: Path, recipe: str) -> None:
    other = project(tmp_path / "other", recipe)
    plan = draft(
        project=ProjectPlan(directory=str(home_project), recipe_file=recipe),
        environment=venv(str(home_project / ".venv"), relative=".venv"),
    )
    found = run_env(write_script(plan, tmp_path), env={"PWD": str(other)}, cwd=tmp_path)
    assert found["VIRTUAL_ENV"] == str(home_project / ".venv")


# --- images --------------------------------------------------------------------------------------


@pytest.fixture
def inside(
    parts: Parts, need: Callable[..., None], home: Path, here: Path
) -> Callable[..., dict[str, str]]:
    """The environment of a command in the demo image."""
    need("apptainer", "image-demo")

    def found(values: dict[str, str], env: dict[str, str], **changes: object) -> dict[str, str]:
        runtime = str(parts.apptainer_bin / "apptainer")
        container = image(str(parts.image("demo")), runtime=runtime, folder=True, **changes)
        plan = msgspec.structs.replace(draft(container=container), env=values)
        script = write_script(plan, here)
        path = f"{parts.apptainer_bin}:{os.environ['PATH']}"
        done = launch(
            script,
            "--run",
            "/usr/bin/env",
            "-0",
            env={"HOME": str(home), "PATH": path} | env,
            cwd=here,
        )
        assert done.returncode == 0, done.stderr
        return environment_of(done.stdout)

    return found


@pytest.mark.parametrize("clean_env", [False, True])
def test_values_reach_a_container_as_they_are(
    clean_env: bool, inside: Callable[..., dict[str, str]]
) -> None:
    values = {f"ATTACK_{number}": attack for number, attack in enumerate(ATTACKS)}
    # Apptainer itself takes a lone `~` in what it inherits for the home directory.
    inherited = [attack for attack in ATTACKS if attack != "~" or clean_env]
    outer = {f"JPY_OUTER_{number}": attack for number, attack in enumerate(inherited)}
    found = inside(values, outer, clean_env=clean_env)
    assert {name: found.get(name) for name in values | outer} == values | outer


def test_the_hosts_bash_env_stays_outside(inside: Callable[..., dict[str, str]]) -> None:
    assert "BASH_ENV" not in inside({}, {"BASH_ENV": LMOD_INIT})


@pytest.mark.parametrize("name", ["a b", "it's", '"q"', "$HOME", "new\nline", "-x", "#", "é"])
def test_a_connection_file_anywhere_is_seen_inside(
    name: str, tmp_path: Path, here: Path, home: Path, parts: Parts, need: Callable[..., None]
) -> None:
    need("apptainer", "image-demo")
    runtime = str(parts.apptainer_bin / "apptainer")
    container = image(str(parts.image("demo")), runtime=runtime, folder=True, contain=True)
    plan = draft(container=container)
    plan = msgspec.structs.replace(plan, command=("/bin/cat", "{connection_file}"))
    (tmp_path / name).mkdir()
    (tmp_path / name / "kernel.json").write_text("seen")
    done = launch(
        write_script(plan, here), "-f", str(tmp_path / name / "kernel.json"), cwd=here,
        env={"HOME": str(home)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, b"seen"), done.stderr


def test_one_that_apptainer_cannot_bind_is_named(
    tmp_path: Path, here: Path, home: Path, parts: Parts, need: Callable[..., None]
) -> None:
    need("apptainer", "image-demo")
    runtime = str(parts.apptainer_bin / "apptainer")
    container = image(str(parts.image("demo")), runtime=runtime, folder=True, contain=True)
    facts = python(container=container.image.path, command="python3")
    plan = draft(container=container, python=facts)
    file = tmp_path / "a,b:c" / "kernel.json"
    file.parent.mkdir()
    file.write_text("{}")
    done = launch(write_script(plan, here), "-f", str(file), cwd=here, env={"HOME": str(home)})
    sentence = f"kernelkit: the connection file `{file}` is not visible in the container."
    assert (done.returncode, done.stderr.decode().strip()) == (66, sentence)
