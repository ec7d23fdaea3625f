"""References in their parts, and what is pulled for them."""

from __future__ import annotations

import pytest

from kernelkit.environment.containers.digests import Reference, parse_reference, registry_digest

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag"),
    [
        ("docker://python", "docker.io", "library/python", "latest"),
        ("docker://python:3.12-slim", "docker.io", "library/python", "3.12-slim"),
        ("docker://rocm/pytorch:6", "docker.io", "rocm/pytorch", "6"),
        ("docker://nvcr.io/nvidia/pytorch:25.01-py3", "nvcr.io", "nvidia/pytorch", "25.01-py3"),
        ("docker://localhost/x", "localhost", "x", "latest"),
        ("docker://127.0.0.1:5000/x:tag", "127.0.0.1:5000", "x", "tag"),
        ("oras://ghcr.io/a/b:1", "ghcr.io", "a/b", "1"),
        ("library://user/collection/image:1", "", "user/collection/image", "1"),
        (f"docker://python@{DIGEST}", "docker.io", "library/python", ""),
    ],
)
def test_parts(text: str, registry: str, repository: str, tag: str) -> None:
    found = parse_reference(text)
    assert (found.registry, found.repository, found.tag) == (registry, repository, tag)


def test_what_is_pulled_is_the_digest_that_was_learnt() -> None:
    pulled = parse_reference("docker://python:3.12").pinned(DIGEST)
    assert pulled == f"docker://docker.io/library/python@{DIGEST}"
    given = f"docker://python@{DIGEST}"
    assert parse_reference(given).pinned(DIGEST) == given
    assert parse_reference("oras://ghcr.io/a/b:1").pinned(DIGEST) == "oras://ghcr.io/a/b:1"


def test_a_digest_that_is_given_needs_no_registry() -> None:
    assert registry_digest(parse_reference(f"docker://none.invalid/x@{DIGEST}"), {}) == DIGEST
    assert registry_digest(Reference("x", "library", "", "a/b", "1"), {}) == ""
