"""One digest for kernel.json that whitespace, key order and kernelkit's own table do not change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def spec_digest(kernel: Mapping[str, Any]) -> str:
    """SHA-256 of a kernel.json's content without `metadata.kernelkit`.

    `kernel` is the decoded file. The installer stores the result as `digests["kernel.json"]`;
    `list`, `remove` and `upgrade` compare with it to see whether somebody edited the file. Uses
    json, not msgspec, because `list` must start without it.
    """
    bare = dict(kernel)
    metadata = bare.get("metadata")
    if isinstance(metadata, Mapping):
        bare["metadata"] = {key: value for key, value in metadata.items() if key != "kernelkit"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    import hashlib  # 2 ms that a listing of unedited kernels does not need

    return hashlib.sha256(text.encode("ascii")).hexdigest()
