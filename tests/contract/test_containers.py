"""Real images and the real Apptainer: what is found, pulled and refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from oci_registry import Registry, serve
from real import Parts

from kernelkit.environment.containers import Runtime, find_runtime, inspect_image, pull_image
from kernelkit.errors import ContainerError, NotPermitted
from kernelkit.files import digest_file
from kernelkit.proc import run
from kernelkit.site import Setting, Site


@pytest.fixture
def runtime(need: Callable[..., None], parts: Parts, home: Path) -> Runtime:
    need("apptainer")
    path = f"{parts.apptainer_bin}:{os.environ['PATH']}"
    return find_runtime(make_site(home), path=path)


@pytest.fixture
def site(home: Path) -> Site:
    return make_site(home)


def make_site(home: Path, **values: object) -> Site:
    settings = {
        "container_runtime": "",
        "container_module": "",
        "image_root": str(home / "images"),
        "allowed_images": [],
        **values,
    }
    return Site({name: Setting(name, value, "detected", "") for name, value in settings.items()})


def environment(home: Path) -> dict[str, str]:
    # The variable of `apptainer pull --no-https`: the registry is on loopback.
    return {**os.environ, "APPTAINER_NOHTTPS": "1", "APPTAINER_TMPDIR": str(home)}


def test_the_runtime_says_what_it_is(runtime: Runtime, parts: Parts) -> None:
    assert runtime.command == str(parts.apptainer_bin / "apptainer")
    assert runtime.kind == "apptainer"
    assert runtime.version == parts.version("apptainer")


def test_apptainer_under_singularitys_name(runtime: Runtime, parts: Parts, site: Site) -> None:
    found = find_runtime(site, path=f"{parts.singularity_bin}:{os.environ['PATH']}")
    assert (Path(found.command).name, found.kind) == ("singularity", "apptainer")


@pytest.mark.parametrize("name", ["demo.sif", "demo"])
def test_a_real_image(need: Callable[..., None], parts: Parts, runtime: Runtime, name: str) -> None:
    need("image-demo")
    plan = inspect_image(parts.image(name), runtime=runtime)
    assert plan.folder == parts.image(name).is_dir()
    assert plan.image.path == str(parts.image(name))
    assert run([plan.runtime, "exec", plan.image.path, "true"], timeout=60).returncode == 0


def test_a_copy_that_was_cut_short(
    need: Callable[..., None], parts: Parts, runtime: Runtime, tmp_path: Path
) -> None:
    need("image-demo")
    with parts.image("demo.sif").open("rb") as file:
        (tmp_path / "part.sif").write_bytes(file.read(1 << 20))
    with pytest.raises(ContainerError, match="cut short: 1048576 of"):
        inspect_image(tmp_path / "part.sif", runtime=runtime)


@pytest.mark.parametrize("token", ["", "a-token"])
def test_an_image_is_pulled_once_and_by_its_digest(
    runtime: Runtime, site: Site, home: Path, token: str
) -> None:
    lines: list[str] = []
    with serve(Registry(token=token)) as registry:
        digest = registry.push("1.0", {"/marker": b"from the registry\n"})
        reference = registry.reference("1.0")
        env = environment(home)
        path, kept = pull_image(reference, site, runtime, on_line=lines.append, env=env)
        assert kept == digest
        assert path == home / "images" / f"group_tiny-1.0-{digest[7:19]}.sif"
        done = run([runtime.command, "exec", str(path), "cat", "/marker"], timeout=60)
        assert done.stdout == "from the registry\n"
        assert lines, "no progress was shown"

        before, marked = len(registry.requests), path.stat()
        assert pull_image(reference, site, runtime, on_line=lines.append, env=env)[0] == path
        assert not [r for r in registry.requests[before:] if "blobs" in r]
        assert path.stat().st_mtime_ns == marked.st_mtime_ns

        moved = registry.push("1.0", {"/marker": b"newer\n"})
        newer, kept = pull_image(reference, site, runtime, on_line=lines.append, env=env)
        assert (newer != path, kept) == (True, moved)
        assert path.is_file(), "the kernels made from the older image still need it"
    assert {file.name for file in (home / "images").iterdir()} == {path.name, newer.name}


def test_without_a_digest_the_files_own_is_kept(runtime: Runtime, site: Site, home: Path) -> None:
    with serve(Registry(digests=False)) as registry:
        registry.push("1.0", {"/marker": b"x"})
        reference, env = registry.reference("1.0"), environment(home)
        path, kept = pull_image(reference, site, runtime, on_line=lambda line: None, env=env)
    assert kept == f"file-sha256:{digest_file(path)}"
    assert kept[12:24] in path.name


def test_a_tag_that_does_not_exist_leaves_nothing(runtime: Runtime, site: Site, home: Path) -> None:
    with serve(Registry()) as registry:
        registry.push("1.0", {})
        reference = registry.reference("2.0")
        with pytest.raises(ContainerError) as caught:
            pull_image(reference, site, runtime, on_line=lambda line: None, env=environment(home))
    assert f"`{reference}` cannot be pulled" in caught.value.message
    assert caught.value.hint == "Check its name and tag."
    assert list((home / "images").iterdir()) == []


def test_a_registry_that_is_down(runtime: Runtime, site: Site, home: Path) -> None:
    with serve(Registry()) as registry:
        reference = registry.reference("1.0")
    with pytest.raises(ContainerError) as caught:
        pull_image(reference, site, runtime, on_line=lambda line: None, env=environment(home))
    assert registry.address in caught.value.hint
    assert list((home / "images").iterdir()) == []


def test_an_image_for_another_processor(runtime: Runtime, site: Site, home: Path) -> None:
    other = "arm64" if os.uname().machine == "x86_64" else "amd64"
    with serve(Registry()) as registry:
        registry.push("1.0", {}, machine=other)
        reference, env = registry.reference("1.0"), environment(home)
        with pytest.raises(ContainerError) as caught:
            pull_image(reference, site, runtime, on_line=lambda line: None, env=env)
    assert os.uname().machine in caught.value.hint
    assert list((home / "images").iterdir()) == []


def test_an_image_that_the_site_does_not_allow(runtime: Runtime, home: Path) -> None:
    site = make_site(home, allowed_images=["docker://docker.io/*"])
    with serve(Registry()) as registry:
        with pytest.raises(NotPermitted, match="not allowed here"):
            pull_image(registry.reference("1.0"), site, runtime, on_line=lambda line: None)
        assert registry.requests == []
