"""One full-match validator per kind of untrusted string; nothing here touches a disk."""

from __future__ import annotations

import re
import unicodedata

from .errors import InvalidName

# Jupyter's own rule is `[a-z0-9._-]+`, case-insensitive (jupyter_client.kernelspec). Ours is
# narrower: lower case only (two names that differ in case collide on some disks), no leading
# dot or dash (`..` empties the data directory, `-x` reads as an option).
_KERNEL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_KERNELSPEC = re.compile(r"[A-Za-z0-9._-]{1,255}")
_RECIPE_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")
# What Lmod and Environment Modules accept in practice; no shell or glob character.
_MODULE_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.+:=@~-]*(/[A-Za-z0-9_.+:=@~-]+)*")
_COLLECTION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")
_ENV_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_CONDA_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")
_IMAGE_REFERENCE = re.compile(r"(docker|oras|library|shub)://[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,499}")

# `python3` is the name jupyter_client gives its built-in kernel; replacing it would change
# every notebook that says "Python 3".
RESERVED_KERNEL_NAMES = frozenset({"python3", "python2", "ir", "bash"})

# Variables that change what the shell, the loader or Python runs before anything of the kernel.
DANGEROUS_VARIABLES = frozenset(
    {
        "BASH_ENV", "ENV", "BASHOPTS", "SHELLOPTS", "PROMPT_COMMAND", "IFS",
        "LD_PRELOAD", "LD_AUDIT", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", "PATH",
    }
)  # fmt: skip

# What bash sets or computes itself: an export of these fails, or is something else a line later.
BASH_VARIABLES = frozenset(
    {
        "_", "BASHPID", "COMP_WORDBREAKS", "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID",
        "FUNCNAME", "GROUPS", "HISTCMD", "LINENO", "OLDPWD", "OPTARG", "OPTIND", "PIPESTATUS",
        "PPID", "PWD", "RANDOM", "SECONDS", "SHLVL", "SRANDOM", "UID",
    }
)  # fmt: skip
# launch.sh's own names begin so.
_SCRIPT_VARIABLE = re.compile(r"_[a-z][a-z0-9_]*")

_SECRET = re.compile(
    r"(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|KEY)($|_)|PASSWORD",
    re.IGNORECASE,
)

DISPLAY_NAME_LIMIT = 120
SENTENCE_LIMIT = 400
# Nobody needs more of a text whose first 120 characters are shown.
_LONGEST_READ = 4096


def _fullmatch(kind: str, pattern: re.Pattern[str], value: object, rule: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        shown = repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "..."
        raise InvalidName(f"`{printable(shown)}` is not a valid {kind}.", hint=rule)
    return value


def kernel_name(value: str) -> str:
    """Check a kernelspec directory name. Raises InvalidName."""
    rule = "Use 1 to 100 of a-z, 0-9, `.`, `_`, `-`, starting with a letter or digit."
    checked = _fullmatch("kernel name", _KERNEL_NAME, value, rule)
    if checked in RESERVED_KERNEL_NAMES:
        raise InvalidName(
            f"`{checked}` is reserved: other tools install a kernel of that name.",
            hint="Choose another name with `--as NAME`.",
        )
    return checked


def kernel_name_from(identity: str) -> str:
    """The kernel name for a `name/version` identity: `pytorch/2.7.1` -> `pytorch-2.7.1`."""
    lowered = re.sub(r"[^a-z0-9._-]+", "-", identity.lower()).strip("-._")
    return kernel_name(lowered[:100].rstrip("-._"))


def recipe_identity(value: str) -> tuple[str, str]:
    """Split `name` or `name/version`; the version is empty when absent. Raises InvalidName."""
    rule = "An identity is NAME or NAME/VERSION, as with modules."
    name, _, version = value.partition("/")
    _fullmatch("recipe name", _RECIPE_PART, name, rule)
    if version or value.endswith("/"):
        _fullmatch("recipe version", _RECIPE_PART, version, rule)
    return name, version


def recipe_name(value: str) -> str:
    """Check a recipe's name or alias, the part before the slash. Raises InvalidName."""
    rule = "A recipe is named with letters, digits and `_ . + -`; it starts with none of `. + -`."
    return _fullmatch("recipe name", _RECIPE_PART, value, rule)


def recipe_version(value: str) -> str:
    """Check a recipe's version, the part after the slash. Raises InvalidName."""
    rule = "A version is letters, digits and `_ . + -`; it starts with none of `. + -`."
    return _fullmatch("recipe version", _RECIPE_PART, value, rule)


def version_key(version: str) -> list[tuple[int, int, str]]:
    """A sort key that puts 2.10 after 2.9, and 2.8.0-rc1 before 2.8.0; any text is accepted."""
    parts = re.findall(r"[0-9]+|[^\W\d_]+", version, re.ASCII)
    return [_version_part(part) for part in parts] + [(1, 0, "")]


def _version_part(part: str) -> tuple[int, int, str]:
    if part.isdigit():
        return (3, int(part), "")
    early = part.lower() in {"a", "alpha", "b", "beta", "dev", "pre", "preview", "rc"}
    return (0 if early else 2, 0, part)


def version_begins(version: str, beginning: str) -> bool:
    """Whether `beginning` means `version`: 2.7 means 2.7.1 and 2.7-cuda12, but not 2.70."""
    rest = version[len(beginning) :]
    cut_number = beginning[-1:].isdigit() and rest[:1].isdigit()
    return version.startswith(beginning) and not cut_number


def kernelspec_name(value: str) -> str:
    """Check the name of a kernelspec that somebody else may have made. Raises InvalidName."""
    rule = "`jupyter kernelspec list` shows the names: letters, digits and `. _ -`."
    checked = _fullmatch("kernelspec name", _KERNELSPEC, value, rule)
    if not checked.strip("."):
        raise InvalidName(f"`{checked[:80]}` is not a valid kernelspec name.", hint=rule)
    return checked


def module_name(value: str) -> str:
    """Check a module's name, `name`, `name/version` or deeper. Raises InvalidName."""
    rule = "A module is named like `gcc/12.2.0`: letters, digits, `. _ + : = @ ~ -` and slashes."
    checked = _fullmatch("module name", _MODULE_NAME, value, rule)
    if len(checked) > 255 or ".." in checked.split("/"):
        raise InvalidName(f"`{checked[:80]}` is not a valid module name.", hint=rule)
    return checked


def collection_name(value: str) -> str:
    """Check the name of a saved module collection. Raises InvalidName."""
    rule = "A collection is named with letters, digits and `. _ + -`."
    return _fullmatch("module collection", _COLLECTION, value, rule)


def conda_name(value: str) -> str:
    """Check the name (not the path) of a conda environment. Raises InvalidName."""
    rule = "A conda environment is named with letters, digits and `. _ + -`; else give its path."
    return _fullmatch("conda environment name", _CONDA_NAME, value, rule)


def env_variable(value: str) -> str:
    """Check an environment variable's name. Raises InvalidName."""
    rule = "Use letters, digits and `_`, not starting with a digit."
    checked = _fullmatch("environment variable name", _ENV_VARIABLE, value, rule)
    if checked in BASH_VARIABLES or checked.startswith("BASH_") and checked != "BASH_ENV":
        raise InvalidName(f"`{checked}` belongs to bash.", hint="Choose another name.")
    if _SCRIPT_VARIABLE.fullmatch(checked):
        raise InvalidName(
            f"`{checked}` is not usable: kernelkit's own names in launch.sh look like this.",
            hint="Begin it with a letter, or write it in capitals.",
        )
    return checked


def env_value(name: str, value: str) -> str:
    """Check an environment variable's value: anything but NUL, which no process can hold."""
    if "\0" in value:
        raise InvalidName(f"The value of `{name}` holds a NUL byte.", hint="Remove it.")
    return value


def looks_secret(variable: str) -> bool:
    """Whether a variable of this name usually holds a secret (`HF_TOKEN`, `WANDB_API_KEY`)."""
    return bool(_SECRET.search(variable))


def image_reference(value: str) -> str:
    """Check a registry reference such as `docker://python:3.12-slim`. Raises InvalidName."""
    rule = "A registry image is named like `docker://python:3.12-slim`."
    return _fullmatch("image reference", _IMAGE_REFERENCE, value, rule)


def is_image_reference(value: str) -> bool:
    """Whether `value` names an image in a registry rather than a path."""
    return bool(_IMAGE_REFERENCE.fullmatch(value))


def path_text(value: str, what: str = "path") -> str:
    """Check a path that will stand in a file we write: not empty, no NUL, no line break."""
    if not value or any(c in value for c in "\0\n\r") or len(value) > 4096:
        raise InvalidName(
            f"`{printable(value)[:80]}` is not a usable {what}.", hint="Give a plain path."
        )
    return value


def bind(value: str) -> str:
    """Check a bind, `SRC[:DEST[:OPTIONS]]` as Apptainer reads it. Raises InvalidName.

    Apptainer splits on `:` and `,`, so neither can be part of a path here.
    """
    path_text(value, "bind")
    parts = value.split(":")
    good = len(parts) <= 3 and "," not in "".join(parts[:2])
    if not good or not parts[0].startswith(("/", "~", "$")) or not all(parts):
        raise InvalidName(
            f"`{value[:80]}` is not a valid bind.",
            hint="Write SOURCE, SOURCE:TARGET or SOURCE:TARGET:ro, absolute and without `,`.",
        )
    return value


def printable(value: str) -> str:
    """`value` without control, bidirectional-override and other format characters.

    Line breaks and tabs become spaces. For text that ends in a terminal, a comment or a label.
    """
    spaced = re.sub(r"[\t\r\n\v\f\x85\u2028\u2029]+", " ", value)
    return "".join(
        c for c in spaced if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )


def label(value: str) -> str:
    """A display name as it is shown, whoever wrote it: cleaned and at most 120 characters."""
    return _cut(" ".join(printable(value[:_LONGEST_READ]).split()), DISPLAY_NAME_LIMIT)


def sentence(value: str) -> str:
    """A sentence that names what anybody wrote, as it is shown: cleaned, at most 400 characters."""
    return _cut(printable(value[:_LONGEST_READ]), SENTENCE_LIMIT)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def display_name(value: str) -> str:
    """A kernel's display name as `label` has it. Raises InvalidName if empty."""
    cleaned = label(value)
    if not cleaned:
        raise InvalidName("The display name is empty.", hint="Give `display_name` some letters.")
    return cleaned
