"""Names, files and installs that go wrong: the shelf stays as it was and says what happened."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from quotas import files_limited_to
from shelf import kernel_files, put, put_foreign

from kernelkit.errors import (
    AlreadyExists,
    InvalidName,
    KernelkitError,
    NotFound,
    NotPermitted,
    StorageFull,
    Unmanaged,
)
from kernelkit.specs import store
from kernelkit.specs.states import examine, list_kernels

as_user = pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "share/jupyter"


def content(root: Path) -> dict[str, bytes]:
    """Every file below a data directory but the lock, by its path."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


# --- names ----------------------------------------------------------------------------------------

BAD_NAMES = [
    "..",
    ".",
    "-x",
    "a/b",
    "/etc",
    "",
    "a\n",
    "a" * 300,
    "A",
    "ä",
    "a b",
    "a\0",
    ".a",
    "~",
]


@pytest.mark.parametrize("name", [*BAD_NAMES, "python3"])
def test_a_bad_name_is_refused_before_any_disk_access(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    with pytest.raises(InvalidName):
        store.stage(root, name, kernel_files(root, "tool"), b"{}")
    with pytest.raises(InvalidName):
        store.check_free(root, name, replace=True)
    assert not root.exists()


@pytest.mark.parametrize("name", ["..", ".", "a/../..", "", "a\n", "a" * 300, "a\0b", "/", "../x"])
def test_removing_by_a_bad_name_touches_nothing(root: Path, name: str) -> None:
    put(root, "tool")
    before = content(root)
    with pytest.raises((InvalidName, NotFound)):
        store.remove(name, roots=[root], force=True)
    with pytest.raises((InvalidName, NotFound)):
        store.load_record(root, name)
    assert content(root) == before


def test_a_name_that_differs_only_in_case_is_refused(root: Path) -> None:
    put_foreign(root, "Tool")
    with pytest.raises(Unmanaged):
        put(root, "tool")
    with pytest.raises(Unmanaged):
        put(root, "tool", replace=True)


def test_replacing_one_of_ours_that_somebody_renamed_in_case(root: Path) -> None:
    put(root, "tool", display_name="Old").rename(root / "kernels/TOOL")
    with pytest.raises(AlreadyExists, match="differs only in case") as caught:
        put(root, "tool")
    assert "--replace" in caught.value.hint
    put(root, "tool", replace=True)
    assert [p.name for p in (root / "kernels").iterdir()] == ["tool"]
    assert (root / "kernelkit/previous/tool/kernel.json").is_file()


# --- places that cannot be written ----------------------------------------------------------------


@as_user
@pytest.mark.parametrize("parts", [(".", "kernels", "kernelkit"), ("kernels",)])
def test_a_read_only_directory(root: Path, parts: tuple[str, ...]) -> None:
    put(root, "tool", display_name="Old")
    before = content(root)
    for part in parts:
        (root / part).chmod(0o555)
    try:
        with pytest.raises(NotPermitted, match=f"`{root}"):
            put(root, "other")
        with pytest.raises(NotPermitted, match=f"`{root}"):
            put(root, "tool", display_name="New", replace=True)
        with pytest.raises(NotPermitted, match=f"`{root}"):
            store.remove("tool", roots=[root])
    finally:
        for part in parts:
            (root / part).chmod(0o755)
    assert content(root) == before


def test_a_file_where_a_directory_should_be(tmp_path: Path) -> None:
    (tmp_path / "share").write_text("not a directory")
    with pytest.raises(KernelkitError) as caught:
        put(tmp_path / "share/jupyter", "tool")
    assert str(tmp_path) in caught.value.message


@pytest.mark.parametrize("big", ["launch.sh", "record"])
def test_full_while_writing_keeps_the_old_kernel(root: Path, big: str) -> None:
    put(root, "tool", display_name="Old", record=b"old")
    before = content(root)
    files = kernel_files(root, "tool", display_name="New")
    record = b"x" * 20_000 if big == "record" else b"new"
    if big == "launch.sh":
        files["launch.sh"] = (b"#" * 20_000, 0o755)
    with files_limited_to(10_000), pytest.raises(StorageFull, match="quota"):
        staged = store.stage(root, "tool", files, record)
        try:
            store.commit(staged, replace=True)
        finally:
            store.discard(staged)
    assert content(root) == before
    assert list((root / "kernelkit/staging").iterdir()) == []


FULL_DISK = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from shelf import kernel_files, put
from kernelkit.errors import StorageFull
from kernelkit.specs import store
from kernelkit.specs.states import examine
root = Path(sys.argv[1])
put(root, "tool", display_name="Old", record=b"old")
filler = open(root / "filler", "wb", buffering=0)
try:
    while True:
        filler.write(b"x" * 4096)
except OSError:
    pass
try:
    put(root, "tool", display_name="New", replace=True)
except StorageFull as error:
    print(error.message)
else:
    raise SystemExit("no error")
found = examine(root / "kernels/tool")
assert (found.state, found.display_name) == ("ready", "Old"), found
assert store.load_record(root, "tool") == b"old"
assert list((root / "kernelkit/staging").iterdir()) == []
"""


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """On a small tmpfs of its own, in a user namespace."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=256k none "{disk}" && exec "$@"'
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    if not shutil.which("unshare") or subprocess.run([*inside, "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [*inside, sys.executable, "-c", FULL_DISK, str(disk), tests],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "quota" in done.stdout


def test_a_swap_that_fails_leaves_the_old_kernel(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, "tool", display_name="Old", record=b"old")
    before = content(root)

    def fail(new: Path, current: Path) -> bool:
        raise OSError(errno.EIO, "Input/output error", str(current))

    monkeypatch.setattr(store, "exchange_dirs", fail)
    with pytest.raises(KernelkitError, match="Input/output error"):
        put(root, "tool", display_name="New", record=b"new", replace=True)
    assert content(root) == before


def test_interrupted_between_staging_and_commit(root: Path) -> None:
    put(root, "tool", display_name="Old")
    staged = store.stage(root, "tool", kernel_files(root, "tool", display_name="New"), b"{}")
    try:
        with pytest.raises(KeyboardInterrupt):
            raise KeyboardInterrupt
    finally:
        store.discard(staged)
    assert examine(root / "kernels/tool").display_name == "Old"
    assert list((root / "kernelkit/staging").iterdir()) == []


# --- two at once ----------------------------------------------------------------------------------


def _install(root: Path, text: str, replace: bool, times: int, answers: object) -> None:
    done = []
    for _ in range(times):
        try:
            put(root, "tool", display_name=text, record=text.encode(), replace=replace)
            done.append("done")
        except AlreadyExists:
            done.append("exists")
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            done.append(repr(error))
    answers.put(done)  # type: ignore[attr-defined]


def race(root: Path, *, replace: bool, times: int) -> list[str]:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    processes = [
        context.Process(target=_install, args=(root, text, replace, times, answers))
        for text in ("First", "Second")
    ]
    for process in processes:
        process.start()
    found = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    return [word for words in found for word in words]


def test_two_installs_of_one_name_at_once(root: Path) -> None:
    assert sorted(race(root, replace=False, times=1)) == ["done", "exists"]
    found = examine(root / "kernels/tool")
    assert found.state == "ready"
    assert store.load_record(root, "tool").decode() == found.display_name


def test_a_reader_never_sees_half_a_kernel_while_two_replace_it(root: Path) -> None:
    put(root, "tool", display_name="First")
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for kernel in list_kernels([root / "kernels"]):
                try:
                    opened = os.open(kernel.directory, os.O_RDONLY | os.O_DIRECTORY)
                except OSError as error:
                    seen.add(str(error))
                    continue
                names = " ".join(sorted(os.listdir(opened)))  # noqa: PTH208
                # One that another took the place of is removed under whoever still reads it.
                if os.fstat(opened).st_ino == os.stat(kernel.directory).st_ino:  # noqa: PTH116
                    seen.add(names)
                os.close(opened)
            if not (root / "kernels/tool/kernel.json").is_file():
                seen.add("absent")

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        assert set(race(root, replace=True, times=20)) == {"done"}
    finally:
        over.set()
        watcher.join()
    assert seen == {"kernel.json launch.sh"}
    found = examine(root / "kernels/tool")
    assert found.state == "ready"
    assert store.load_record(root, "tool").decode() == found.display_name
    assert list((root / "kernelkit/staging").iterdir()) == []


def test_a_lock_that_is_held_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kernelkit.files import locked

    put(root, "tool")
    monkeypatch.setattr("kernelkit.specs.shelf.LOCK_TIMEOUT", 0.05)
    with (
        locked(root / "kernelkit/lock", timeout=1),
        pytest.raises(KernelkitError, match="lock") as caught,
    ):
        put(root, "other")
    assert "Wait" in caught.value.hint
    assert not (root / "kernels/other").exists()


# --- what stands in the directories ---------------------------------------------------------------


def test_a_link_in_place_of_a_kernel_is_left_alone(root: Path, tmp_path: Path) -> None:
    real = put(tmp_path / "elsewhere", "tool")
    (root / "kernels").mkdir(parents=True)
    (root / "kernels/tool").symlink_to(real)
    with pytest.raises(Unmanaged, match="symlink"):
        store.remove("tool", roots=[root], force=True)
    with pytest.raises(Unmanaged, match="symlink"):
        put(root, "tool", replace=True)
    assert (real / "launch.sh").is_file()


def test_a_link_in_place_of_a_record_is_not_followed_when_writing(
    root: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (root / "kernelkit/records").mkdir(parents=True)
    (root / "kernelkit/records/tool.json").symlink_to(victim)
    put(root, "tool", record=b"new")
    assert victim.read_text() == "mine"
    assert store.load_record(root, "tool") == b"new"


def test_a_fifo_in_place_of_a_record_is_not_waited_for(root: Path) -> None:
    put(root, "tool")
    record = root / "kernelkit/records/tool.json"
    record.unlink()
    os.mkfifo(record)
    with pytest.raises(NotPermitted, match="not a regular file"):
        store.load_record(root, "tool")


@as_user
def test_unreadable_things_are_listed_not_raised(root: Path) -> None:
    directory = put(root, "tool")
    (directory / "kernel.json").chmod(0)
    put(root, "other")
    found = {k.name: k for k in list_kernels([root / "kernels"])}
    assert (found["tool"].state, found["other"].state) == ("broken", "ready")
    assert "cannot be read" in found["tool"].reasons[0]
    (root / "kernels").chmod(0)
    try:
        assert list_kernels([root / "kernels"]) == ()
    finally:
        (root / "kernels").chmod(0o755)


def test_five_hundred_kernels_with_one_spoilt(root: Path) -> None:
    for number in range(499):
        put_foreign(root, f"k{number}")
    put_foreign(root, "spoilt", b"\0" * 100)
    found = list_kernels([root / "kernels"])
    assert len(found) == 500
    assert [k.name for k in found if k.state == "broken"] == ["spoilt"]


def test_a_name_from_the_record_is_not_a_path(root: Path) -> None:
    directory = put(root, "tool")
    secret = root / "secret"
    secret.write_text("secret")
    spec = json.loads((directory / "kernel.json").read_text())
    spec["metadata"]["kernelkit"]["digests"] = {"../../secret": "0", "launch.sh": "0"}
    (directory / "kernel.json").write_text(json.dumps(spec))
    found = examine(directory)
    assert found.state == "stale"
